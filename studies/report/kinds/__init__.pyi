from .of_all import (
    captions_of_kinds as captions_of_kinds,
    figures_of_kinds as figures_of_kinds,
    sure_of_kinds as sure_of_kinds,
)
