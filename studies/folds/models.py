"""Whether a space is of the models that a kind of study has, and which configs are of it."""

from collections.abc import Iterable

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError


def check_models(space: SearchSpace, own: SearchSpace) -> None:
    """UserError for a `model` that the space of the kind, `own`, does not have.

    Each trial of it would fail.
    """
    known = own.domains["model"].categories  # type: ignore[attr-defined]
    domain = space.domains.get("model")
    models = getattr(domain, "categories", None) or [space.constants.get("model")]
    strange = [model for model in models if model not in known]
    if strange:
        what = "no model" if strange == [None] else f"model={strange[0]!r}"
        raise UserError(
            f"--space {space.name} has {what}; here `model` is one of {', '.join(known)}."
        )


def members_of(configs: Iterable[Config], space: SearchSpace) -> list[Config]:
    """Those that are members of this space, in their order."""
    return [config for config in configs if _is_member(config, space)]


def _is_member(config: Config, space: SearchSpace) -> bool:
    try:
        space.check(config)
    except UserError:
        return False
    return True
