"""workflows/prepare_aws.py, on AWS as moto simulates it."""

import json
import os
import subprocess
import sys

import boto3
import pytest

from automl_on_ray.clusters.aws_account import (
    check_range,
    default_vpc,
    make_bucket,
    make_roles,
    make_security_group,
    read_cluster,
)
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.workflows.prepare_aws import prepare_aws
from tests.clusters.files.account import BUCKET, REGION, SSH_FROM, prepare, write_file
from tests.clusters.files.filled import ROOT


def test_preparing_twice_changes_nothing(account):
    ec2 = account.session.client("ec2")
    before = ec2.describe_security_groups()["SecurityGroups"]
    assert prepare(account.session, account.path) == account.group
    assert ec2.describe_security_groups()["SecurityGroups"] == before


def test_the_bucket_cannot_be_made_public(account):
    block = account.session.client("s3").get_public_access_block(Bucket=BUCKET)
    assert all(block["PublicAccessBlockConfiguration"].values())


def test_the_bucket_keeps_what_is_deleted_or_overwritten_for_a_week(account):
    s3 = account.session.client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}


def test_rules_that_a_bucket_has_already_stay(account):
    make_bucket(account.session, "automl-ruled", REGION)
    s3 = account.session.client("s3")
    own = {"ID": "own", "Status": "Enabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 9}}
    s3.put_bucket_lifecycle_configuration(
        Bucket="automl-ruled", LifecycleConfiguration={"Rules": [own]}
    )
    make_bucket(account.session, "automl-ruled", REGION)
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="automl-ruled")["Rules"]
    assert rule["ID"] == "own"


def test_a_role_serves_one_cluster_only(account, tmp_path):
    """Its head could end the machines of the other."""
    other = write_file(tmp_path, account.image)
    other.write_text(other.read_text().replace("&name automl", "&name another"))
    with pytest.raises(UserError, match="of the cluster 'automl'"):
        prepare(account.session, other)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("ami-1", "FILL_IN_IMAGE_ID", "Fill in the image"),
     ("Name: automl-worker", "Name: automl-head", "another IamInstanceProfile"),
     ("IamInstanceProfile: {Name: automl-worker}", "", "does not say which machines|another Iam"),
     ("available_node_types", "types", "does not say which machines"),
     ("cluster_name", "[", "does not say which machines")],
)  # fmt: skip
def test_a_file_that_does_not_say_which_machines_is_one_line(tmp_path, old, new, said):
    path = write_file(tmp_path, "ami-1")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UserError, match=said):
        read_cluster(path)
    with pytest.raises(UserError, match="does not say which machines"):
        read_cluster(tmp_path / "nowhere.yaml")


def test_the_command_says_what_to_fill_in(account, capsys):
    prepare_aws(bucket=BUCKET, ssh_from=SSH_FROM, cluster=account.path, region=REGION)
    said = dict(line.split() for line in capsys.readouterr().out.splitlines()[1:])
    assert said == {"FILL_IN_BUCKET": BUCKET, "FILL_IN_SECURITY_GROUP_ID": account.group}
    shipped = (ROOT / "cluster.yaml").read_text()
    assert all(mark in shipped for mark in said)


def test_a_bucket_elsewhere_is_made_there(account):
    make_bucket(boto3.Session(region_name="eu-west-1"), "automl-elsewhere", "eu-west-1")
    place = account.session.client("s3").get_bucket_location(Bucket="automl-elsewhere")
    assert place["LocationConstraint"] == "eu-west-1"


def test_roles_of_a_second_bucket_keep_the_rights_to_the_first(account):
    asked, vpc = read_cluster(account.path), default_vpc(account.session)
    make_roles(account.session, "automl-elsewhere", asked, account.group, vpc)
    iam = account.session.client("iam")
    for role in ("automl-head", "automl-worker"):
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        try:
            told = json.dumps([iam.get_role_policy(RoleName=role, PolicyName=n) for n in names],
                              default=str)  # fmt: skip
            assert f"{BUCKET}/*" in told
            assert "automl-elsewhere/*" in told
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName=f"{role}-automl-elsewhere")


@pytest.mark.parametrize(
    ("protocol", "ports", "source", "said"),
    [("tcp", (22, 22), {"IpRanges": [{"CidrIp": "198.51.100.0/24"}]}, "198.51.100.0/24 to tcp 22"),
     ("tcp", (80, 999), {"IpRanges": [{"CidrIp": SSH_FROM}]}, f"{SSH_FROM} to tcp 80-999"),
     ("udp", (22, 22), {"IpRanges": [{"CidrIp": SSH_FROM}]}, f"{SSH_FROM} to udp 22"),
     ("tcp", (5000, 5000), {"PrefixListIds": [{"PrefixListId": "pl-1"}]}, "pl-1 to tcp 5000")],
)  # fmt: skip
def test_what_else_the_group_admits_is_told(account, capsys, protocol, ports, source, said):
    theirs = {"IpProtocol": protocol, "FromPort": ports[0], "ToPort": ports[1], **source}
    ec2 = account.session.client("ec2")
    ec2.authorize_security_group_ingress(GroupId=account.group, IpPermissions=[theirs])
    try:
        make_security_group(account.session, SSH_FROM, default_vpc(account.session))
        told = " ".join(capsys.readouterr().out.split())
        assert f"also admits {said}: remove it" in told
        assert told.count("also admits") == 1
    finally:
        ec2.revoke_security_group_ingress(GroupId=account.group, IpPermissions=[theirs])


@pytest.mark.parametrize(
    ("given", "taken"), [("203.0.113.7/24", "203.0.113.0/24"), ("203.0.113.7", "203.0.113.7/32")]
)
def test_a_range_is_taken_as_aws_writes_it(given, taken):
    assert check_range(given) == taken


def test_without_credentials_it_is_one_line_and_code_2(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "workflows" / "prepare_aws.py", "--bucket", BUCKET,
         "--ssh-from", SSH_FROM, "--cluster", write_file(tmp_path, "ami-1")],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT),
             "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "credentials" in line


@pytest.mark.parametrize("given", ["0.0.0.0/0", "128.0.0.0/1", "::/0", "everywhere", "10.0.0.0/40"])
def test_a_range_that_is_nearly_everybody_or_none_is_refused(given):
    with pytest.raises(UserError):
        check_range(given)
