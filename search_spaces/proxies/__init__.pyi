from .counts import count_flops as count_flops, count_parameters as count_parameters
from .formulas import FORMULAS as FORMULAS, Batch as Batch, noise as noise, score as score
from .limits import COUNTED as COUNTED, Limit as Limit
from .members import Networks as Networks, Proxy as Proxy, Within as Within
from .names import NAMES as NAMES
