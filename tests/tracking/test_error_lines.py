"""One line for a person, out of what Ray keeps of a trial's failures."""

import pytest

from automl_on_ray.tracking import error_line

FRAMES = """ray::Net.train() (pid=7, ip=10.0.0.1, actor_id=0a, repr=<net.Net object>)
  File "/ray/tune/trainable/trainable.py", line 331, in train
    result = self.step()
  File "/home/me/net.py", line 9, in step
    raise ValueError(text)
"""
DIED = """The actor died unexpectedly before finishing this task.
\tclass_name: Net
\tpid: 7
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker \
exit detail: Worker exits with an exit code 3. Some common causes include: (1) many"""
GONE = DIED.replace("Worker exits with an exit code 3.", "An error code 2. End of file.")
GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "/home/me/net.py", line 9, in step
  |     raise ExceptionGroup("two", errors)
  | ExceptionGroup: two (2 sub-exceptions)
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{FRAMES}ValueError: no x", "ValueError: no x"),
        (f"{FRAMES}mine.Odd: no x\nhint: see https://x", "mine.Odd: no x"),
        (f"{FRAMES}ValueError: several lines\nwhere: here\n", "ValueError: several lines"),
        (f"{FRAMES}RuntimeError: state:\n\tMissing: w", "RuntimeError: state: Missing: w"),
        (f"{FRAMES}KeyboardInterrupt", "KeyboardInterrupt"),
        (DIED, "The trial's process died: Worker exits with an exit code 3."),
        (GONE, "The trial's process died: It crashed, or was killed: memory may be short."),
        (GROUP, "ExceptionGroup: two (2 sub-exceptions)"),
        ("OutOfMemoryError: all\nMemory on the node: 9 GB", "OutOfMemoryError: all"),
        (f"{FRAMES}ValueError: [/data/x] of [batch, 3]", "ValueError: [/data/x] of [batch, 3]"),
        ("", "unknown"),
    ],
)  # fmt: skip
def test_it_names_kind_and_reason(text, line):
    assert error_line(f"Failure # 1 (occurred at 2026-01-01_00-00-00)\n{text}\n") == line


def test_it_is_of_the_last_failure():
    both = [f"Failure # {n} (occurred at 2026-01-01_00-00-0{n})\n{FRAMES}ValueError: {n}\n"
            for n in (1, 2)]  # fmt: skip
    assert error_line("".join(both)) == "ValueError: 2"
