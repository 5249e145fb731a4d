"""UserError, the exception for mistakes that the user can fix."""


class UserError(Exception):
    """What was wrong and what to do, in one line. Command lines print it and exit with code 2."""
