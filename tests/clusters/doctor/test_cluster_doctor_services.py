"""The doctor on what a cluster file installs, stores, opens and costs."""

import pytest
import torch

from automl_on_ray.clusters.doctor.cluster_file import prepare
from automl_on_ray.clusters.doctor.instances import ACCELERATORS, PRICES, TORCH_CAPABILITY
from automl_on_ray.clusters.doctor.ports import option
from automl_on_ray.clusters.doctor.price import price_lines, shapes
from tests.clusters.doctor.changing import node_config, only, replace


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


def test_a_gpu_that_is_newer_than_the_doctor_is_a_warning(aws, look):
    node_config(aws)["InstanceType"] = "g9.12xlarge"
    found = [one.what for one in look(aws) if one.severity == "warning"]
    assert any("does not know what accelerator g9.12xlarge has" in what for what in found)
    aws["setup_commands"].append("pip install -c c.txt torch==2.14.1+cpu")
    assert any("torch without CUDA" in one.what for one in look(aws) if one.severity == "error")


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
    homes_may_be_mounted = place in ("~/runs", "/home/ubuntu/runs")
    assert only(look(aws)).severity == "error"
    assert only(look(onprem)).severity == ("warning" if homes_may_be_mounted else "error")
    for config in (aws, onprem):
        assert "each machine's own disk" in only(look(config)).what


def test_a_folder_on_aws_must_be_mounted_by_a_command(aws, look):
    replace(aws, "setup_commands", "s3://automl-studies", "/efs/automl")
    assert "each machine's own disk" in only(look(aws)).what
    aws["setup_commands"].append("sudo mount -t nfs4 fs-1.efs.us-east-1.amazonaws.com:/ /efs")
    assert look(aws) == []


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
        one for one in aws["head_start_ray_commands"] if "backup keep" not in one
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


def test_workers_with_the_heads_rights_are_told(aws, look):
    node_config(aws)["IamInstanceProfile"] = {"Name": "automl-head"}
    found = only(look(aws))
    assert found.what == "gpu_spot: its IamInstanceProfile is the head's."
    assert found.severity == "warning"


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
    from automl_on_ray.clusters.doctor.machines import _run_instances

    known = _run_instances().members["InstanceType"].enum
    assert set(PRICES) <= set(known)
    assert set(ACCELERATORS) <= {name.partition(".")[0] for name in known}


@pytest.mark.parametrize(
    "command", ["x --host 127.0.0.1 --port 5", "x --host=127.0.0.1", "x --host='127.0.0.1'"]
)
def test_options_are_read_in_all_their_forms(command):
    assert option(command, "host") == "127.0.0.1"
    assert option("x --dashboard-host=0.0.0.0", "host") is None
