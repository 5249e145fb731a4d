"""What prepare_aws.py is asked for in the tests' account, and what a policy allows."""

from fnmatch import fnmatchcase

from automl_on_ray.clusters.aws_account import (
    allow_spot,
    default_vpc,
    make_bucket,
    make_roles,
    make_security_group,
    read_cluster,
)
from tests.clusters.files.filled import text

REGION, BUCKET, SSH_FROM = "us-east-1", "automl-studies", "203.0.113.0/24"


def write_file(folder, image, group="FILL_IN_SECURITY_GROUP_ID", bucket=BUCKET):
    """The shipped file, filled in."""
    path = folder / "cluster.yaml"
    path.write_text(text("cluster.yaml", {
        "FILL_IN_BUCKET": bucket, "FILL_IN_IMAGE_ID": image, "FILL_IN_SECURITY_GROUP_ID": group,
    }))  # fmt: skip
    return path


def prepare(session, path, bucket=BUCKET):
    """As the command does for the file at `path`."""
    make_bucket(session, bucket, REGION)
    vpc = default_vpc(session)
    group = make_security_group(session, SSH_FROM, vpc)
    make_roles(session, bucket, read_cluster(path), group, vpc)
    allow_spot(session)
    return group


def allowed(statements, action, resource, **context):
    """Whether IAM would allow it, by what this project's policies use of IAM's language."""
    fitting = {s["Effect"] for s in statements if _fits(s, action, resource, context)}
    return fitting == {"Allow"}


def _fits(statement, action, resource, context):
    return (
        _any(statement["Action"], action)
        and _any(statement["Resource"], resource)
        and all(
            key in context and _any(wanted, context[key], exact=operator.endswith("Equals"))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _any(patterns, value, exact=False):
    every = [patterns] if isinstance(patterns, str) else patterns
    return any(value == one if exact else fnmatchcase(value, one) for one in every)
