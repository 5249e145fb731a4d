from .inherited_cell import InheritedCell as InheritedCell
from .shared_weights import SPACE as SPACE, SharedWeights as SharedWeights
from .stored_supernet import find_supernet as find_supernet
