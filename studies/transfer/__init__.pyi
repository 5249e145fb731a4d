from .beginning import WarmStart as WarmStart, warm_start as warm_start
from .choosing import Today as Today
from .gained import Gained as Gained, keep_gained as keep_gained
from .portfolio import first_configs as first_configs
from .portfolio_of_a_store import Portfolio as Portfolio, stored_portfolio as stored_portfolio
from .tables import read_source as read_source
from .trust import keep_trust as keep_trust, trust_in_words as trust_in_words
