"""The shipped cluster files with values where they say FILL_IN."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]

AWS = {
    "FILL_IN_BUCKET": "automl-studies",
    "FILL_IN_IMAGE_ID": "ami-0123456789abcdef0",
    "FILL_IN_SECURITY_GROUP_ID": "sg-0123456789abcdef0",
}
ONPREM = {
    "FILL_IN_HEAD_ADDRESS": "192.0.2.10",
    "FILL_IN_WORKER_ADDRESSES": "192.0.2.11, 192.0.2.12",
    "FILL_IN_USER": "automl",
    "FILL_IN_STORAGE": "/nfs/automl",
}


def text(name: str, values: dict[str, str]) -> str:
    written = (ROOT / name).read_text()
    for mark, value in values.items():
        written = written.replace(mark, value)
    return written


def config(name: str, values: dict[str, str]) -> dict[str, Any]:
    return yaml.safe_load(text(name, values))
