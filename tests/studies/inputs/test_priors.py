"""What `--prior` says of parameters: to searchers, the terminal, the page, MLflow and a resume."""

import itertools

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies import hpo
from automl_on_ray.studies.hpo import HpoSettings
from automl_on_ray.studies.inputs import parted

NAMES = (f"priors-{number}" for number in itertools.count())
RATE = "learning_rate ~ lognormal(1e-3, x3)"


@pytest.fixture
def planned(storage):
    def plan(*priors, **asked):
        usual = {
            "dataset": "digits", "subset": 400, "storage": str(storage), "name": next(NAMES),
            "tracking_uri": f"sqlite:///{storage}/mlflow.db", "searcher": "random",
        }  # fmt: skip
        made = hpo.prepare(HpoSettings(**{**usual, **asked}, prior=list(priors) or None))
        with made.study:
            return made

    return plan


def test_a_word_with_a_tilde_is_a_belief_and_one_without_a_proxy():
    assert parted(["naswot", RATE]) == ("naswot", [RATE])
    assert parted("naswot") == ("naswot", [])  # as Python may write it
    assert parted(None) == (None, [])
    with pytest.raises(UserError, match="takes one proxy, and got naswot and synflow"):
        parted(["naswot", "synflow"])


def test_what_is_believed_reaches_searcher_terminal_record_and_mlflow(planned, capsys):
    made = planned(RATE)
    heeded = "learning_rate ~ lognormal(0.001, x3)"
    assert [str(belief) for belief in made.searcher.settings.beliefs] == [heeded]
    assert f"Priors: {heeded}; they fade as results come." in capsys.readouterr().out
    assert made.record.believed == heeded
    assert made.record.params()["prior"] == heeded


def test_a_belief_and_a_proxy_may_be_given_together(planned):
    settings = planned("live_parameters", RATE).searcher.settings
    assert settings.prior.name == "live_parameters"
    assert len(settings.beliefs) == 1


def test_nothing_is_said_where_nothing_is_believed(planned, capsys):
    made = planned()
    assert "Priors" not in capsys.readouterr().out
    assert "prior" not in made.record.params()


@pytest.mark.parametrize(
    ("priors", "asked", "said"),
    [
        (["learning_rat ~ lognormal(1e-3, x3)"], {}, "Did you mean 'learning_rate'"),
        ([RATE], {"searcher": "bayesian", "acquisition": "ucb"}, "leave one of them out"),
        ([RATE, RATE], {}, "two beliefs of 'learning_rate'"),
    ],
)
def test_what_cannot_be_believed_is_refused_before_anything_is_started(
    priors, asked, said, planned
):
    with pytest.raises(UserError, match=said):
        planned(*priors, **asked)


def test_a_study_goes_on_with_the_same_beliefs_alone(planned):
    planned(RATE, name="same")
    planned("learning_rate~lognormal(0.001,x3)", name="same")  # the same in other words
    with pytest.raises(UserError, match="was begun with prior"):
        planned("learning_rate ~ lognormal(1e-3, x2)", name="same")


def test_a_study_with_a_proxy_that_was_begun_before_there_were_beliefs_goes_on(planned):
    made = planned("live_parameters")
    assert made.study.asked["prior"] == "live_parameters"
