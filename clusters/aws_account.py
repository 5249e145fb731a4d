"""Makes what cluster.yaml needs of AWS: a private bucket, a security group, roles."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from automl_on_ray.clusters.aws_policies import (
    Machines,
    document,
    of_the_autoscaler,
    of_the_bucket,
    trust,
    without_mlflow,
)
from automl_on_ray.clusters.doctor import UNFILLED
from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import UserError

WIDEST = {4: 8, 6: 32}  # bits of a range that may log in, by version of IP
GROUP = "automl-cluster"
CLUSTER = "ray-cluster-name"  # Ray's own tag of machines, here of roles
# Checkpoints are deleted all the time: what is kept of them costs.
OLD_VERSIONS = {
    "ID": "automl-old-versions", "Status": "Enabled", "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
    "Expiration": {"ExpiredObjectDeleteMarker": True},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}  # fmt: skip


@dataclass(frozen=True)
class AwsSettings:
    """What a file for `ray up` says of its machines."""

    name: str
    region: str
    key: str
    types: tuple[str, ...]  # of workers, all three
    images: tuple[str, ...]
    worker: str
    head: str  # its instance profile, and the workers'


def prepare_account(asked: AwsSettings, bucket: str, ssh_from: str, vpc: str | None = None) -> str:
    """The id of the security group. What is there already stays; done twice, it does no harm.

    UserError for a range or a name that is none, and for what AWS does not agree to.
    """
    ssh_from = check_range(ssh_from)
    check_bucket(bucket)
    boto3, errors = _libraries()
    try:
        session = boto3.Session(region_name=asked.region)
        make_bucket(session, bucket, asked.region)
        vpc = vpc or default_vpc(session)
        group = make_security_group(session, ssh_from, vpc)
        make_roles(session, bucket, asked, group, vpc)
        allow_spot(session)
    except (errors.BotoCoreError, errors.ClientError) as error:
        raise UserError(f"AWS did not agree: {error}") from error
    return group


def read_cluster(path: Path, region: str | None = None) -> AwsSettings:
    """UserError if the file cannot be read, or does not say which machines there are to be."""
    try:
        config = yaml.safe_load(path.read_text())
        kinds = dict(config["available_node_types"])
        head = kinds.pop(config["head_node_type"])["node_config"]
        workers = [kind["node_config"] for kind in kinds.values()]
        (worker,) = {one["IamInstanceProfile"]["Name"] for one in workers}
        found = AwsSettings(
            config["cluster_name"],
            region or config["provider"]["region"],
            config["provider"]["key_pair"]["key_name"],
            tuple(sorted({one["InstanceType"] for one in workers})),
            tuple(sorted({one["ImageId"] for one in workers})),
            worker,
            head["IamInstanceProfile"]["Name"],
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path} does not say which machines a cluster is to have, as the shipped cluster.yaml "
            f"does: {error!r}"
        ) from error
    if any(UNFILLED in image for image in found.images):
        raise UserError(f"Fill in the image at the top of {path} first: no other may be started.")
    if found.worker == found.head:
        raise UserError(f"{path}: workers must have another IamInstanceProfile than the head.")
    return found


def check_range(text: str) -> str:
    """The range as AWS writes it; UserError for what is none, or a great part of the internet."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UserError(f"--ssh-from: {error}; write it as 203.0.113.7/32.") from None
    if network.prefixlen < WIDEST[network.version]:
        raise UserError(
            f"--ssh-from {text} admits a great part of the internet; give the range that you log "
            "in from."
        )
    return str(network)


def check_bucket(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name):
        raise UserError(
            f"--bucket {name!r} is no name of a bucket: 3 to 63 of a-z, 0-9, - and dot."
        )


def make_bucket(session: Any, bucket: str, region: str) -> None:
    """A bucket that can never be public, and keeps for a while what is deleted or overwritten.

    S3 encrypts what it stores.
    """
    s3 = session.client("s3")
    # us-east-1 is the one region that may not be named.
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    with _already("BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True, "IgnorePublicAcls": True,
            "BlockPublicPolicy": True, "RestrictPublicBuckets": True,
        },
    )  # fmt: skip

    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    try:
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)  # the user's own stays
    except Exception as error:
        if _code(error) != "NoSuchLifecycleConfiguration":
            raise
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [OLD_VERSIONS]}
        )


