"""Checks that AWS takes every `node_config`, and that machines are as safe as they should be."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from automl_on_ray.clusters.doctor.finding import UNFILLED, ClusterFile, Finding, error, warning
from automl_on_ray.search_spaces.core import UserError, near_miss

# Ray's own key: it chooses one of them, and adds the numbers of machines.
_OF_RAY = ("SubnetIds",)
_BY_RAY = {"MinCount": 1, "MaxCount": 1}


def check_node_configs(cluster: ClusterFile) -> list[Finding]:
    """Misspelt keys and wrong values, by AWS's own description of RunInstances, offline."""
    if not cluster.on_aws:
        return []
    found: dict[str, list[str]] = {}
    for name, kind in cluster.node_types.items():
        asked = {key: value for key, value in kind["node_config"].items() if key not in _OF_RAY}
        for mistake in _mistakes({**_BY_RAY, **asked}, _run_instances()):
            found.setdefault(mistake, []).append(name)
    return [
        error(
            f"node_config of {', '.join(names)}: {mistake}",
            "Ray does not look at it, and AWS refuses to start the machine.",
            "Correct it; the keys are those of EC2's RunInstances.",
        )
        for mistake, names in found.items()
    ]


@cache
def _run_instances() -> Any:
    try:
        import botocore.session
    except ImportError:
        raise UserError("A file for AWS needs boto3: pip install -e '.[cluster]'") from None
    model = botocore.session.get_session().get_service_model("ec2")
    return model.operation_model("RunInstances").input_shape


_PYTHON_TYPES = {
    "structure": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
}


def _mistakes(value: Any, shape: Any, place: str = "") -> Iterator[str]:
    """Unlike botocore's own validation it looks at the lists of allowed words too."""
    wanted = _PYTHON_TYPES.get(shape.type_name)
    is_flag = isinstance(value, bool) and wanted is not bool
    if wanted is not None and (not isinstance(value, wanted) or is_flag):
        yield f"{place} must be a {shape.type_name}, but is {value!r}."
    elif shape.type_name == "structure":
        for key, inner in value.items():
            if key in shape.members:
                yield from _mistakes(inner, shape.members[key], f"{place}.{key}".lstrip("."))
            else:
                where = f" in {place}" if place else ""
                yield f"there is no {key!r}{where}.{_near(str(key), list(shape.members))}"
    elif shape.type_name == "list":
        for inner in value:
            yield from _mistakes(inner, shape.member, place)
    elif _is_unknown_word(value, shape):
        yield f"{place} cannot be {value!r}.{_near(value, shape.enum)}"


def _is_unknown_word(value: Any, shape: Any) -> bool:
    is_word = shape.type_name == "string" and bool(shape.enum)
    return is_word and value not in shape.enum and UNFILLED not in value


def _near(word: str, known: list[str]) -> str:
    if len(known) < 6:
        return f" There are: {', '.join(known)}."
    return near_miss(word, known)


def check_safety(cluster: ClusterFile) -> list[Finding]:
    """Disks, the machines' metadata, and their rights."""
    if not cluster.on_aws:
        return []
    clear, without_token, without_rights = [], [], []
    for name, kind in cluster.node_types.items():
        asked = kind["node_config"]
        disks = [one.get("Ebs") or {} for one in asked.get("BlockDeviceMappings") or []]
        if not disks or not all(disk.get("Encrypted") is True for disk in disks):
            clear.append(name)
        if (asked.get("MetadataOptions") or {}).get("HttpTokens") != "required":
            without_token.append(name)
        if not asked.get("IamInstanceProfile"):
            without_rights.append(name)
    found = []
    if clear:
        found.append(
            warning(
                f"{', '.join(clear)}: not all disks are said to be encrypted.",
                "Data and checkpoints lie on them in the clear, unless your account encrypts.",
                "Give BlockDeviceMappings with Ebs: {Encrypted: true}.",
            )
        )
    if without_token:
        found.append(
            warning(
                f"{', '.join(without_token)}: credentials are given without a token (IMDSv1).",
                "A program that can be made to fetch a web page could be made to fetch them.",
                "Give MetadataOptions: {HttpTokens: required}.",
            )
        )
    found += [_without_rights(name, cluster.head_type) for name in without_rights]
    return found + _with_the_heads_rights(cluster)


def _with_the_heads_rights(cluster: ClusterFile) -> list[Finding]:
    profiles = {
        name: kind["node_config"].get("IamInstanceProfile")
        for name, kind in cluster.node_types.items()
    }
    of_head = profiles.pop(cluster.head_type)
    return [
        warning(
            f"{name}: its IamInstanceProfile is the head's.",
            "What trials run there could start and end machines, and delete MLflow's database.",
            "Give the workers' one of prepare_aws.py.",
        )
        for name, profile in profiles.items()
        if profile and profile == of_head
    ]


def _without_rights(name: str, head: str) -> Finding:
    what, to_do = f"{name}: there is no IamInstanceProfile.", "Give the one of prepare_aws.py."
    if name == head:
        why = "Ray then makes one that may do everything with EC2 and with all your buckets."
        return warning(what, why, to_do)
    return error(what, "Trials there cannot write their checkpoints to the bucket.", to_do)
