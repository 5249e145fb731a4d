"""Driving a searcher without Tune: what Tune's loop does when a searcher has nothing yet."""

import time


def take(searcher, trial_id, seconds=120.0):
    """The searcher's answer for `trial_id`, asked for again as long as it is None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        suggestion = searcher.suggest(trial_id)
        if suggestion is not None:
            return suggestion
        time.sleep(0.01)
    raise TimeoutError(f"no suggestion within {seconds} s")
