from .encoding import Encoding as Encoding
from .explorer import AxExplorer as AxExplorer, ExplorationConfig as ExplorationConfig
from .model import AxModel as AxModel, quiet as quiet
from .outcomes import (
    check_outcomes as check_outcomes,
    metric_names as metric_names,
    parse_outcome as parse_outcome,
)
from .process import AxWorker as AxWorker, Message as Message
from .remote_model import RemoteModel as RemoteModel
