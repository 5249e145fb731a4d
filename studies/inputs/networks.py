"""What is known of networks before they are trained: proxies of a search, and limits to costs."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from ray import tune

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config, SearchSpace, proxies
from automl_on_ray.search_spaces.core import Objective, UserError, check_choice
from automl_on_ray.search_spaces.data_kinds import Data
from automl_on_ray.search_spaces.proxies import COUNTED, NAMES, Limit
from automl_on_ray.searchers import SearcherSettings, searcher_capabilities
from automl_on_ray.searchers.ax import parse_outcome
from automl_on_ray.studies.inputs.trainable import accepts, images_of

MAX_SECONDS = 2.0  # of a CPU for one config: Tune's loop waits for eight, or sixteen, of them
PROBED = 3  # networks, of which the slowest counts
MAX_SIDE_PIXELS = 32  # of the images that proxies see
TRIED = 200  # members, before a limit is said to be met by none


def limits_of(texts: Sequence[str], trainable: type[tune.Trainable]) -> tuple[Limit, ...]:
    """UserError for what cannot be read, or is not known of a network before it is trained."""
    found = []
    for text in texts:
        metric, relation, bound = parse_outcome(text, "Limit")
        known = getattr(trainable, "COSTS", ()) if accepts(trainable, "limits") else ()
        if not known:
            raise UserError(
                f"--limit is for networks of the image classifier, and {trainable.__name__} trains "
                "none; use --outcome-constraint."
            )
        if metric not in known:
            raise UserError(
                f'--limit "{text}" is on what no untrained network has; --limit takes '
                f"{', '.join(known)}, and --outcome-constraint any metric."
            )
        found.append(Limit(metric, relation == "<=", bound))
    return tuple(found)


def network_kwargs(
    limits: Sequence[str],
    objectives: Sequence[Objective],
    constraints: Sequence[str],
    trainable: type[tune.Trainable],
) -> dict[str, Any]:
    """Keywords of trials for their limits, and for the latency if anything asks for it."""
    found = limits_of(limits, trainable)
    names = {limit.metric for limit in found} | {objective.metric for objective in objectives}
    names |= {parse_outcome(text)[0] for text in constraints}
    return {
        **({"limits": found} if found else {}),
        **({"latency": True} if "latency" in names else {}),
    }


def draft_prior(
    name: str | None, space: SearchSpace, trainable: type[tune.Trainable]
) -> "proxies.Proxy | None":
    """It cannot be asked before `placed`. UserError where there are no networks to judge."""
    if name is None:
        return None
    check_choice("--prior", name, NAMES)
    if space.build is None or not accepts(trainable, "dataset"):
        raise UserError(
            f"--prior {name} judges networks, and space {space.name!r} with "
            f"{trainable.__name__} makes none; leave --prior out, or with nas.py take "
            "--evaluation standalone."
        )
    return proxies.Proxy(name, proxies.Networks(space, (1, 1, 1), 1))


def placed(
    proposing: SearcherSettings, limits: Sequence[Limit], data: Data | None
) -> SearcherSettings:
    """With its prior and its limits for images of this shape.

    UserError for a prior that takes too long or says nothing, for limits that hardly a member
    meets, and for points to try first beyond them.
    """
    images = images_of(data)
    if images is None and proposing.prior is not None:
        raise UserError("--prior judges networks of images, and the data are none: leave it out.")
    if images is None or proposing.space.build is None:
        return proposing
    shape, classes = images.image_shape, len(images.classes)
    prior: proxies.Proxy | None = proposing.prior  # type: ignore[assignment]  # as `draft_prior` made it
    if prior is not None:
        prior = replace(
            prior,
            networks=_small(proxies.Networks(proposing.space, shape, classes, proposing.seed)),
        )
        _probe(prior)
    meets = within(proposing.space, limits, data)
    if meets is not None:
        _check_met(meets, proposing.points)
    return replace(proposing, prior=prior, meets=meets)


def begun(
    proposing: SearcherSettings, searcher: str, starts: Sequence[Config] = ()
) -> SearcherSettings:
    """With `starts`, or the space's own start, as first points, where nothing else is known.

    Not for a searcher that does not learn: what that finds owes nothing to what people know. Nor is
    a start tried that is beyond a limit.
    """
    space, meets = proposing.space, proposing.meets
    learns = searcher_capabilities(searcher).learns_from_results
    own = [space.start] if space.start is not None else []
    if not learns or proposing.points or proposing.known:
        return proposing
    points = [_whole(start, space) for start in starts or own]
    return replace(
        proposing, points=tuple(point for point in points if meets is None or meets(point))
    )


def _whole(start: Mapping[str, Any], space: SearchSpace) -> Config:
    whole = space.active({**start, **space.constants})
    return {key: value for key, value in whole.items() if key in space.domains}


def within(
    space: SearchSpace, limits: Sequence[Limit], data: Data | None
) -> "proxies.Within | None":
    """Tells a config whose network keeps to the limits, before it is trained.

    None where nothing can be counted before.
    """
    counted = tuple(limit for limit in limits if limit.metric in COUNTED)
    images = images_of(data)
    if images is None or space.build is None or not counted:
        return None
    return proxies.Within(counted, proxies.Networks(space, images.image_shape, len(images.classes)))


def _small(networks: "proxies.Networks") -> "proxies.Networks":
    """For smaller images, which take less time, unless its networks need larger ones."""
    channels, *sides = networks.image_shape
    height, width = (min(side, MAX_SIDE_PIXELS) for side in sides)
    smaller = replace(networks, image_shape=(channels, height, width))
    try:
        smaller.of(_members(networks.space, 1)[0])
    except UserError:
        return networks
    return smaller


def _members(space: SearchSpace, count: int) -> list[Config]:
    generator = np.random.default_rng(0)
    return [space.sample(generator) for _ in range(count)]


def _probe(prior: "proxies.Proxy") -> None:
    space, slowest, scores = prior.networks.space, 0.0, []
    for config in _members(space, PROBED):
        began = time.process_time()
        scores.append(prior(config))
        slowest = max(slowest, time.process_time() - began)
        if slowest > MAX_SECONDS:
            raise UserError(
                f"--prior {prior.name} takes {slowest:.1f} CPU seconds for one network of space "
                f"{space.name!r}, and the search would wait for it; leave it out, or take a space "
                "of smaller networks."
            )
    if all(map(math.isinf, scores)) and all(
        math.isinf(prior(config)) for config in _members(space, 4 * PROBED)
    ):
        raise UserError(
            f"--prior {prior.name} has no finite score for any of {4 * PROBED} networks of space "
            f"{space.name!r}, such as naswot without activation modules; take another."
        )
    console.print(
        f"Prior {prior.name}: {1000 * slowest:.0f} ms of a CPU for a network, in this process."
    )


def _check_met(meets: "proxies.Within", points: Sequence[Config]) -> None:
    names = {limit.metric for limit in meets.limits}
    told = " and ".join(map(str, meets.limits))
    for point in points:
        if not meets(point):
            counts = meets.networks.counts(point, names)
            raise UserError(f"Config {point} of --try-first has {_told(counts)}, beyond {told}.")
    space, seen = meets.networks.space, []
    for config in _members(space, TRIED):
        seen.append(meets.networks.counts(config, names))
        if all(limit.holds(seen[-1]) for limit in meets.limits):
            return
    nearest = {
        limit.metric: (min if limit.at_most else max)(one[limit.metric] for one in seen)
        for limit in meets.limits
    }
    raise UserError(
        f"None of {TRIED} networks drawn from space {space.name!r} meets --limit {told}; each "
        f"alone, they come to {_told(nearest)}."
    )


def _told(counts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:,.0f}" for name, value in counts.items())
