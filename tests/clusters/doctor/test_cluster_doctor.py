"""The doctor on cluster files: what is shipped is sound, and each mistake has its finding."""

from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from automl_on_ray.clusters.doctor import examine
from automl_on_ray.clusters.doctor.cluster_file import read
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.workflows.doctor import doctor
from tests.clusters.doctor.changing import node_config, only
from tests.clusters.files import filled

ROOT = Path(__file__).parents[3]
CONSTRAINTS = ROOT / "constraints.txt"


@pytest.mark.parametrize(
    ("name", "values"), [("cluster.yaml", filled.AWS), ("cluster-onprem.yaml", filled.ONPREM)]
)
def test_the_shipped_files_lack_only_what_the_user_knows(name, values, tmp_path):
    found, _ = examine(ROOT / name, CONSTRAINTS)
    assert {one.what.split()[0] for one in found} == set(values)
    assert all("is not filled in (line " in one.what for one in found)
    path = tmp_path / "filled.yaml"
    path.write_text(filled.text(name, values))
    assert examine(path, CONSTRAINTS)[0] == []


def test_a_value_to_fill_in_is_told_with_its_line():
    found, _ = examine(ROOT / "cluster.yaml", CONSTRAINTS)
    (bucket,) = [one for one in found if one.what.startswith("FILL_IN_BUCKET")]
    line = int(bucket.what.split("line ")[1].split()[0])
    assert "FILL_IN_BUCKET" in (ROOT / "cluster.yaml").read_text().splitlines()[line - 1]


def test_both_files_set_machines_up_alike(aws, onprem):
    storage = "~/.automl_storage"
    for key in (
        "setup_commands", "head_setup_commands", "file_mounts", "rsync_exclude",
        "head_start_ray_commands", "worker_start_ray_commands",
    ):  # fmt: skip
        ours, theirs = (
            [one.removesuffix(" --num-cpus=0 --num-gpus=0") for one in config[key]
             if not (storage in one and "AUTOML_STORAGE" in one)]
            for config in (aws, onprem)
        )  # fmt: skip
        assert ours == theirs
    assert aws["file_mounts"] == onprem["file_mounts"]


def test_rays_own_schema_is_asked(aws, look):
    aws["max_worker"] = 3
    found = only(look(aws))
    assert found.severity == "error"
    assert "max_worker" in found.what


def test_more_least_workers_than_allowed_is_rays_to_refuse(aws, look):
    aws["available_node_types"]["gpu_spot"]["min_workers"] = 5
    assert "sum of `min_workers`" in only(look(aws)).what


def test_what_ray_says_of_machines_that_are_missing_is_told_once(onprem, look, capfd):
    del onprem["provider"]["head_ip"]
    assert "head_ip" in only(look(onprem)).what
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"InstanceTyp": "g5.12xlarge"}, "there is no 'InstanceTyp'. Did you mean 'InstanceType'?"),
        ({"InstanceType": "g5.12xlarg"}, "Did you mean 'g5.12xlarge'?"),
        ({"InstanceMarketOptions": {"MarketType": "spto"}}, "cannot be 'spto'"),
        ({"MetadataOptions": {"HttpTokens": "require"}}, "MetadataOptions.HttpTokens cannot be"),
        ({"IamInstanceProfile": "automl-worker"}, "IamInstanceProfile must be a structure"),
        ({"EbsOptimized": "yes"}, "EbsOptimized must be a boolean"),
        ({"SecurityGroupIds": "sg-0123456789abcdef0"}, "SecurityGroupIds must be a list"),
    ],
)
def test_a_misspelt_setting_of_a_machine_is_an_error(aws, look, broken, said):
    node_config(aws).update(broken)
    assert any(
        one.severity == "error"
        and one.what.startswith("node_config of gpu_spot")
        and said in one.what
        for one in look(aws)
    )


def test_rays_own_key_of_a_machine_is_no_mistake(aws, look):
    node_config(aws)["SubnetIds"] = ["subnet-0123456789abcdef0"]
    assert look(aws) == []


def test_a_mistake_that_types_share_is_told_once(aws, look):
    for name in aws["available_node_types"]:
        node_config(aws, name)["ImagId"] = "ami-1"
    assert "node_config of head, gpu_on_demand, gpu_spot" in only(look(aws)).what.replace(
        "gpu_on_demand, gpu_spot, head", "head, gpu_on_demand, gpu_spot"
    )


def test_a_mount_that_does_not_exist_is_an_error(aws, look):
    aws["file_mounts"]["~/data"] = "./no-such-folder"
    assert "'./no-such-folder' (for ~/data) does not exist" in only(look(aws)).what


def test_a_mount_of_another_folder_than_the_repository_is_an_error(
    aws, look, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    assert "has no pyproject.toml" in only(look(aws)).what


def test_continuous_mounts_are_a_warning(aws, look):
    aws["file_mounts_sync_continuously"] = True
    assert only(look(aws)).severity == "warning"


def test_a_command_in_brackets_is_an_error(aws, look):
    aws["head_start_ray_commands"].append("(sleep 1 & sleep 2)")
    assert "begins with a bracket: (sleep 1" in only(look(aws)).what


@pytest.mark.parametrize("pattern", ["*.pem", "**/*.pem", "ray_*"])
def test_an_exclusion_that_keeps_rays_key_from_the_head_is_an_error(onprem, look, pattern):
    onprem["rsync_exclude"].append(pattern)
    assert f"{pattern!r} keeps Ray's own ray_bootstrap_" in look(onprem)[0].what


def test_machines_of_ones_own_need_rays_first_autoscaler(onprem, look, monkeypatch):
    monkeypatch.delenv("RAY_UP_enable_autoscaler_v2")
    assert "RAY_UP_enable_autoscaler_v2" in only(look(onprem)).what


@pytest.mark.parametrize("text", ["a: [", "just words", "[1, 2]", "apiVersion: ray.io/v1"])
def test_what_is_no_cluster_file_is_the_users_mistake(text, tmp_path):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(UserError):
        read(tmp_path / "x.yaml")


def command(*arguments):
    app = typer.Typer()
    app.command()(doctor)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_tells_each_finding_and_ends_by_the_errors(tmp_path, aws, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = command("cluster.yaml")
    assert done.exit_code == 1
    assert "ERROR FILL_IN_BUCKET is not filled in" in done.stdout
    assert done.stdout.count("  why:   ") == done.stdout.count("  to do: ") == 3
    assert "3 errors, 0 warnings." in done.stdout
    del node_config(aws)["MetadataOptions"]
    (tmp_path / "warned.yaml").write_text(yaml.safe_dump(aws))
    done = command(tmp_path / "warned.yaml")
    assert done.exit_code == 0
    assert "0 errors, 1 warnings." in done.stdout


def test_a_users_mistake_is_one_line_and_code_2(tmp_path):
    for arguments in ([tmp_path / "none.yaml"], []):
        done = command(*arguments)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
