"""What is said of a word that nobody knows."""

import re

import pytest

from automl_on_ray.search_spaces.core import UserError, check_choice, near_miss


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("scroe", ["loss", "score"], " Did you mean 'score'?"),
        ("Accuracy", ["accuracy"], " Did you mean 'accuracy'?"),
        ("score", ["val/score"], " Did you mean 'val/score'?"),
        ("score", ["loss"], ""),
        ("score", ["score"], ""),
    ],
)
def test_the_nearest_word_is_offered_whatever_its_case(word, known, said):
    assert near_miss(word, known) == said


def test_a_known_choice_passes_and_an_unknown_one_is_told_with_its_place_and_the_list():
    check_choice("colour", "red", ["red", "blue"])
    message = "Unknown colour 'rde' in the sky. Did you mean 'red'? There are: red, blue."
    with pytest.raises(UserError, match=re.escape(message)):
        check_choice("colour", "rde", ["red", "blue"], where="the sky")
    with pytest.raises(UserError, match=r"^Unknown colour 7\. There are: red, blue\.$"):
        check_choice("colour", 7, ["red", "blue"])
