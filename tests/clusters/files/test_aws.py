"""cluster.yaml on AWS as moto simulates it: Ray's real provider starts and ends its machines."""

import json

import pytest
from ray.autoscaler.tags import (
    NODE_KIND_HEAD,
    NODE_KIND_WORKER,
    TAG_RAY_CLUSTER_NAME,
    TAG_RAY_NODE_KIND,
    TAG_RAY_USER_NODE_TYPE,
)
from ray.autoscaler.v2.instance_manager.config import AutoscalingConfig
from ray.autoscaler.v2.scheduler import ResourceDemandScheduler, SchedulingRequest
from ray.autoscaler.v2.utils import ResourceRequestUtil

from tests.clusters.files.account import BUCKET, REGION, SSH_FROM, allowed
from tests.clusters.files.filled import ROOT


def start(aws, node_type, kind):
    tags = {TAG_RAY_NODE_KIND: kind, TAG_RAY_USER_NODE_TYPE: node_type}
    node_config = aws.config["available_node_types"][node_type]["node_config"]
    return only(aws.provider.create_node(node_config, tags, 1))


def only(found):
    (one,) = found
    return one


def described(aws, node):
    answer = aws.session.client("ec2").describe_instances(InstanceIds=[node])
    return only(only(answer["Reservations"])["Instances"])


@pytest.fixture(scope="module")
def nodes(aws):
    return {
        "head": start(aws, "head", NODE_KIND_HEAD),
        "gpu_spot": start(aws, "gpu_spot", NODE_KIND_WORKER),
        "gpu_on_demand": start(aws, "gpu_on_demand", NODE_KIND_WORKER),
    }


EVERY = pytest.mark.parametrize("node_type", ["head", "gpu_spot", "gpu_on_demand"])


def test_ray_finds_four_gpus_on_the_workers_and_none_on_the_head(aws):
    types = aws.config["available_node_types"]
    assert {name: kind["resources"]["GPU"] for name, kind in types.items()} == {
        "head": 0, "gpu_on_demand": 4, "gpu_spot": 4,
    }  # fmt: skip
    assert types["head"]["resources"]["CPU"] == 0


def test_both_gpu_types_are_the_same_machine_but_for_the_market(aws):
    types = aws.config["available_node_types"]
    spot = dict(types["gpu_spot"]["node_config"])
    assert spot.pop("InstanceMarketOptions") == {"MarketType": "spot"}
    assert spot == types["gpu_on_demand"]["node_config"]


def test_only_the_spot_type_is_bought_on_the_spot_market(aws, nodes):
    market = {name: described(aws, node).get("InstanceLifecycle") for name, node in nodes.items()}
    assert market == {"head": None, "gpu_spot": "spot", "gpu_on_demand": None}


@EVERY
def test_every_machine_wants_tokens_for_its_metadata(aws, nodes, node_type):
    assert described(aws, nodes[node_type])["MetadataOptions"]["HttpTokens"] == "required"


@EVERY
def test_every_disk_is_encrypted_and_goes_with_its_machine(aws, nodes, node_type):
    disk = only(described(aws, nodes[node_type])["BlockDeviceMappings"])["Ebs"]
    volume = only(
        aws.session.client("ec2").describe_volumes(VolumeIds=[disk["VolumeId"]])["Volumes"]
    )
    assert disk["DeleteOnTermination"]
    assert volume["Encrypted"]
    assert (volume["VolumeType"], volume["Size"]) == ("gp3", 200)
    assert {"Key": "project", "Value": "automl"} in volume["Tags"]


@EVERY
def test_every_machine_is_in_our_security_group_alone_and_tagged(aws, nodes, node_type):
    instance = described(aws, nodes[node_type])
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == [aws.group]
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags[TAG_RAY_CLUSTER_NAME] == tags["project"] == "automl"
    assert tags[TAG_RAY_USER_NODE_TYPE] == node_type


def test_bootstrap_makes_no_group_of_its_own_and_ours_admits_ssh_from_one_range(aws, nodes):
    groups = aws.session.client("ec2").describe_security_groups()["SecurityGroups"]
    assert not [group for group in groups if group["GroupName"].startswith("ray-autoscaler")]
    rules = next(group for group in groups if group["GroupId"] == aws.group)["IpPermissions"]
    opened = [
        (rule.get("FromPort"), rule.get("ToPort"), cidr["CidrIp"])
        for rule in rules
        for cidr in rule["IpRanges"]
    ]
    within = [pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]]
    assert opened == [(22, 22, SSH_FROM)]
    assert within == [aws.group]


