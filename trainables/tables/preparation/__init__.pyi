from .columns import Columns as Columns
from .create import create_preparation as create_preparation
from .encoding import Encoded as Encoded
from .generation import GroupMeans as GroupMeans, Pairs as Pairs
from .selection import Selection as Selection
