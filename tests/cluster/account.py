"""What prepare_aws.py is asked for in the tests' account."""

from automl_on_ray.workflows.prepare_aws import (
    allow_spot,
    make_bucket,
    make_roles,
    make_security_group,
)

REGION, BUCKET, SSH_FROM = "us-east-1", "automl-studies", "203.0.113.0/24"


def prepare(session):
    make_bucket(session, BUCKET, REGION)
    group = make_security_group(session, SSH_FROM, None)
    make_roles(session, BUCKET)
    allow_spot(session)
    return group
