"""Warnings of our own code: on stderr, whatever a library has done to `logging`."""

import sys


def warn(text: str) -> None:
    """One line. A live view on the terminal makes room for it."""
    print(f"Warning: {' '.join(text.split())}", file=sys.stderr, flush=True)
