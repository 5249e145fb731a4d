"""What was found, how sure, what next: in words that follow from the trials."""

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.studies.report.findings import best_config, found, sure
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


SEEDS = {"a": (0.8, 0.9), "b": (0.5, 0.6), "c": (0.1,)}  # the scores of configs with their seeds


def repeated(values=SEEDS):
    return [
        recorded(f"{name}{seed}", {"x": name, "seed": seed}, [(1, {"score": value})])
        for name, own in values.items()
        for seed, value in enumerate(own)
    ]


def accurate(*values):
    trials = [recorded(f"t{i}", {"x": i}, [(1, {"accuracy": v})]) for i, v in enumerate(values)]
    again = [recorded(f"f{i}", {}, [(1, {"test_accuracy": v})], role="final")
             for i, v in enumerate((0.89, 0.91))]  # fmt: skip
    return trials, again


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (SEEDS, "It is 0.3 ahead of the next config in score: clearly, as chance alone makes up to "
                "0.14 (from repeated trials)."),
        ({**SEEDS, "b": (0.75, 0.9)},
         "It is 0.025 ahead of the next config in score, which is not clear. Chance alone makes up "
         "to 0.18 (from repeated trials). The next one may be as good."),
        ({**SEEDS, "b": (0.8, 0.9), "d": (0.8, 0.9), "e": (0.84,)},
         "The next config has the same score. Chance alone makes up to 0.14 (from repeated "
         "trials). 3 others may be as good."),
    ],
)  # fmt: skip
def test_configs_that_were_repeated_say_what_a_seed_changes(values, said):
    assert sure(stored(repeated(values)))[-1] == said
    negative = {name: tuple(-value for value in own) for name, own in values.items()}
    assert sure(stored(repeated(negative), objectives=(("score", "min"),)))[-1] == said


@pytest.mark.parametrize(
    ("values", "images", "said"),
    [
        ((0.9, 0.8), 0, "0.039 (from seeds of the final training, in test_accuracy)"),
        ((0.9, 0.8), 25, "0.17 (from seeds of the final training, in test_accuracy and 25 "
                         "validation images)"),
        ((0.9, 0.8), 10**6, "0.039 (from seeds of the final training, in test_accuracy and 1000000 "
                            "validation images)"),
        ((1.0, 0.8), 25, "0.039 (from seeds of the final training, in test_accuracy)"),
        ((90.0, 80.0), 25, "0.039 (from seeds of the final training, in test_accuracy)"),
    ],
)  # fmt: skip
def test_chance_is_that_of_seeds_or_of_images_whichever_is_more(values, images, said):
    trials, again = accurate(*values)
    whole = {"objectives": (("accuracy", "max"),), "dataset_context": {"validation": images}}
    assert f"up to {said}" in sure(stored([*trials, *again], **whole))[-1]


def test_a_final_training_that_failed_is_no_seed():
    trials, again = accurate(0.9, 0.8)
    broken = recorded("f9", {}, [(1, {"test_accuracy": 0.1})], role="final", outcome="failed")
    study = stored([*trials, broken, *again], objectives=(("accuracy", "max"),))
    assert sure(study)[0] == (
        "Trained again from scratch, 2 seeds: test_accuracy 0.9 ± 0.13 (95 % interval)."
    )
    assert "clearly, as chance alone makes up to 0.039 (from seeds" in sure(study)[1]
    alone = stored([*trials, again[0]], objectives=(("accuracy", "max"),))
    assert sure(alone)[0] == "Trained again from scratch, 1 seed: test_accuracy 0.89."
    assert "is not known" in sure(alone)[1]


def test_of_one_config_or_of_none_nothing_is_sure():
    assert sure(stored([trial("a", 0.9)]))[-1] == "There is no other config to compare it with."
    assert sure(stored([])) == ["There is nothing to be sure of."]


def test_of_several_objectives_no_lead_is_told_and_each_has_its_best():
    values = {"a": (0.9, 5.0), "b": (0.5, 2.0), "c": (0.4, 3.0)}
    trials = [recorded(n, {"x": n}, [(1, {"score": s, "cost": c})])
              for n, (s, c) in values.items()]  # fmt: skip
    study = stored(trials, objectives=(("score", "max"), ("cost", "min")))
    assert found(study) == (
        "A front of 2 trials, of which none is beaten in all objectives. Best by each alone: "
        "score: 0.9, trial a after 1 epochs; cost: 2, trial b after 1 epochs. 3 trials: 3 "
        "completed."
    )
    assert len(sure(study)) == 1


