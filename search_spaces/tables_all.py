"""As `tables`, with CatBoost and XGBoost: `pip install automl-on-ray[tables]` brings them."""

from automl_on_ray.search_spaces.tables import EXTRAS, MODELS, pipelines

SPACE = pipelines("tables-all", (*MODELS, *EXTRAS))
