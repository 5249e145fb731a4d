"""Params, metrics and tags of a trial, under names and in lengths that MLflow accepts."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from automl_on_ray.search_spaces.core import TUNES_OWN, as_number

MAX_PARAM_CHARACTERS = 6000  # MLflow's own limit
MAX_TAG_CHARACTERS = 5000  # older servers cut there, newer ones at 8,000
MAX_NAME_CHARACTERS = 250


def flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{name}/")
        else:
            yield name, value


def numbers(
    result: Mapping[str, Any],
    allowed: Iterable[str] | None = None,
    *,
    always: Iterable[str] = (),
) -> dict[str, float]:
    """Numeric metrics of a result (`nan` and infinite ones too), under the names they came by.

    Without Tune's book-keeping, unless it is among those `always` wanted.
    """
    kept = {key: value for key, value in result.items() if key != "config"}
    found = ((key, as_number(value)) for key, value in flat(kept))
    known = {key: number for key, number in found if number is not None}
    wanted = frozenset(known if allowed is None else allowed) - TUNES_OWN | frozenset(always)
    return {key: number for key, number in known.items() if key in wanted}


def params(config: Mapping[str, Any]) -> dict[str, str]:
    """A config as MLflow's params; a value that is too long is cut, `config.json` has it whole."""
    return {mlflow_name(key): str(value)[:MAX_PARAM_CHARACTERS] for key, value in flat(config)}


def json_tag(name: str, value: Any) -> dict[str, str]:
    """A tag that has `value` as JSON; none where it is empty, or longer than MLflow keeps."""
    text = json.dumps(value, default=str)
    return {name: text} if value and len(text) <= MAX_TAG_CHARACTERS else {}


def mlflow_name(key: str) -> str:
    """MLflow's name of a metric or param: its alphabet, no path that leads elsewhere, 250 letters.

    Where that changes the key, a digest of the key follows: `map@50` and `map_50` stay apart.
    """
    key = str(key)
    clean = re.sub(r"[^\w/. :-]", "_", key).strip("/.") or "_"
    clean = re.sub(r"/{2,}|(?<=/)\.+(?=/)", "_", clean)
    if clean == key and len(key) <= MAX_NAME_CHARACTERS:
        return key
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:6]
    return f"{clean[: MAX_NAME_CHARACTERS - 7]}-{digest}"
