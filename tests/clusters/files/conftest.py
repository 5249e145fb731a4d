"""An account of AWS as moto simulates it."""

from types import SimpleNamespace

import boto3
import pytest
import yaml
from moto import mock_aws
from ray.autoscaler._private.aws.utils import resource_cache
from ray.autoscaler._private.providers import _NODE_PROVIDERS, _get_node_provider
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.clusters.files.account import REGION, prepare, write_file


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """One prepared by prepare_aws."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # Ray writes the key there
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        patch.setenv(name, "testing")
    patch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        patch.delenv(name, raising=False)
    resource_cache.cache_clear()
    with mock_aws():
        session = boto3.Session(region_name=REGION)
        image = session.client("ec2").describe_images()["Images"][0]["ImageId"]
        path = write_file(tmp_path_factory.mktemp("file"), image)
        group = prepare(session, path)
        write_file(path.parent, image, group)
        yield SimpleNamespace(session=session, group=group, path=path, image=image)
    resource_cache.cache_clear()
    patch.undo()


@pytest.fixture(scope="module")
def aws(account):
    """That account, and the provider that `ray up` would make in it."""
    asked = prepare_config(yaml.safe_load(account.path.read_text()))
    validate_config(asked)
    kind = _NODE_PROVIDERS["aws"](asked["provider"])
    ready = kind.bootstrap_config(kind.fillout_available_node_types_resources(asked))
    provider = _get_node_provider(ready["provider"], ready["cluster_name"])
    return SimpleNamespace(**vars(account), config=ready, provider=provider)
