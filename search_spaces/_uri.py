"""URIs such as s3://bucket/folder on command lines: told from paths, and free of credentials.

After a '?' there may be parameters, so a path below is not the URI with a path behind it.
"""

import re
from urllib.parse import parse_qs, quote, urlsplit

from automl_on_ray.search_spaces._errors import UserError

# pyarrow's other parameters may be secrets; and an address that was signed is one itself.
HARMLESS = {"endpoint_override", "region", "scheme"}


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


def check_no_credentials(uri: str, what: str) -> None:
    """UserError, which does not repeat `uri`, if it holds any; `what` is the option to blame."""
    try:
        words = urlsplit(uri)
        _ = words.port  # a key in its place, whose slash ends what is before the @
        hidden = "@" in words.netloc or not HARMLESS.issuperset(parse_qs(words.query))
    except ValueError:
        hidden = True
    if hidden:
        raise UserError(
            f"{what} must not hold credentials, which would be kept with the study; give them "
            "as the environment has them (AWS_ACCESS_KEY_ID, or an instance's profile). After a "
            f"'?' there may be {', '.join(sorted(HARMLESS))}."
        )
