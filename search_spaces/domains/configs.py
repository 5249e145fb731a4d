"""What a config is. Apart from the domains, for modules that name it and need no Ray."""

from typing import Any, TypeAlias

Config: TypeAlias = dict[str, Any]  # by key one decision each
