"""Our part of a description in MLflow, which leaves alone what a person has written around it."""

NOTE = "mlflow.note.content"
_BEGIN, _END = "<!-- written by AutoML on Ray: changes are lost -->", "<!-- end of it -->"


def ours(text: str) -> str:
    """A description that is recognised as ours when it is written again."""
    return f"{_BEGIN}\n\n{text}\n\n{_END}"


def placed(note: str, there: str) -> str:
    """The description that is `there` with `note`, which is ours, in the place of our former one.

    In front of a description that has none.
    """
    before, begun, rest = there.partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if begun and ended:
        return before + note + after
    return f"{note}\n\n{there}" if there.strip() else note
