"""In a notebook Ctrl-C (its interrupt button) stops a study, and the same call goes on."""

import asyncio

import nbclient
import nbformat
import pytest

CELLS = [
    """
import ray.tune
from automl_on_ray import study, tune
from tests.helpers.waiting import wait_until

def train(config):
    for epoch in range(4):
        if epoch == 2 and HELD.exists():
            MET.touch()
            wait_until(lambda: not HELD.exists())
        ray.tune.report({"loss": config["x"] + epoch})

def found():
    return tune(train, {"x": ray.tune.uniform(0, 1)}, objective="-loss", trials=1, epochs=4,
                searcher="sobol", scheduler="fifo", slots=1, name="noted", storage=STORAGE)
""",
    """
try:
    found()
except KeyboardInterrupt:
    print("interrupted:", study("noted", STORAGE).state)
""",
    "print(found().state)",
]


def printed(cell):
    return "".join(each.text for each in cell.outputs if each.output_type == "stream")


@pytest.mark.whole
def test_the_interrupt_button_stops_a_study_and_the_same_call_goes_on(storage, tmp_path):
    held, met = tmp_path / "held", tmp_path / "met"
    held.touch()
    names = (
        f"from pathlib import Path\nHELD, MET = Path({str(held)!r}), Path({str(met)!r})\n"
        f"STORAGE = {str(storage)!r}"
    )
    cells = [nbformat.v4.new_code_cell(code) for code in (names, *CELLS)]
    client = nbclient.NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=300)

    async def press_when_met():
        while not met.exists():
            await asyncio.sleep(0.1)
        await client.km.interrupt_kernel()

    async def go_through():
        async with client.async_setup_kernel():
            for number, cell in enumerate(cells):
                pressing = asyncio.create_task(press_when_met()) if number == 2 else None
                await client.async_execute_cell(cell, number)
                if pressing:
                    await pressing
                    held.unlink()

    asyncio.run(go_through())
    assert "interrupted: stopped" in printed(cells[2])
    assert "finished" in printed(cells[3])
