"""Tells URIs such as s3://bucket/folder from paths, and refuses credentials in them.

After a '?' there may be parameters, so a path below is not the URI with a path behind it.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, unquote, urlsplit

from automl_on_ray.search_spaces.core.errors import UserError

# pyarrow's other parameters may be secrets; and an address that was signed is one itself.
STORES = {"s3", "gs", "gcs", "abfs", "abfss", "az", "hdfs"}
HARMLESS = {"endpoint_override", "region", "scheme"}
_SECRET = re.compile(
    r"key|secret|token|passw|pwd|signature|sig=|credential|auth|x-amz|x-goog", re.IGNORECASE
)


def is_uri(text: str) -> bool:
    """Whether this is a URI; `C:/folder` and `my:file.npz` are paths."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text) is not None


def below(uri: str, *names: str) -> str:
    """The URI of what has these names, one in the other, in the folder of `uri`."""
    path, mark, query = uri.partition("?")
    quoted = (quote(name, safe="") for name in names)
    return "/".join([path.rstrip("/"), *quoted]) + mark + query


def above(uri: str) -> str:
    """The URI of the folder that it is in."""
    path, mark, query = uri.partition("?")
    return path.rstrip("/").rpartition("/")[0] + mark + query


def check_no_secrets(options: Mapping[str, object]) -> None:
    """UserError for the first of a command's options, by name, whose URI holds credentials."""
    for name, value in options.items():
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and "://" in text:
                check_no_credentials(text, f"--{name.replace('_', '-')}")


def check_no_credentials(uri: str, what: str) -> None:
    """UserError, which does not repeat `uri`, if it holds any; `what` is the option to blame."""
    if not _hides_some(uri):
        return
    if what == "--tracking-uri":
        instead = (
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    else:
        instead = (
            "give them as the environment has them (AWS_ACCESS_KEY_ID, or an instance's profile). "
            f"After a '?' there may be {', '.join(sorted(HARMLESS))}."
        )
    raise UserError(
        f"{what} must not hold credentials, which would be kept with the study; {instead}"
    )


def _hides_some(uri: str) -> bool:
    try:
        words = urlsplit(uri)
        port = words.port  # a key in its place, whose slash ends what is before the @
        keys = set(parse_qs(words.query, keep_blank_values=True))
    except ValueError:
        return True
    named = "@" in unquote(words.netloc + words.query) or _SECRET.search(
        f"{words.query}#{words.fragment}"
    )
    store = words.scheme.lower() in STORES
    return bool(named) or (store and (port is not None or not keys <= HARMLESS))
