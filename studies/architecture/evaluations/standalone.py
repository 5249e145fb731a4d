"""Architectures, each trained by itself, briefly."""

from collections.abc import Mapping

from ray.tune import Trainable
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers import varying
from automl_on_ray.studies.architecture.evaluations._spaces import DARTS, network_space
from automl_on_ray.studies.architecture.evaluations._way import Objectives, Way
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.inputs import check_data_parallel, trained_together
from automl_on_ray.studies.plan import Evaluation


class Standalone(Way):
    """What is proposed is the candidate: architecture, and training where that varies too."""

    TRIALS = 64
    SPACE = DARTS
    USUAL = {"searcher": "gaussian-process", "scheduler": "asha", "epochs": 9}  # noqa: RUF012

    def __init__(self, asked: NasSettings) -> None:
        self.asked = asked.for_darts() if asked.space == DARTS else asked
        self.proposed = self.candidates = network_space(self.asked)

    @property
    def described(self) -> Mapping[str, str]:
        """Nothing where the space is made of options, which tell all of it."""
        return {} if self.asked.space == DARTS else super().described

    def evaluation(self, klass: type[Trainable], objectives: Objectives) -> Evaluation:
        workers, epochs = self.asked.search_workers, self.asked.epochs_of_search
        check_data_parallel(klass, search_workers=workers)
        return Evaluation(
            "standalone", trained_together(klass, workers), self.proposed, objectives,
            self.samples, epochs, workers, {"epochs": epochs},
        )  # fmt: skip

    def candidate_of(self, trial: Trial) -> Config | None:
        return varying(self.candidates, self.candidates.plain(trial.config))


WAY = Standalone
