"""The doctor on cluster files: what is shipped is sound, and each mistake has its finding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from search_spaces._errors import UserError
from tests.cluster import filled
from workflows._doctor_file import prepare, read
from workflows._doctor_finding import Finding
from workflows._doctor_instances import ACCELERATORS, PRICES, TORCH_CAPABILITY
from workflows._doctor_ports import option
from workflows._doctor_price import price_lines, shapes
from workflows.doctor import examine

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"


@pytest.fixture(autouse=True)
def root(monkeypatch):
    """Where `ray up` is run, in a shell that is ready for machines of one's own."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RAY_UP_enable_autoscaler_v2", "0")


@pytest.fixture
def aws():
    return filled.config("cluster.yaml", filled.AWS)


@pytest.fixture
def onprem():
    return filled.config("cluster-onprem.yaml", filled.ONPREM)


@pytest.fixture
def look(tmp_path):
    """What the doctor finds in a file that holds this."""

    def found(config):
        path = tmp_path / "cluster.yaml"
        path.write_text(yaml.safe_dump(config))
        return examine(path, CONSTRAINTS)[0]

    return found


def only(found) -> Finding:
    assert len(found) == 1, [one.what for one in found]
    return found[0]


def node_config(config, name="gpu_spot"):
    return config["available_node_types"][name]["node_config"]


def replace(config, key, old, new):
    """In the commands of that key, of which at least one must have had it."""
    before = config[key]
    config[key] = [command.replace(old, new) for command in before]
    assert config[key] != before


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
    for key in ("setup_commands", "head_setup_commands", "file_mounts", "rsync_exclude"):
        ours, theirs = (
            [one for one in config[key] if not (storage in one and "AUTOML_STORAGE" in one)]
            for config in (aws, onprem)
        )
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


def test_another_version_than_the_tested_one_is_an_error(aws, look):
    aws["setup_commands"].append("pip install 'ray[default,tune]==2.50.0' mlflow==3.17.2")
    found = only(look(aws))
    assert found.severity == "error"
    assert "ray==2.50.0, but constraints.txt has 2.60.0" in found.what


def test_an_image_of_another_ray_is_an_error(aws, look):
    aws["docker"] = {"image": "rayproject/ray:2.50.0-py311-gpu", "container_name": "ray"}
    assert "2.50.0-py311-gpu, but constraints.txt has 2.60.0" in only(look(aws)).what


@pytest.mark.parametrize(
    ("command", "count"),
    [
        ("pip install wandb", 1),
        ("python -m pip install -U boto3>=1.4", 1),
        ("pip install wandb==0.19.0", 0),
        ("pip install -c ~/automl/constraints.txt wandb", 0),
        ("pip install ~/wheels/mine.whl && echo done", 0),
    ],
)
def test_what_is_installed_without_a_version_is_a_warning(aws, look, command, count):
    aws["setup_commands"].append(command)
    assert [one.severity for one in look(aws)] == ["warning"] * count


def test_without_commands_rays_nightly_build_is_told(aws, look):
    del aws["setup_commands"]
    assert any("nightly" in one.what for one in look(aws))


@pytest.mark.parametrize(
    ("instance", "said"),
    [("p3.8xlarge", "NVIDIA V100 (capability 7.0)"), ("g4ad.8xlarge", "no NVIDIA GPU"),
     ("inf2.24xlarge", "no NVIDIA GPU")],
)  # fmt: skip
def test_a_gpu_that_torch_has_no_code_for_is_an_error(aws, look, instance, said):
    node_config(aws)["InstanceType"] = instance
    (found,) = [one for one in look(aws) if one.severity == "error"]
    assert said in found.what


@pytest.mark.parametrize(
    "command",
    ["pip install -c c.txt torch --index-url https://example.org/whl/cpu",
     "pip install -c c.txt torch==2.14.1+cpu"],
)  # fmt: skip
def test_torch_without_cuda_on_machines_with_gpus_is_an_error(aws, look, command):
    aws["setup_commands"].append(command)
    found = look(aws)
    assert [one.severity for one in found] == ["error", "error"]
    assert all("torch without CUDA" in one.what for one in found)


def test_the_oldest_gpu_is_the_one_that_the_installed_torch_begins_at():
    known = [int(name.removeprefix("sm_")) for name in torch.cuda.get_arch_list() if "sm_" in name]
    if not known:
        pytest.skip("this torch has no CUDA")
    assert min(known) == TORCH_CAPABILITY * 10


