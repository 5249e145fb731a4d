"""What was found, how sure, what next: in words that follow from the trials."""

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.studies.report.findings import found, sure
from automl_on_ray.studies.report.next_steps import next_steps
from automl_on_ray.studies.results import Summary
from tests.helpers.recorded import recorded, stored

RANGE = SearchSpace("range", training={"x": tune.uniform(0.01, 1.0)}).as_data()


def trial(name, score, *, x=0.5, **more):
    return recorded(name, {"x": x, "y": 0.5}, [(1, {"score": score})], **more)


def finals(*values):
    return [trial(f"f{i}", value, role="final") for i, value in enumerate(values)]


def many(best_at, *, x=0.5):
    """Twenty trials, of which the one begun then is the best."""
    return [
        trial(f"t{i}", 1.0 if i == best_at else i / 100, x=x if i == best_at else 0.3 + i / 100,
              began=i)
        for i in range(20)
    ]  # fmt: skip


def test_the_best_value_and_all_trials_by_outcome():
    trials = [trial("a", 0.5), trial("b", 0.9), trial("c", 0.7, whole=False),
              trial("d", 2.0, outcome="failed")]  # fmt: skip
    told = found(stored(trials))
    assert told.startswith("Best score: 0.9, trial b after 1 epochs.")
    assert "after 1 folds" in found(stored(trials, step="fold"))
    assert "4 trials: 2 completed, 1 cut by the scheduler, 1 failed." in told


@pytest.mark.parametrize(
    ("seeds", "words"),
    [((0.80, 0.81, 0.82), "clearly, as chance"), ((0.6, 0.8, 1.0), "1 others may")],
)
def test_a_lead_is_clear_if_seeds_alone_would_not_make_it(seeds, words):
    study = stored([trial("a", 0.9), trial("b", 0.5), trial("c", 0.1), *finals(*seeds)])
    told = " ".join(sure(study))
    assert "0.4 ahead of the next config in score" in told
    assert words.replace("1 others", "The next one") in told


def test_final_seeds_have_a_mean_and_an_interval():
    told = sure(stored([trial("a", 0.9), *finals(0.80, 0.81, 0.82)]))[0]
    assert "3 seeds: score 0.81 ± 0.025 (95 % interval)" in told


def test_of_a_final_model_that_no_repeat_made_its_verdict_tells():
    made = Summary(final=[{"test_score": 0.9}], verdict=["An ensemble of two."])
    told = sure(stored([trial("a", 0.9), trial("b", 0.5)], summary=made))
    assert "was not trained again" not in " ".join(told)
    assert told[-1] == "An ensemble of two."


def test_without_repeats_a_lead_is_not_called_clear():
    told = " ".join(sure(stored([trial("a", 0.9), trial("b", 0.5)])))
    assert "was not trained again" in told
    assert "is not known" in told


def test_the_size_of_the_validation_set_bounds_what_a_lead_says():
    trials = [
        recorded(name, {"x": x}, [(1, {"accuracy": value})])
        for name, x, value in (("a", 0.1, 0.92), ("b", 0.2, 0.91))
    ]
    study = stored(trials, objectives=(("accuracy", "max"),), dataset_context={"validation": 100})
    assert "not clear" in " ".join(sure(study))
    assert "100 validation images" in " ".join(sure(study))


def test_more_trials_are_asked_for_if_the_best_came_late():
    assert "--trials 40" in next_steps(stored(many(18)))[0]
    assert next_steps(stored(many(3))) == ["Nothing in the trials asks for more."]


@pytest.mark.parametrize(
    ("command", "goes_on", "another"),
    [
        ("python workflows/hpo.py --name 'my study' --trials 20",
         "--name 'my study' --trials 20 --trials 40",
         "--name 'my study-2' --warm-start 'my study'"),
        ("the same call in Python, with name='my study'",
         "with name='my study', trials=40", "with name='my study-2', warm_start='my study'"),
    ],
)  # fmt: skip
def test_a_command_is_the_study_s_own_with_one_option_more(command, goes_on, another):
    """Of an option that is typed twice the last one counts."""
    late = stored(many(18), name="my study", command=command)
    assert next_steps(late)[0].endswith(goes_on)
    at_bound = stored(many(3, x=0.02), name="my study", command=command,
                      domains=RANGE)  # fmt: skip
    assert next_steps(at_bound)[0].endswith(another)


def test_a_choice_that_no_trial_with_a_value_had_is_named():
    trials = [recorded(f"t{i}", {"kind": "ab"[i % 2]}, [(1, {"score": -i})]) for i in range(10)]
    declared = SearchSpace("k", training={"kind": tune.choice(["a", "b", "c"])}).as_data()
    assert "kind = c" in next_steps(stored(trials, domains=declared))[0]
    for quiet in ({"options": ["a", "b"]}, {"conditional": True}):
        told = next_steps(stored(trials, domains={"kind": {**declared["kind"], **quiet}}))
        assert told == ["Nothing in the trials asks for more."]


def test_a_bound_that_the_best_config_touches_is_named():
    (told,) = next_steps(stored(many(3, x=0.02), domains=RANGE))
    assert "x = 0.02, at the bound 0.01" in told
    assert "--warm-start s" in told
    (quiet,) = next_steps(stored(many(3, x=0.001)))
    assert "bound" not in quiet, "nothing lies below 0"


def test_an_older_study_whose_domains_are_not_known_says_nothing_of_bounds():
    (quiet,) = next_steps(
        stored(many(3, x=0.02), domains=None, space_text='{"x": "uniform(0, 1)"}')
    )
    assert "bound" not in quiet


def test_failed_trials_come_first_with_their_commonest_reason():
    broken = [trial(f"x{i}", 0, outcome="failed", error="OutOfMemory: no room") for i in range(3)]
    told = next_steps(stored([*many(18), *broken]))
    assert len(told) == 2
    assert "3 of 23 trials failed with “OutOfMemory: no room”" in told[0]
    assert "--retry-failed" in told[0]