def test_a_repeated_config_is_found_by_its_mean():
    told = found(stored(repeated()))
    assert told == (
        "Best score: 0.85 (mean of 2 seeds), trial a1 after 1 epochs. 5 trials: 5 completed."
    )


def test_a_study_without_a_value_says_so():
    assert found(stored([])) == (
        "Nothing yet: no trial has a value of every objective. No trial was begun."
    )
    assert best_config(stored([])) == {}
    assert best_config(stored([trial("a", 0.9)])) == {"x": 0.5, "y": 0.5}


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


@pytest.mark.parametrize(
    ("low", "high", "x", "said"),
    [
        (0.01, 1.0, 0.02, "x = 0.02, at the bound 0.01. Let the space reach below it"),
        (0.01, 2.0, 1.99, "x = 1.99, at the bound 2. Let the space reach above it"),
        (1.0, 4.0, 1.01, "x = 1.01, at the bound 1. Let the space reach below it"),
        (-1.0, 1.0, 0.99, "x = 0.99, at the bound 1. Let the space reach above it"),
        (-1.0, 4.0, 3.99, "x = 3.99, at the bound 4. Let the space reach above it"),
        (0.01, 2.0, 1.0, None),
        (0.0, 1.0, 0.001, None),  # nothing lies below 0
        (-2.0, 0.0, -0.001, None),
        (0.01, 1.0, 0.99, None),  # a share
    ],
)  # fmt: skip
def test_a_bound_that_the_best_config_touches_is_named(low, high, x, said):
    """`y` is the same in all trials, so it says nothing."""
    space = SearchSpace("range", training={"x": tune.uniform(low, high)}).as_data()
    (told,) = next_steps(stored(many(3, x=x), domains=space))
    assert ("bound" in told) == (said is not None)
    assert (said or "Nothing") in told
    assert ("--warm-start s" in told) == (said is not None)


def test_a_bound_is_looked_for_in_each_range_of_a_space():
    space = SearchSpace("two", training={
        "n": tune.randint(1, 9), "free": tune.uniform(0.5, 1.5), "x": tune.uniform(0.01, 1.0),
    }).as_data()  # fmt: skip
    trials = [
        recorded(f"t{i}", {"n": i + 1, "kind": str(i), "free": 1 + i / 100, "x": 0.02 + i / 100},
                 [(1, {"score": -i})])
        for i in range(8)
    ]  # fmt: skip
    (told,) = next_steps(stored(trials, domains=space))
    assert "x = 0.02" in told
    assert next_steps(stored(trials[:7], domains=space)) == ["Nothing in the trials asks for more."]


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


def test_of_several_reasons_the_commonest_is_told_with_its_number():
    errors = ["E: one", "E: two", "E: two", None]
    broken = [trial(f"x{i}", 0, outcome="failed", error=e) for i, e in enumerate(errors)]
    (told,) = next_steps(stored([trial("a", 0.5), *broken]))
    assert told.startswith("4 of 5 trials failed, 2 of them with “E: two”.")
    (told,) = next_steps(stored([trial("a", 0.5), broken[3]]))
    assert "1 of 2 trials failed with “no reason given”" in told


def test_no_more_than_two_things_are_asked_for():
    broken = trial("x", 0, outcome="failed", error="E")
    steps = next_steps(stored([*many(18, x=0.02), broken], domains=RANGE))
    assert [("failed" in one, "bound" in one) for one in steps] == [(True, False), (False, True)]


@pytest.mark.parametrize(("best_at", "trials", "more"), [(15, 20, 40), (14, 20, 0), (6, 7, 0)])
def test_a_best_trial_is_late_in_the_last_quarter_of_enough_trials(best_at, trials, more):
    """By when they began, not by the order in which they are stored."""
    study = stored(many(best_at)[:trials][::-1])
    assert next_steps(study)[0].endswith(f"--trials {more}") == (more > 0)
