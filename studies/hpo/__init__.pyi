from .plan import prepare as prepare
from .settings import HpoSettings as HpoSettings
from .study import tune_hyperparameters as tune_hyperparameters
