from ._spaces import darts_space as darts_space, network_space as network_space
from ._way import Way as Way, way_of as way_of
