from .events import (
    EventKeywords as EventKeywords,
    Events as Events,
    give_events as give_events,
    load_events as load_events,
)
from .metrics import (
    METRICS as METRICS,
    per_user as per_user,
    scores as scores,
    top as top,
)
from .models import (
    FitSettings as FitSettings,
    Recommender as Recommender,
    fit as fit,
    load as load,
    save as save,
)
from .ranking import Ranked as Ranked, rank as rank
from .registered import RecommenderModel as RecommenderModel, final_model_of as final_model_of
from .seen import Seen as Seen
from .trainable import Recommendations as Recommendations
