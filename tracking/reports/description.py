"""A study's description in Markdown, for its run's page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.study import Study, TrialRow

TABLE_ROWS = 10

RowT = TypeVar("RowT", bound=TrialRow)


def describe(
    study: Study,
    counts: Mapping[str, int],
    best: Sequence[TrialRow],
    versions: Mapping[str, str],
    *,
    links: Mapping[str, str] | None = None,
    runs: Mapping[str, str] | None = None,
    final: Mapping[str, Mapping[str, Any]] | None = None,
    verdict: Sequence[str] = (),
) -> str:
    """`counts` are trials by outcome, `best` some of the first of `best_first`.

    `runs` maps a trial's id to the address of its page; `final` is what the final model
    gave, in tables by title.
    """
    told = ", ".join(f"{counts[k]} {k}" for k in sorted(counts) if counts[k]) or "none yet"
    first = study.objectives[0].metric
    found = f"Best {first}: **{best[0].metrics[first]:.6g}**. " if best else ""
    parts = [
        f"{found}Trials: {told}. {', '.join(map(str, study.objectives))} on {study.dataset}, "
        f"space {study.space}, searcher {study.searcher}, scheduler {study.scheduler}, "
        f"seed {study.seed}."
    ]
    if study.warm_start:
        parts.append(study.warm_start)
    if verdict:
        parts.append(" ".join(verdict))
    if links:
        parts.append(" · ".join(f"[{name}]({address})" for name, address in links.items()))
    for title, facts in (final or {}).items():
        lines = [f"| {key} | {_text(value)} |" for key, value in facts.items()]
        parts.append("\n".join([f"| {title} | |", "|--|--|", *lines]))
    if best:
        parts.append(_table(best[:TABLE_ROWS], study, runs or {}))
    data = {"digest": f"`{study.dataset_digest[:12]}`", **study.dataset_context}
    told = ", ".join(f"{key} {_text(value)}" for key, value in data.items())
    parts.append(f"Data: {study.dataset}, {told}.")
    parts.append("Versions: " + ", ".join(f"{k} {v}" for k, v in versions.items()) + ".")
    parts.append(f"Again:\n\n    {study.command}")
    return "\n\n".join(parts)


def best_first(rows: Iterable[RowT], objectives: Sequence[Objective]) -> list[RowT]:
    """Trials that have every objective as a finite number, best first.

    Without those that failed, or were beyond a limit.

    A trial's value of a metric is what it reported last: so the searcher is told, so trials are
    ranked, and so it stands wherever a best value is shown.
    """
    ranks = ((rank(row.metrics, row.outcome, objectives), row) for row in rows)
    scored = [(value, row) for value, row in ranks if value is not None]
    return [row for _, row in sorted(scored, key=lambda one: one[0])]


def rank(
    metrics: Mapping[str, float], outcome: str, objectives: Sequence[Objective]
) -> float | None:
    """By which trials are put in order, lowest first; None for one that is not among them."""
    if outcome in ("failed", "infeasible") or any(
        finite(metrics.get(o.metric)) is None for o in objectives
    ):
        return None
    return -objectives[0].sign() * metrics[objectives[0].metric]


def best_values(rows: Sequence[TrialRow], objectives: Sequence[Objective]) -> dict[str, float]:
    """The best value of each objective so far, by MLflow's name of it."""
    best = {o.metric: best_first(rows, (o,)) for o in objectives}
    return {
        f"best_{mlflow_name(metric)}": rows[0].metrics[metric]
        for metric, rows in best.items()
        if rows
    }


def _table(rows: Sequence[TrialRow], study: Study, runs: Mapping) -> str:
    keys = list(dict.fromkeys(key for row in rows for key in row.config))
    varied = [k for k in keys if len({repr(row.config.get(k)) for row in rows}) > 1]
    goals = [_text(o.metric) for o in study.objectives]
    head = ["trial", *goals, f"{study.step}s", "outcome", *varied]
    lines = [f"| {' | '.join(head)} |", "|" + "--|" * len(head)]
    for row in rows:
        name = row.trial_id
        if row.trial_id in runs:
            name = f"[{name}]({runs[row.trial_id]})"
        values = [_text(row.metrics.get(o.metric, "")) for o in study.objectives]
        config = [_text(row.config.get(key, "")) for key in varied]
        lines.append(
            f"| {' | '.join([name, *values, str(row.iterations), row.outcome, *config])} |"
        )
    return "\n".join(lines)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|").replace("\n", " ")[:60]
