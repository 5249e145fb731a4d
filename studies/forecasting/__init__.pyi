from .intervals import Interval as Interval
from .plan import prepare as prepare
from .report import Compared as Compared, Example as Example, ForecastReport as ForecastReport
from .settings import ForecastSettings as ForecastSettings
from .study import search_forecasts as search_forecasts
from .words import compared_lines as compared_lines, lines_of as lines_of
