"""Undocumented names of Ray itself: of the node that runs here, and of `ray up`."""

from typing import Any

from automl_on_ray.search_spaces.core import Internals

RAY = Internals(
    ("ray",),
    (
        "ray._private.worker:_global_node",
        "ray._private.node:Node.is_head()",
        "ray._private.accelerators:get_accelerator_manager_for_resource(resource_name)",
        "ray._private.services:get_ray_address_from_environment(addr, temp_dir)",
        "ray.autoscaler._private.util:prepare_config(config)",
        "ray.autoscaler._private.util:validate_config(config)",
    ),
)
RAY.check_at_import()  # before the imports below would fail


def has_joined() -> bool:
    """Whether this process is on a Ray that it has not started itself."""
    from ray._private import worker

    node = worker._global_node
    return node is not None and not node.is_head()


def address_of(named: str | None) -> str | None:
    """The address that Ray would take for `named`, None or "auto"; None to start a Ray here.

    ConnectionError for "auto" where no Ray runs.
    """
    from ray._private.services import get_ray_address_from_environment

    found: str | None = get_ray_address_from_environment(named, None)  # type: ignore[arg-type]
    return found


def gpus_here() -> int:
    """GPUs of this machine that a Ray started here would have."""
    from ray._private.accelerators import get_accelerator_manager_for_resource

    manager = get_accelerator_manager_for_resource("GPU")
    if manager is None:
        return 0
    there = manager.get_current_node_num_accelerators()
    seen = manager.get_current_process_visible_accelerator_ids()
    return there if seen is None else min(there, len(seen))


def prepared(config: dict[str, Any]) -> dict[str, Any]:
    """A cluster's file with Ray's defaults, as `ray up` makes it; raises what that would."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    with_defaults: dict[str, Any] = prepare_config(config)
    validate_config(with_defaults)
    return with_defaults
