"""A network as one Python file that needs only torch: its own sources, without the project."""

import ast
import importlib.util
import pprint
from pathlib import Path

from automl_on_ray.trainables.registered_models.rebuilt_network import Recipe

OURS = "automl_on_ray."
# Of `search_spaces/_space.py`, a network's sources need names of types alone.
TYPES = """Config = dict
ImageShape = tuple
"""
ENDING = '''

CONFIG = {config}
IMAGE_SHAPE = {image_shape}
CLASSES = {classes}
MEAN, STD = {mean}, {std}


def load(weights="weights.pt"):
    """The trained network: pixels 0 to 255 as floats, (B, channels, height, width) -> logits."""
    network = Predictor({build}(CONFIG, IMAGE_SHAPE, len(CLASSES)), MEAN, STD)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


if __name__ == "__main__":
    import sys

    network = load(*sys.argv[1:])
    print(f"{{sum(weight.numel() for weight in network.parameters()):,}} parameters;", network)
'''


def standalone_source(recipe: Recipe) -> str:
    """The text of a module with `load(weights)`."""
    module, function = recipe.build.__module__, recipe.build.__qualname__
    order: list[str] = []
    for name in (module, "automl_on_ray.trainables.registered_models.predictors"):
        _collect(name, order)
    imports: set[str] = {"import torch"}
    bodies = [_body(name, imports) for name in order]
    ending = ENDING.format(
        build=function, config=pprint.pformat(recipe.config), image_shape=recipe.image_shape,
        classes=pprint.pformat(list(recipe.classes)), mean=list(recipe.mean), std=list(recipe.std),
    )  # fmt: skip
    head = f'"""Made by AutoML on Ray from {module}:{function}; it needs only torch."""'
    return "\n".join([head, "", *sorted(imports), "", TYPES, *bodies, ending])


def _collect(name: str, order: list[str]) -> None:
    """`name` and what it imports of this project, each after what it needs."""
    if name in order or name == "automl_on_ray.search_spaces.domains.search_space":
        return
    for node in _tree(name).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(OURS):
            for alias in node.names:
                _collect(_home(str(node.module), alias.name), order)
    order.append(name)


def _home(module: str, name: str) -> str:
    """The module that has `name`, where `module` may be a package that only offers it."""
    offered = _origin(module).with_suffix(".pyi")
    if offered.name != "__init__.pyi":
        return module
    return next(
        f"{module}.{node.module}"
        for node in ast.parse(offered.read_text()).body
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]
    )


def _body(name: str, imports: set[str]) -> str:
    """The module's code without docstring and imports; those of others go to `imports`."""
    kept = []
    for node in _tree(name).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not str(getattr(node, "module", "")).startswith(OURS):
                imports.add(ast.unparse(node))
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            kept.append(ast.unparse(node))
    return "\n\n".join(kept) + "\n"


def _tree(name: str) -> ast.Module:
    return ast.parse(_origin(name).read_text())


def _origin(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)
