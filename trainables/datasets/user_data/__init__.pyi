from . import folder_or_file as folder_or_file
from .parts import names_beside as names_beside
