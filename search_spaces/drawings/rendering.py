"""From a figure to a file's bytes, which are equal for equal figures."""

import io
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.figure import Figure


def rendered(
    figure: Figure, format: Literal["png", "svg"] = "png", *, dpi: int = 110, **options: Any
) -> bytes:
    """As a file of that format; `options` are those of `Figure.savefig`."""
    # Nothing of the day it was drawn; and names of shapes that do not change.
    metadata = {"Date": None} if format == "svg" else {"Software": None}
    with io.BytesIO() as file, rc_context({"svg.hashsalt": "figure", "svg.fonttype": "none"}):
        figure.savefig(file, format=format, dpi=dpi, metadata=metadata, **options)
        return file.getvalue()
