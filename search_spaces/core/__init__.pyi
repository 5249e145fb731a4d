from .capabilities import DeclaredIn as DeclaredIn, literal_of as literal_of
from .errors import UserError as UserError, warn as warn
from .keywords import check_keywords as check_keywords, keywords_of as keywords_of
from .library_internals import Internals as Internals
from .lookup import (
    choices as choices,
    find as find,
    give as give,
    load_object as load_object,
    module_of as module_of,
)
from .near_words import check_choice as check_choice, near_miss as near_miss
from .numbers import as_number as as_number, finite as finite, last_reported as last_reported
from .objectives import (
    ENDED_BY_ITSELF as ENDED_BY_ITSELF,
    INFEASIBLE as INFEASIBLE,
    TUNES_OWN as TUNES_OWN,
    Objective as Objective,
    parse_objectives as parse_objectives,
    reported_instead as reported_instead,
    unquoted as unquoted,
)
from .ranges import Between as Between, check_ranges as check_ranges, range_of as range_of
from .terminals import Terminal as Terminal, visible as visible
from .untrusted import (
    check_id as check_id,
    check_name as check_name,
    files_of_tar as files_of_tar,
    inside as inside,
    is_id as is_id,
    is_inside as is_inside,
)
from .uris import (
    above as above,
    below as below,
    check_no_credentials as check_no_credentials,
    check_no_secrets as check_no_secrets,
    is_uri as is_uri,
)
from .whole_files import (
    PART as PART,
    Version as Version,
    cache_folder as cache_folder,
    fetch_file as fetch_file,
    has_folders as has_folders,
    read_bytes as read_bytes,
    send_file as send_file,
    version_of as version_of,
    write_bytes as write_bytes,
    written_whole as written_whole,
)
