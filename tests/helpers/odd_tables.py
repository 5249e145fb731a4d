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
    return pd.DataFrame({"age": age, "town": town, "left": left})


def csv_of(frame, encoding="utf-8", **options):
    return frame.to_csv(index=False, **options).encode(encoding)


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


def json_lines():
    return "\n".join(json.dumps(row) for row in usual().to_dict("records")).encode()


# What is in the file, options beside the target "left", and what the one line says.
REFUSED = {
    "target that is missing": (csv_of(usual()), {"target": "gone"}, "has no column 'gone'"),
    "target that is constant": (csv_of(usual().assign(left="yes")), {}, "'yes' in all rows"),
    "target without a value": (csv_of(usual().assign(left=None)), {}, "missing in all rows"),
    "class of one row": (one_row_of_a_class(), {}, "one row only, such as 'perhaps'"),
    "no value in any column": (
        csv_of(usual().assign(age=None, town=None)), {}, "no column to learn from"),
    "two columns of one name": (
        csv_of(usual().rename(columns={"town": "age"})), {}, "several columns called 'age'"),
    "empty file": (b"", {}, "is empty"),
    "header alone": (csv_of(usual().head(0)), {}, "no rows below"),
    "rows of JSON": (json_lines(), {}, "has no column 'left'"),
    "no file": (None, {}, "There is no table at"),
    "empty name of a target": (csv_of(usual()), {"target": ""}, "has no column '' for the target"),
    "target of dates": (
        csv_of(usual().assign(left=pd.date_range("2024-01-01", periods=ROWS))), {}, "holds dates"),
    "target that numbers cannot tell apart": (
        csv_of(usual().assign(left=[2**62 + i for i in range(ROWS)])), {}, "in all rows"),
    "target that is too large": (
        csv_of(usual().assign(left=[10.0 ** (i % 60) for i in range(ROWS)])), {}, "too much"),
    "one group": (csv_of(usual().assign(shop="a")), {"group": "shop"}, "All rows are of one group"),
    "no such group": (csv_of(usual()), {"group": "shop"}, "no column 'shop' for the group"),
    "no such time": (csv_of(usual()), {"time": "day"}, "no column 'day' for the time"),
    "regression of words": (csv_of(usual()), {"task": "regression"}, "'no' is no number"),
    "unknown task": (csv_of(usual()), {"task": "classify"}, "There are: binary, multiclass"),
    "metric of another task": (csv_of(usual()), {"objective": "-rmse"}, "no metric of binary"),
    "unknown metric": (csv_of(usual()), {"objective": "aux"}, "Did you mean 'auc'?"),
    "a scheduler that changes trials": (csv_of(usual()), {"scheduler": "pbt"}, "one config"),
    "fewer rows than folds": (csv_of(usual()), {"subset": 4}, "5 folds need 10 rows"),
}  # fmt: skip
# The same of what is handled, and what is said of it.
HANDLED = {
    "column of lists": (lists_of_numbers(), {}, "scores: it holds lists"),
    "10,000 categories": (many_categories(), {}, "street"),
    "infinite number": (with_infinite_numbers(), {}, "1 infinite numbers are taken as missing"),
    "times of the day": (
        csv_of(usual().assign(at=[f"{i % 24}:{i % 60:02}" for i in range(ROWS)])), {},
        "at': its times of the day are taken as seconds"),
    "classes of few rows": (
        csv_of(usual().assign(left=[f"c{i // 4}" for i in range(ROWS)])), {}, "few rows of the"),
    "dates in two formats": (two_formats_of_dates(), {}, "written in 2 ways; all were read"),
    "dates without a time": (time_that_goes_backwards(), {}, "give --time day"),
    "time that goes backwards": (time_that_goes_backwards(), {"time": "day"}, "not in order"),
    "mixed types": (mixed_types(), {}, "others such as 'large' in 40 rows; taken as categories"),
    "another delimiter": (csv_of(usual(), sep=";"), {}, "numbers 1: age"),
    "another encoding": (
        csv_of(usual().replace("Oslo", "Malmö"), encoding="latin-1"), {}, "read as Windows-1252"),
    "a byte order mark": (b"\xef\xbb\xbf" + csv_of(usual()), {}, "numbers 1: age"),
    "target under another name": (
        csv_of(usual().assign(gone=usual().left)), {}, "gone: it is the target"),
}  # fmt: skip
