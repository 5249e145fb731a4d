"""UserError, for mistakes that end a command, and warnings, for those that do not."""

import sys


class UserError(Exception):
    """A mistake that its user can mend: told in one line, without a traceback."""


def warn(text: str) -> None:
    """One line on stderr, whatever a library has done to `logging`."""
    print(f"Warning: {' '.join(text.split())}", file=sys.stderr, flush=True)
