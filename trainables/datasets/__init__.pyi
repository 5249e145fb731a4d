from ._cache import cache_folder as cache_folder
from ._dataset import (
    DataKeywords as DataKeywords,
    Dataset as Dataset,
    Images as Images,
    data_folder as data_folder,
    is_path as is_path,
    load_asked as load_asked,
    load_dataset as load_dataset,
    versioned as versioned,
)
from ._split import stratified as stratified
