"""Recorded curves, run again under other schedulers and numbers of slots."""

import pytest

from automl_on_ray.simulation import outcome_of
from automl_on_ray.tracking.store import recorded_table

TABLE = "trial,step,loss,seconds\n" + "\n".join(
    f"{trial},{step},{trial + 1 / step},{trial + 1}" for trial in range(9) for step in range(1, 10)
)


def test_more_slots_end_earlier_and_asha_trains_less_than_fifo(tmp_path):
    table = tmp_path / "curves.csv"
    table.write_text(TABLE)
    recording = recorded_table(table, "loss", "min")
    fifo, wide, asha = (
        outcome_of(recording, *how, 9, seed=0) for how in (("fifo", 1), ("fifo", 9), ("asha", 1))
    )
    assert fifo.seconds == sum(9 * (trial + 1) for trial in range(9))
    assert wide.seconds == 9 * 9
    assert fifo.ended == wide.ended == (9,) * 9
    assert sum(asha.ended) < sum(fifo.ended)
    assert asha.best == fifo.best == pytest.approx(1 / 9)
