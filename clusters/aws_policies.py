"""What the machines of a cluster on AWS may do there, as IAM policies."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OURS = "aws:ResourceTag/ray-cluster-name"


@dataclass(frozen=True)
class Machines:
    """What a cluster's head may start: machines of these types and images only, in one network.

    `worker_role` and `profile` are ARNs, all else ids and names.
    """

    cluster: str
    region: str
    types: Sequence[str]
    images: Sequence[str]
    key: str
    group: str
    vpc: str
    worker_role: str
    profile: str

    def arn(self, kind: str, name: str = "*") -> str:
        """Of things of EC2, in the account and partition of the role; images have no account."""
        _, partition, _, _, account, _ = self.worker_role.split(":", 5)
        owner = "" if kind == "image" else account
        return f"arn:{partition}:ec2:{self.region}:{owner}:{kind}/{name}"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust() -> str:
    """EC2 may give the role to a machine."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )


def of_the_bucket(bucket: str) -> list[dict[str, Any]]:
    """Read, write and list one bucket."""
    return [
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            "Resource": f"arn:aws:s3:::{bucket}",
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
            ],
            "Resource": f"arn:aws:s3:::{bucket}/*",
        },
    ]


def without_mlflow(bucket: str) -> list[dict[str, Any]]:
    """Workers never talk to MLflow: its database and artifacts are not theirs to write or delete.

    They are in `mlflow` below AUTOML_STORAGE, which may be a folder of the bucket.
    """
    kept = ("mlflow/mlflow.db*", "mlflow/artifacts/*")
    return [
        {
            "Effect": "Deny",
            "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": [
                f"arn:aws:s3:::{bucket}/{place}{name}" for place in ("", "*/") for name in kept
            ],
        }
    ]


def of_the_autoscaler(machines: Machines) -> list[dict[str, Any]]:
    """Start the machines that the cluster's file names, and end those of this cluster only."""
    own = {"StringEquals": {OURS: machines.cluster}}
    return [
        {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
        # To start one takes a right to each of what it is made of.
        _start(
            [machines.arn("instance")],
            StringEquals={
                "ec2:InstanceType": list(machines.types),
                "aws:RequestTag/ray-cluster-name": machines.cluster,
            },
            ArnEquals={"ec2:InstanceProfile": machines.profile},
        ),
        _start([machines.arn("subnet")], ArnEquals={"ec2:Vpc": machines.arn("vpc", machines.vpc)}),
        _start(
            [
                *(machines.arn("image", image) for image in machines.images),
                machines.arn("security-group", machines.group),
                machines.arn("key-pair", machines.key),
                *map(machines.arn, ("network-interface", "volume", "spot-instances-request")),
            ]
        ),
        # Tags of what it starts, and of what is this cluster's: others would become its to end.
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "*",
            "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
        },
        {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*", "Condition": own},
        {
            "Effect": "Allow",
            "Action": ["ec2:TerminateInstances", "ec2:StopInstances", "ec2:StartInstances"],
            "Resource": "*",
            "Condition": own,
        },
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": machines.worker_role,
            "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        },
    ]


def _start(resources: list[str], **condition: dict[str, Any]) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": resources}
    return {**allowed, "Condition": condition} if condition else allowed
