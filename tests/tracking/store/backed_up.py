"""What stands for MLflow's database: a table of runs."""

import sqlite3
from contextlib import closing


def rows(database):
    with closing(sqlite3.connect(database)) as opened:
        return [row[0] for row in opened.execute("SELECT name FROM runs ORDER BY name")]


def add(database, name):
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO runs VALUES (?)", (name,))
