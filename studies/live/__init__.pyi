from .progress import Progress as Progress, Shown as Shown
from .text import clock as clock, sparkline as sparkline
