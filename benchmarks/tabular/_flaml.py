"""FLAML (Wang et al. 2021) with its defaults, on one thread. Runs in FLAML's own environment."""

import sys
from pathlib import Path

from benchmarks.tabular._exchange import (
    count_cpu_instead_of_the_clock,
    counted,
    read_asked,
    write_answer,
)

METRICS = {"auc": "roc_auc", "log_loss": "log_loss", "rmse": "rmse"}


def main(folder: Path) -> None:
    asked, train, test = read_asked(folder)
    count_cpu_instead_of_the_clock()
    from flaml import AutoML

    facts: dict[str, object] = {}
    tool = AutoML()
    with counted(facts, "search_seconds"):
        tool.fit(
            train.drop(columns=asked.target), train[asked.target].to_numpy(),
            task="regression" if asked.task == "regression" else "classification",
            metric=METRICS[asked.metric], time_budget=asked.seconds, n_jobs=1, seed=asked.seed,
            verbose=0, log_file_name="",
        )  # fmt: skip
    with counted(facts, "predict_seconds"):
        if asked.classes:
            places = [list(map(str, tool.classes_)).index(one) for one in asked.classes]
            predictions = tool.predict_proba(test)[:, places]
        else:
            predictions = tool.predict(test)
    facts["models"] = 1
    facts["chosen"] = str(tool.best_estimator)
    write_answer(folder, predictions, facts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
