"""The proxies by name. In a file of its own, as commands list them and need no torch for that."""

NAMES = (
    "synflow",
    "jacov",
    "naswot",
    "grad_norm",
    "snip",
    "parameters",
    "live_parameters",
    "flops",
)
