"""Which classes are taken for which."""

import numpy as np

from automl_on_ray.trainables.tables.test_report import confusion_of


def test_rows_are_counted_by_true_class_and_answer():
    given = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    found = confusion_of(given, np.array([0, 1, 1, 1]), ("no", "yes"))
    assert found.counts == ((1, 0), (1, 2))
    assert found.left_out == 0


def test_of_many_classes_the_commonest_are_shown_in_their_order():
    answers = np.repeat(np.arange(30), np.arange(1, 31))
    found = confusion_of(np.eye(30)[answers], answers, tuple(f"c{i:02}" for i in range(30)))
    assert found.classes == tuple(f"c{i:02}" for i in range(10, 30))
    assert [row[i] for i, row in enumerate(found.counts)] == list(range(11, 31))
    assert found.left_out == sum(range(1, 11))
