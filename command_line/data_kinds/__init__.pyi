from . import series_options as series_options
