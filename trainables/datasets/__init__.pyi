from ._bucket import at_hand as at_hand, with_version as with_version
from ._cache import Kept as Kept, cache_folder as cache_folder, keep as keep
from ._dataset import (
    DataKeywords as DataKeywords,
    Dataset as Dataset,
    Images as Images,
    data_folder as data_folder,
    load_asked as load_asked,
    load_dataset as load_dataset,
    versioned as versioned,
)
from ._names import check_dataset as check_dataset, is_path as is_path
from ._split import stratified as stratified