def make_security_group(session: Any, ssh_from: str, vpc: str) -> str:
    """Its id. It admits SSH from a range, and all that its own members send each other."""
    ec2 = session.client("ec2")
    found = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [GROUP]}, {"Name": "vpc-id", "Values": [vpc]}]
    )["SecurityGroups"]
    if found:
        group, rules = found[0]["GroupId"], found[0]["IpPermissions"]
    else:
        group = ec2.create_security_group(
            GroupName=GROUP, Description="Machines of an AutoML cluster", VpcId=vpc
        )["GroupId"]
        rules = []
    v6 = ":" in ssh_from
    ranges = {"Ipv6Ranges" if v6 else "IpRanges": [{"CidrIpv6" if v6 else "CidrIp": ssh_from}]}
    for rule in (
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **ranges},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
    ):
        with _already("InvalidPermission.Duplicate"):
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    for who, what in sorted(_admitted(rules) - {(ssh_from, "tcp 22"), (group, "everything")}):
        console.print(
            f"The security group {group} also admits {who} to {what}: remove it if it should not.",
            soft_wrap=True,
        )
    return str(group)


def default_vpc(session: Any) -> str:
    found = session.client("ec2").describe_vpcs(
        Filters=[{"Name": "is-default", "Values": ["true"]}]
    )["Vpcs"]
    if not found:
        raise UserError("The region has no default VPC; name one with --vpc.")
    return str(found[0]["VpcId"])


def _admitted(rules: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Who (ranges, groups, prefix lists) may reach what (protocol and ports)."""
    kinds = (
        ("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"),
        ("UserIdGroupPairs", "GroupId"), ("PrefixListIds", "PrefixListId"),
    )  # fmt: skip
    found = set()
    for rule in rules:
        what = "everything"
        if rule["IpProtocol"] != "-1":
            ends = {str(rule[end]) for end in ("FromPort", "ToPort") if end in rule}
            what = f"{rule['IpProtocol']} {'-'.join(sorted(ends, key=int))}".strip()
        found |= {(one[key], what) for kind, key in kinds for one in rule.get(kind, [])}
    return found


def make_roles(session: Any, bucket: str, asked: AwsSettings, group: str, vpc: str) -> None:
    """A role with an instance profile of the same name, for workers and for the head."""
    iam = session.client("iam")
    shared = of_the_bucket(bucket)
    role, profile = _make_role(iam, asked.worker, bucket, asked.name,
                               [*shared, *without_mlflow(bucket)])  # fmt: skip
    machines = Machines(
        asked.name, asked.region, asked.types, asked.images, asked.key, group, vpc, role, profile
    )
    _make_role(iam, asked.head, bucket, asked.name, [*shared, *of_the_autoscaler(machines)])


def _make_role(
    iam: Any, name: str, bucket: str, cluster: str, statements: list[dict[str, Any]]
) -> tuple[str, str]:
    """ARNs of the role and the profile. UserError for a role of another cluster."""
    with _already("EntityAlreadyExists"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust())
    role = iam.get_role(RoleName=name)["Role"]
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    if tags.get(CLUSTER, cluster) != cluster:
        raise UserError(
            f"The role {name} is of the cluster {tags[CLUSTER]!r}, whose machines {cluster!r} "
            "could end: name another IamInstanceProfile in the file."
        )
    iam.tag_role(RoleName=name, Tags=[{"Key": CLUSTER, "Value": cluster}])
    # Policies add up: a cluster with another bucket must not lose its own.
    policy = {"PolicyName": f"{name}-{bucket}", "PolicyDocument": document(*statements)}
    iam.put_role_policy(RoleName=name, **policy)
    with _already("EntityAlreadyExists"):
        iam.create_instance_profile(InstanceProfileName=name)
    # A profile holds one role at most; a second attempt says that the place is taken.
    with _already("LimitExceeded"):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    return str(role["Arn"]), str(profile["Arn"])


def allow_spot(session: Any) -> None:
    """The role that AWS itself needs to start spot machines; an account has it only once."""
    with _already("InvalidInput", "EntityAlreadyExists"):
        session.client("iam").create_service_linked_role(AWSServiceName="spot.amazonaws.com")


@contextmanager
def _already(*codes: str) -> Iterator[None]:
    """Let errors of these codes pass: what was to be made is there."""
    try:
        yield
    except Exception as error:  # botocore's ClientError, which is imported only when needed
        if _code(error) not in codes:
            raise


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code"))


def _libraries() -> tuple[Any, Any]:
    try:
        import boto3
        from botocore import exceptions
    except ImportError:
        raise UserError("This needs boto3: pip install -e '.[cluster]'") from None
    return boto3, exceptions
