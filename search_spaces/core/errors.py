"""The one exception for a mistake that its user can mend."""


class UserError(Exception):
    """What was wrong and what to do, in one line. Command lines print it and exit with code 2."""
