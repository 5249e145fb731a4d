"""Tables as users have them: each odd in one way."""

import io
import json

import numpy as np
import pandas as pd

ROWS = 120


def usual(rows=ROWS, seed=0):
    """A number, a category, and a target of two classes that follows from both."""
    generator = np.random.default_rng(seed)
    age, town = generator.normal(40, 10, rows), generator.choice(["Rome", "Oslo", "Lima"], rows)
    risk = age / 10 + (town == "Oslo") + generator.normal(0, 1, rows)
    left = np.where(risk > np.median(risk), "yes", "no")
    return pd.DataFrame({"age": age.round(1), "town": town, "left": left})


def csv_of(frame, **options):
    return frame.to_csv(index=False, **options).encode()


def parquet_of(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


def one_row_of_a_class():
    frame = usual()
    frame.loc[0, "left"] = "perhaps"
    return csv_of(frame)


def two_formats_of_dates():
    days = pd.date_range("2024-01-13", periods=ROWS)
    texts = [f"{day:%Y-%m-%d}" if i % 2 else f"{day:%d/%m/%Y}" for i, day in enumerate(days)]
    return csv_of(usual().assign(since=texts))


def mixed_types():
    return csv_of(usual().assign(size=[str(i) if i % 3 else "large" for i in range(ROWS)]))


def lists_of_numbers():
    return parquet_of(usual().assign(scores=[[i, i + 1] for i in range(ROWS)]))


def time_that_goes_backwards():
    days = pd.date_range("2024-01-01", periods=ROWS)[::-1]
    return csv_of(usual().assign(day=days.strftime("%Y-%m-%d")))


def with_infinite_numbers():
    frame = usual()
    frame.loc[3, "age"] = np.inf
    return csv_of(frame)


def many_categories():
    frame = usual(rows=20_000)
    generator = np.random.default_rng(1)
    return csv_of(frame.assign(street=generator.integers(0, 10_000, len(frame)).astype(str) + "st"))


def bom():
    return b"\xef\xbb\xbf" + csv_of(usual())


def json_lines():
    return "\n".join(json.dumps(row) for row in usual().to_dict("records")).encode()
