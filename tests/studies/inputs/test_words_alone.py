"""What is refused by the words of a command alone, before anything heavy is loaded."""

import os
import threading

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.hpo import HpoSettings
from automl_on_ray.studies.inputs import check_words


@pytest.mark.parametrize("name", ["none.csv", "none.parquet", "none.json"])
def test_a_file_of_known_results_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(UserError, match=r"none\.json cannot be read|There is no table at .*none"):
        check_words(vars(HpoSettings(known=[str(tmp_path / name)])))


def test_a_pipe_is_left_to_be_read_where_it_is_used(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("[]",))
    writer.start()
    check_words(vars(HpoSettings(try_first=pipe)))
    assert pipe.read_text() == "[]"
    writer.join()