@pytest.mark.parametrize(
    "place", ["~/runs", "/home/ubuntu/runs", "/tmp/runs", "runs", "file:///tmp/runs"]
)
def test_storage_on_a_machines_own_disk_is_an_error(aws, onprem, look, place):
    replace(aws, "setup_commands", "s3://automl-studies", place)
    replace(onprem, "setup_commands", "/nfs/automl", place)
    for config in (aws, onprem):
        assert "each machine's own disk" in only(look(config)).what


def test_a_folder_on_aws_must_be_mounted_by_a_command(aws, look):
    replace(aws, "setup_commands", "s3://automl-studies", "/efs/automl")
    assert "each machine's own disk" in only(look(aws)).what
    aws["setup_commands"].append("sudo mount -t nfs4 fs-1.efs.us-east-1.amazonaws.com:/ /efs")
    assert look(aws) == []


def test_a_command_in_brackets_is_an_error(aws, look):
    aws["head_start_ray_commands"].append("(sleep 1 & sleep 2)")
    assert "begins with a bracket: (sleep 1" in only(look(aws)).what


def test_storage_on_one_machines_disk_is_fine_where_there_is_one_machine(onprem, look):
    replace(onprem, "setup_commands", "/nfs/automl", "/home/automl/runs")
    onprem["provider"]["worker_ips"] = []
    assert look(onprem) == []


def test_storage_that_no_command_names_is_a_warning(aws, look):
    aws["setup_commands"] = [one for one in aws["setup_commands"] if "s3://" not in one]
    found = only(look(aws))
    assert found.severity == "warning"
    assert "AUTOML_STORAGE" in found.what


def test_tracking_where_nothing_listens_is_an_error(aws, look):
    replace(aws, "head_setup_commands", "127.0.0.1:5000", "127.0.0.1:5001")
    assert "127.0.0.1:5001" in only(look(aws)).what


def test_no_tracking_server_is_an_error(aws, look):
    replace(aws, "head_setup_commands", "MLFLOW_TRACKING_URI=http://127.0.0.1:5000", "")
    assert "set no MLFLOW_TRACKING_URI" in only(look(aws)).what


def test_a_server_elsewhere_is_taken_as_it_is(aws, look):
    replace(aws, "head_setup_commands", "http://127.0.0.1:5000", "https://mlflow.example.org")
    assert look(aws) == []


def test_workers_must_not_be_sent_to_their_own_loopback(aws, look):
    aws["worker_setup_commands"] = ["export MLFLOW_TRACKING_URI=http://127.0.0.1:5000"]
    assert "where nothing listens on them" in only(look(aws)).what


def test_a_database_that_goes_with_the_head_is_a_warning(aws, look):
    aws["head_start_ray_commands"] = [
        one for one in aws["head_start_ray_commands"] if "_backup keep" not in one
    ]
    found = only(look(aws))
    assert found.severity == "warning"
    assert "`ray down` terminates" in found.why


def test_a_dashboard_on_all_addresses_is_an_error(aws, look):
    replace(aws, "head_start_ray_commands", "host=127.0.0.1", "host=0.0.0.0")
    assert only(look(aws)).what == "The dashboard listens on 0.0.0.0."


def test_mlflow_on_all_addresses_is_an_error(aws, look):
    replace(aws, "head_start_ray_commands", "--host 127.0.0.1", "--host 0.0.0.0")
    assert only(look(aws)).what == "MLflow listens on 0.0.0.0."


def test_rays_own_security_group_is_an_error(aws, look):
    del node_config(aws)["SecurityGroupIds"]
    found = only(look(aws))
    assert found.severity == "error"
    assert found.what.startswith("gpu_spot: there are no SecurityGroupIds")


def test_the_groups_of_network_interfaces_count(aws, look):
    del node_config(aws)["SecurityGroupIds"]
    card = {"DeviceIndex": 0, "SubnetId": "subnet-1", "Groups": ["sg-0123456789abcdef0"]}
    node_config(aws)["NetworkInterfaces"] = [card]
    assert look(aws) == []


