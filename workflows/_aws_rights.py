"""What the machines of a cluster on AWS may do there, as IAM policies."""

import json
from typing import Any

HEAD, WORKER = "automl-head", "automl-worker"


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


def of_the_autoscaler(worker_role: str) -> list[dict[str, Any]]:
    """Start machines with the workers' role and no other; end those of a Ray cluster only."""
    return [
        {
            "Effect": "Allow",
            "Action": ["ec2:Describe*", "ec2:RunInstances"],
            "Resource": "*",
        },
        # Tags of what it starts, and of what is a Ray cluster's: others would become its to end.
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "*",
            "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
        },
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "*",
            "Condition": {"StringLike": {"aws:ResourceTag/ray-cluster-name": "*"}},
        },
        {
            "Effect": "Allow",
            "Action": ["ec2:TerminateInstances", "ec2:StopInstances", "ec2:StartInstances"],
            "Resource": "*",
            "Condition": {"StringLike": {"aws:ResourceTag/ray-cluster-name": "*"}},
        },
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": worker_role,
            "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        },
    ]
