from .plan import HpoPlan as HpoPlan, prepare as prepare
from .settings import HpoSettings as HpoSettings