def test_a_port_that_is_open_to_everybody_is_an_error(aws, look):
    rule = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 5000,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}  # fmt: skip
    aws["provider"]["security_group"] = {"GroupName": "mine", "IpPermissions": [rule]}
    assert "opens ports to everybody" in only(look(aws)).what


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("BlockDeviceMappings", "not all disks are said to be encrypted"),
        ("MetadataOptions", "credentials are given without a token"),
        ("IamInstanceProfile", "there is no IamInstanceProfile"),
    ],
)
def test_what_makes_a_machine_safe_is_missed(aws, look, key, said):
    del node_config(aws)[key]
    found = only(look(aws))
    assert found.what.startswith("gpu_spot")
    assert said in found.what
    # Without rights the worker cannot work at all.
    assert found.severity == ("error" if key == "IamInstanceProfile" else "warning")


def test_machines_of_ones_own_need_rays_first_autoscaler(onprem, look, monkeypatch):
    monkeypatch.delenv("RAY_UP_enable_autoscaler_v2")
    assert "RAY_UP_enable_autoscaler_v2" in only(look(onprem)).what


def prepared(config):
    return prepare(config)


def test_the_smallest_cluster_is_the_head_the_largest_all_of_the_dearest(aws):
    smallest, largest = shapes(prepared(aws))
    assert smallest.machines == {"m5.2xlarge": 1}
    assert smallest.dollars == PRICES["m5.2xlarge"]
    assert largest.machines == {"m5.2xlarge": 1, "g5.12xlarge": 4}
    assert largest.dollars == pytest.approx(PRICES["m5.2xlarge"] + 4 * PRICES["g5.12xlarge"])


def test_least_workers_and_the_most_of_a_type_are_counted(aws):
    aws["available_node_types"]["gpu_spot"].update(min_workers=1, max_workers=2)
    node_config(aws, "gpu_on_demand")["InstanceType"] = "g5.48xlarge"
    aws["available_node_types"]["gpu_on_demand"]["max_workers"] = 2
    aws["max_workers"] = 4
    smallest, largest = shapes(prepared(aws))
    assert smallest.machines == {"m5.2xlarge": 1, "g5.12xlarge": 1}
    assert largest.machines == {"m5.2xlarge": 1, "g5.48xlarge": 2, "g5.12xlarge": 2}


def test_a_price_that_is_not_known_is_not_guessed(aws, look):
    node_config(aws)["InstanceType"] = "p5.48xlarge"
    assert "price of p5.48xlarge" in only(look(aws)).what
    assert shapes(prepared(aws))[1].dollars is None


def test_the_price_says_what_it_is_not(aws, onprem):
    said = " ".join(price_lines(prepared(aws)))
    assert "us-east-1" in said
    assert "check before use" in said
    assert price_lines(prepared(onprem)) == []


def test_the_tables_name_types_that_aws_has():
    from workflows._doctor_machines import _run_instances

    known = _run_instances().members["InstanceType"].enum
    assert set(PRICES) <= set(known)
    assert set(ACCELERATORS) <= {name.partition(".")[0] for name in known}


@pytest.mark.parametrize(
    "command", ["x --host 127.0.0.1 --port 5", "x --host=127.0.0.1", "x --host='127.0.0.1'"]
)
def test_options_are_read_in_all_their_forms(command):
    assert option(command, "host") == "127.0.0.1"
    assert option("x --dashboard-host=0.0.0.0", "host") is None


@pytest.mark.parametrize("text", ["a: [", "just words", "[1, 2]", "apiVersion: ray.io/v1"])
def test_what_is_no_cluster_file_is_the_users_mistake(text, tmp_path):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(UserError):
        read(tmp_path / "x.yaml")


def command(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / "workflows" / "doctor.py", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip


def test_the_command_tells_each_finding_and_ends_by_the_errors(tmp_path, aws):
    done = command("cluster.yaml")
    assert done.returncode == 1
    assert "ERROR FILL_IN_BUCKET is not filled in" in done.stdout
    assert done.stdout.count("  why:   ") == done.stdout.count("  to do: ") == 3
    assert "3 errors, 0 warnings." in done.stdout
    del node_config(aws)["MetadataOptions"]
    (tmp_path / "warned.yaml").write_text(yaml.safe_dump(aws))
    done = command(tmp_path / "warned.yaml")
    assert done.returncode == 0
    assert "0 errors, 1 warnings." in done.stdout


def test_a_users_mistake_is_one_line_and_code_2(tmp_path):
    for arguments in ([tmp_path / "none.yaml"], []):
        done = command(*arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
