from .examination import examine as examine, tell as tell
from .finding import UNFILLED as UNFILLED, ClusterFile as ClusterFile, Finding as Finding
from .live import examine_live as examine_live