def rights_of(aws, node):
    """The statements of the policy that a machine has by its instance profile."""
    iam = aws.session.client("iam")
    profile = described(aws, node)["IamInstanceProfile"]["Arn"].rpartition("/")[2]
    role = only(iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"])
    assert not iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    name = only(iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"])
    policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
    return (policy if isinstance(policy, dict) else json.loads(policy))["Statement"]


def actions(statement):
    action = statement["Action"]
    return [action] if isinstance(action, str) else action


WORKERS = pytest.mark.parametrize("node_type", ["gpu_spot", "gpu_on_demand"])


@WORKERS
def test_workers_may_use_the_one_bucket_and_nothing_else(aws, nodes, node_type):
    statements = rights_of(aws, nodes[node_type])
    given = [s for s in statements if s["Effect"] == "Allow"]
    actions_given = {action for statement in given for action in actions(statement)}
    assert {one.split(":")[0] for one in actions_given} == {"s3"}
    assert {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"} <= actions_given
    assert {statement["Resource"] for statement in given} == {
        f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*",
    }  # fmt: skip


MLFLOWS = (
    "mlflow/mlflow.db",
    "mlflow/mlflow.db.stamp",
    "mlflow/mlflow.db.part",
    "mlflow/artifacts/1/m",
)


@WORKERS
@pytest.mark.parametrize("folder", ["", "studies/mine/"])
def test_workers_may_neither_delete_nor_replace_what_mlflow_has(aws, nodes, node_type, folder):
    worker, head = rights_of(aws, nodes[node_type]), rights_of(aws, nodes["head"])
    for action in ("s3:PutObject", "s3:DeleteObject"):
        for name in MLFLOWS:
            place = f"arn:aws:s3:::{BUCKET}/{folder}{name}"
            assert not allowed(worker, action, place)
            assert allowed(head, action, place)
        checkpoint = f"arn:aws:s3:::{BUCKET}/{folder}study/0123/search/trial/checkpoint_1/state.pt"
        assert allowed(worker, action, checkpoint)
    for action in ("s3:DeleteObjectVersion", "s3:PutBucketVersioning", "s3:DeleteBucket"):
        for place in (f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/mlflow/mlflow.db"):
            assert not allowed(worker, action, place)
            assert not allowed(head, action, place)


def started(aws, node):
    """What AWS would ask a policy about a machine like that one: resources, with what is told."""
    machine = described(aws, node)
    account = machine["IamInstanceProfile"]["Arn"].split(":")[4]
    arn = f"arn:aws:ec2:{REGION}:{account}:"
    tags = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
    told = {
        "ec2:InstanceType": machine["InstanceType"],
        "ec2:InstanceProfile": machine["IamInstanceProfile"]["Arn"],
        "aws:RequestTag/ray-cluster-name": tags[TAG_RAY_CLUSTER_NAME],
    }
    return {
        f"{arn}instance/*": told,
        f"arn:aws:ec2:{REGION}::image/{machine['ImageId']}": {},
        f"{arn}subnet/{machine['SubnetId']}": {"ec2:Vpc": f"{arn}vpc/{machine['VpcId']}"},
        f"{arn}security-group/{only(machine['SecurityGroups'])['GroupId']}": {},
        f"{arn}key-pair/{machine['KeyName']}": {},
        f"{arn}network-interface/*": {},
        f"{arn}volume/*": {},
        f"{arn}spot-instances-request/*": {},
    }


def may_start(statements, asked):
    return all(
        allowed(statements, "ec2:RunInstances", resource, **told)
        for resource, told in asked.items()
    )


@WORKERS
def test_the_head_may_start_the_workers_of_its_file(aws, nodes, node_type):
    assert may_start(rights_of(aws, nodes["head"]), started(aws, nodes[node_type]))


def test_the_head_may_start_no_other_head(aws, nodes):
    assert not may_start(rights_of(aws, nodes["head"]), started(aws, nodes["head"]))


@pytest.mark.parametrize(
    "change",
    [("InstanceType", "p5.48xlarge"), ("InstanceProfile", "arn:aws:iam::1:instance-profile/admin"),
     ("InstanceProfile", None), ("ray-cluster-name", "another"), ("ray-cluster-name", None),
     ("image/", "ami-0"), ("security-group/", "sg-0"), ("key-pair/", "theirs"), ("Vpc", "vpc-0")],
)  # fmt: skip
def test_the_head_may_start_no_other_machine(aws, nodes, change):
    what, other = change
    asked = started(aws, nodes["gpu_spot"])
    for resource, told in list(asked.items()):
        if what in resource and what.endswith("/"):
            asked[resource.rpartition("/")[0] + f"/{other}"] = asked.pop(resource)
        for key in list(told):
            if key.endswith(what):
                told[key] = other
                if other is None:
                    del told[key]
    assert not may_start(rights_of(aws, nodes["head"]), asked)


def test_the_head_may_end_machines_of_its_own_cluster_only(aws, nodes):
    head = rights_of(aws, nodes["head"])
    place = f"arn:aws:ec2:{REGION}:1:instance/i-1"
    key = "aws:ResourceTag/ray-cluster-name"
    for action in ("ec2:TerminateInstances", "ec2:StopInstances", "ec2:CreateTags"):
        assert allowed(head, action, place, **{key: "automl"})
        assert not allowed(head, action, place, **{key: "another"})
        assert not allowed(head, action, place)


def test_the_head_may_give_away_the_workers_role_only(aws, nodes):
    statements = rights_of(aws, nodes["head"])
    passing = only([one for one in statements if "iam:PassRole" in actions(one)])
    assert passing["Resource"].endswith(":role/automl-worker")
    assert not [one for one in statements for action in actions(one) if action.endswith(":*")]


def test_what_is_not_needed_any_more_is_terminated_not_stopped(aws):
    ids = [start(aws, name, NODE_KIND_WORKER) for name in ("gpu_spot", "gpu_on_demand")]
    running = aws.provider.non_terminated_nodes({TAG_RAY_NODE_KIND: NODE_KIND_WORKER})
    assert set(ids) <= set(running)
    aws.provider.terminate_nodes(ids)
    assert {described(aws, node)["State"]["Name"] for node in ids} == {"terminated"}
    left = aws.provider.non_terminated_nodes({TAG_RAY_NODE_KIND: NODE_KIND_WORKER})
    assert not set(ids) & set(left)


def test_the_key_is_made_in_the_home_that_ray_up_runs_in(aws, tmp_path_factory):
    assert aws.config["auth"]["ssh_private_key"].endswith("/.ssh/automl.pem")
    names = [pair["KeyName"] for pair in aws.session.client("ec2").describe_key_pairs()["KeyPairs"]]
    assert names == ["automl"]


def test_all_that_is_to_be_filled_in_is_at_the_top_of_the_file():
    top, rest = (ROOT / "cluster.yaml").read_text().split("cluster_name:")
    assert top.count("FILL_IN") == 3
    assert "FILL_IN" not in rest


EIGHT_TRIALS = [{"CPU": 1, "GPU": 1}] * 8


def planned(aws, *, refused, wanted=EIGHT_TRIALS):
    """What Ray's autoscaler would start for what is wanted, having been refused some."""
    kinds = AutoscalingConfig(aws.config, skip_content_hash=True).get_node_type_configs()
    trials = ResourceRequestUtil.group_by_count([ResourceRequestUtil.make(w) for w in wanted])
    reply = ResourceDemandScheduler(event_logger=None).schedule(
        SchedulingRequest(
            disable_launch_config_check=True,
            node_type_configs=kinds,
            max_num_nodes=aws.config["max_workers"],
            resource_requests=trials,
            recoverable_resource_availabilities=refused,
        )
    )
    return {one.instance_type: one.count for one in reply.to_launch if one.instance_type != "head"}


def test_trials_get_spot_machines_and_on_demand_ones_where_spot_was_refused(aws):
    assert planned(aws, refused={}) == {"gpu_spot": 2}
    assert planned(aws, refused={"gpu_spot": 0.0}) == {"gpu_on_demand": 2}


def test_a_study_that_asks_for_its_first_machine_gets_a_spot_one(aws):
    """`ask_for_a_machine` wants a CPU alone; the head has none to give."""
    assert planned(aws, refused={}, wanted=[{"CPU": 1}]) == {"gpu_spot": 1}
