from . import brought_code as brought_code, image_model as image_model
from .brought_code import (
    Brought as Brought,
    bring_code as bring_code,
    call_types as call_types,
)
from .exported_files import (
    FILES as FILES,
    check_export as check_export,
    write_files as write_files,
)
from .final_image import (
    final_image_model as final_image_model,
    picture_model as picture_model,
)
from .image_model import UnfitPicture as UnfitPicture, pixels_of as pixels_of
from .latency import latency_seconds as latency_seconds
from .predictors import Predictor as Predictor
from .rebuilt_network import (
    checked_recipe as checked_recipe,
    example_images as example_images,
    rebuilt as rebuilt,
)
from .standalone_file import standalone_source as standalone_source
