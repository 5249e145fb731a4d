"""What `--prior` says: a proxy of untrained networks, and beliefs of parameters."""

from collections.abc import Sequence

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.beliefs import is_belief
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers import SearcherSettings, searcher_capabilities


def parted(priors: Sequence[str] | str | None) -> tuple[str | None, list[str]]:
    """The proxy, if there is one, and the beliefs. UserError for two proxies."""
    words = [priors] if isinstance(priors, str) else list(priors or ())
    proxies = [word for word in words if not is_belief(word)]
    if len(proxies) > 1:
        raise UserError(
            f"--prior takes one proxy, and got {' and '.join(proxies)}; leave all but one out. "
            'What is believed of a parameter has a tilde: "learning_rate ~ lognormal(1e-3, x3)".'
        )
    return (proxies[0] if proxies else None), [word for word in words if is_belief(word)]


def prior_asked(
    priors: Sequence[str] | str | None, proposing: SearcherSettings
) -> str | list[str] | None:
    """For a study's identity: a proxy alone is a word, as it was before there were beliefs.

    What the space declares is not among them: it is part of the space.
    """
    proxy, _ = parted(priors)
    own = [str(one) for one in proposing.beliefs if one not in proposing.space.believed]
    return [*([proxy] if proxy else []), *sorted(own)] if own else proxy


def beliefs_heeded(proposing: SearcherSettings, searcher: str) -> str:
    """What is believed of parameters in one line; "" if nothing is, or the searcher heeds none."""
    if not searcher_capabilities(searcher).takes_beliefs:
        return ""
    return ", ".join(map(str, proposing.beliefs))


def tell_beliefs(proposing: SearcherSettings, searcher: str) -> None:
    """In the terminal. A searcher may only leave out what the space itself declares."""
    heeded = beliefs_heeded(proposing, searcher)
    if heeded:
        line = f"Priors: {heeded}; they fade as results come."
    elif proposing.beliefs:
        line = f"The priors of space {proposing.space.name!r} are not heeded by {searcher}."
    else:
        return
    console.print(line, soft_wrap=True, markup=False, highlight=False)
