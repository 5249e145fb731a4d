"""AutoGluon (Erickson et al. 2020), on one thread. Runs in AutoGluon's own environment.

The way says which of its presets: "autogluon" is its default, "autogluon-best" bags in folds.
"""

import sys
from pathlib import Path

from benchmarks.tabular._exchange import (
    count_cpu_instead_of_the_clock,
    counted,
    read_asked,
    write_answer,
)

METRICS = {"auc": "roc_auc", "log_loss": "log_loss", "rmse": "root_mean_squared_error"}
PRESETS = {"autogluon": "medium_quality", "autogluon-best": "best_quality_v150"}
ONE_AFTER_THE_OTHER = {"fold_fitting_strategy": "sequential_local"}  # no Ray, whose CPU is another


def main(folder: Path) -> None:
    asked, train, test = read_asked(folder)
    count_cpu_instead_of_the_clock()
    from autogluon.tabular import TabularPredictor

    facts: dict[str, object] = {}
    tool = TabularPredictor(
        label=asked.target, problem_type=asked.task, eval_metric=METRICS[asked.metric],
        path=str(folder / "autogluon"), verbosity=0,
    )  # fmt: skip
    with counted(facts, "search_seconds"):
        tool.fit(
            train, presets=PRESETS[asked.way], time_limit=asked.seconds, num_cpus=1, num_gpus=0,
            ag_args_ensemble=ONE_AFTER_THE_OTHER, dynamic_stacking=False,
        )  # fmt: skip
    with counted(facts, "predict_seconds"):
        if asked.classes:
            found = tool.predict_proba(test, as_pandas=True)
            predictions = found.rename(columns=str)[list(asked.classes)].to_numpy()
        else:
            predictions = tool.predict(test).to_numpy()
    facts["models"] = len(tool.model_names())
    facts["chosen"] = str(tool.model_best)
    write_answer(folder, predictions, facts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
