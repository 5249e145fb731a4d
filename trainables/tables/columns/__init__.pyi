from .column_kinds import Column as Column, column_of as column_of, foreign as foreign
from .packed import json_bytes as json_bytes, pack as pack, unpack as unpack
from .reading import (
    content_of as content_of,
    read as read,
    read_frame as read_frame,
    sign as sign,
)
from .target import Target as Target, target_of as target_of, times_of as times_of
from .usual_names import listed as listed, said_of as said_of, usual_columns as usual_columns
