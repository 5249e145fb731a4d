"""Mistakes made in a cluster file, and what is found."""

from automl_on_ray.clusters.doctor import Finding


def only(found) -> Finding:
    assert len(found) == 1, [one.what for one in found]
    return found[0]


def node_config(config, name="gpu_spot"):
    return config["available_node_types"][name]["node_config"]


def replace(config, key, old, new):
    """In the commands of that key, of which at least one must have had it."""
    before = config[key]
    config[key] = [command.replace(old, new) for command in before]
    assert config[key] != before
