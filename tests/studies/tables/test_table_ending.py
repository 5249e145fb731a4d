"""What the end of a study of a table does without."""

from automl_on_ray.clusters import Resources
from automl_on_ray.studies.tables.finish import _Fits
from automl_on_ray.trainables.tables import LINEAR_CONFIG
from tests.trainables.tables.fitted_tables import wine


def test_a_model_to_compare_with_that_takes_too_long_is_left_out_with_a_warning(capsys):
    fits = _Fits(wine(), seed=0, time_limit=0.0, resources=Resources(slots=1, cpus=1, gpus=0))
    assert fits.fit("linear", "linear", LINEAR_CONFIG) == {}
    told = " ".join("".join(capsys.readouterr()).split())
    assert "There is no linear model to compare with: The fit of linear took longer" in told


def test_a_model_to_compare_with_answers_for_the_test_rows():
    fits = _Fits(wine(), seed=0, time_limit=300, resources=Resources(slots=1, cpus=1, gpus=0))
    found = fits.fit("linear", "t_1", LINEAR_CONFIG)
    assert list(found["linear"].members) == ["t_1"]
    assert found["linear"].predict(wine().test_features).shape == (len(wine().test_answers), 3)
