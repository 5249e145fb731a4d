"""Writes docs/python/reference.md from the docstrings of what `automl_on_ray` offers."""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import automl_on_ray

PAGE = Path(__file__).with_name("reference.md")
HEAD = """# Python reference

What `from automl_on_ray import ...` offers. `make docs` writes this page from the docstrings.
[The tutorial](../tutorial.md) and [your own code](own_code.md) show the use."""


def page() -> str:
    """The whole page."""
    offered = {name: getattr(automl_on_ray, name) for name in sorted(automl_on_ray.__all__)}
    return "\n\n".join([HEAD, *(_section(*each) for each in offered.items())]) + "\n"


def _section(name: str, offered: Any) -> str:
    parts = [f"## {name}", f"```text\n{name}{_signature(offered)}\n```", _said(offered)]
    if inspect.isclass(offered):
        members = [(key, value) for key, value in vars(offered).items() if key[0] != "_"]
        parts += [_member(key, value) for key, value in members if _is_told(value)]
    return "\n\n".join(parts)


def _is_told(value: Any) -> bool:
    return inspect.isfunction(value) or isinstance(value, property)


def _member(name: str, value: Any) -> str:
    if isinstance(value, property):
        return f"- `.{name}`: {_line(value)}".rstrip(": ")
    return f"- `.{name}{_signature(value)}`: {_line(value)}".rstrip(": ")


def _signature(offered: Any) -> str:
    """One parameter a line where one line would be long; without modules' names."""
    if inspect.isclass(offered) and issubclass(offered, Exception):
        return "(message)"
    parameters = inspect.signature(offered).parameters.values()
    texts = _texts([one for one in parameters if one.name != "self"])
    short = f"({', '.join(texts)})"
    if len(short) < 80 or not inspect.isfunction(offered):
        return short
    starred = any(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters)
    return short if not starred else "(\n" + "".join(f"    {text},\n" for text in texts) + ")"


def _texts(parameters: list[inspect.Parameter]) -> list[str]:
    """As Python writes them, `*` before the first that is given by its name alone."""
    texts, free = [], True
    for one in parameters:
        if one.kind is inspect.Parameter.VAR_POSITIONAL:
            free = False
        elif one.kind is inspect.Parameter.KEYWORD_ONLY and free:
            texts.append("*")
            free = False
        texts.append(re.sub(r"\b[a-z_]\w*\.", "", str(one)))
    return texts


def _said(offered: Any) -> str:
    text = inspect.cleandoc(offered.__doc__ or "")
    made = dataclasses.is_dataclass(offered) and text.startswith(f"{offered.__name__}(")
    return "" if made else text


def _line(value: Any) -> str:
    return " ".join(_said(value).split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
