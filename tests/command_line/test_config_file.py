"""--config and --print-config: what one writes the other takes, mistakes have their line."""

import inspect
import math
import types
import typing
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from automl_on_ray.command_line.config_file import config_text, option_name, read_config
from automl_on_ray.search_spaces.core import UserError, range_of
from automl_on_ray.studies.architecture import NasSettings
from automl_on_ray.studies.hpo import HpoSettings
from automl_on_ray.studies.tables import AutomlSettings
from docs import options_page
from tests.command_line.commands import MUST_BE_GIVEN, call

SETTINGS = {"hpo": HpoSettings, "nas": NasSettings, "automl": AutomlSettings}
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)
ODD = st.sampled_from(["null", "~", "yes", "1e-3", "[a]", "{a: b}", "# a", "a: b", "- a", "'", '"',
                       "-val_loss", "0x1F", "1_000", "2024-01-01", "&a", "*a", "!!x", " a ", "|",
                       "line\nbreak", "\x85", "ü", "🦜"])  # fmt: skip


def declared(kind):
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in inspect.signature(kind).parameters}


def values_of(annotation):
    """What hypothesis draws for an option of this type and range."""
    kind = typing.get_args(annotation)[0]
    allowed = range_of(annotation)
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    base = next(one for one in kinds if one is not types.NoneType)
    least, most = (allowed.least, allowed.most) if allowed else (-math.inf, math.inf)
    if base is bool:
        drawn = st.booleans()
    elif base is int:
        drawn = st.integers(int(least), int(most))
    elif base is float:
        drawn = st.floats(least, most, exclude_min=allowed.above)
    elif allowed and allowed.word:
        drawn = st.just(allowed.word) | st.floats(least, most).map(str)
    elif base is Path:
        drawn = TEXTS.filter(lambda text: "\0" not in text).map(Path)
    elif typing.get_origin(base) is list:
        drawn = st.lists(TEXTS | ODD)
    else:
        drawn = TEXTS | ODD
    return drawn | st.none() if types.NoneType in kinds else drawn


@pytest.mark.parametrize("command", SETTINGS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_printed_is_read_back_as_it_was(command, data, tmp_path):
    options = declared(SETTINGS[command])
    names = data.draw(st.lists(st.sampled_from(sorted(options)), max_size=4, unique=True))
    values = {name: data.draw(values_of(options[name])) for name in names}
    text = config_text(values, {name: options[name] for name in names})
    file = tmp_path / "study.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    assert read_config(file, options) == values


def printed(command, *words, **environment):
    done = call(command, *words, "--print-config", **environment)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("hpo", []),
        ("hpo", ["--trials", 40, "--outcome-constraint", "flops <= 5", "--objective=-val_loss",
                 "--outcome-constraint", "parameters <= 9", "--cost", 2, "--fresh"]),
        ("nas", ["--preset", "darts-cifar10", "--no-even-cutout", "--layers", 8]),
        ("automl", ["s3://b/t.parquet", "--target", "sold", "--time", "date", "--no-portfolio"]),
    ],
)  # fmt: skip
def test_the_whole_command_takes_what_it_prints(command, words, tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(printed(command, *words))
    assert printed(command, "--config", file) == file.read_text()


def test_each_option_is_printed_under_a_line_of_help():
    for command, kind in SETTINGS.items():
        lines = printed(command, *MUST_BE_GIVEN.get(command, [])).splitlines()
        told = {one.field: one.info.help for one in options_page.declared(command)}
        for name in declared(kind):
            place = next(
                i for i, line in enumerate(lines) if line.startswith(f"{option_name(name)}:")
            )
            assert lines[place - 1] == f"# {told[name]}"
        assert set(yaml.safe_load("\n".join(lines))) == {option_name(n) for n in declared(kind)}


def test_the_command_line_wins_over_environment_over_file_over_preset(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(
        "storage: files\nlayers: 3\ntracking_uri: http://file:1\npreset: darts-cifar10\n"
    )
    shown = yaml.safe_load(
        printed("nas", "--storage", "typed", "--config", file,
                AUTOML_STORAGE="variables", MLFLOW_TRACKING_URI="http://variable:1")
    )  # fmt: skip
    assert shown["storage"] == "typed"
    assert shown["tracking-uri"] == "http://variable:1"
    assert shown["layers"] == 3
    assert shown["channels"] == 36  # of the preset that the file names
    for words in (["--preset", "darts-cifar10", "--config", file],
                  ["--config", file, "--preset", "darts-cifar10"]):  # fmt: skip
        assert yaml.safe_load(printed("nas", *words))["layers"] == 3


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("epochs: 3\ntrails: 4", 2, "Unknown option 'trails'. Did you mean 'trials'?"),
        ("n-trials: 4", 1, "n-trials is trials here."),
        ("config: other.yaml", 1, "Unknown option 'config'."),
        ("trials: many", 1, "trials must be a whole number, but is 'many'."),
        ("trials: 1.5", 1, "trials must be a whole number, but is '1.5'."),
        ("trials: '4'", 1, "trials must be a whole number, but is '4'."),
        ("trials: true", 1, "trials must be a whole number, but is 'true'."),
        ("trials:", 1, "trials must be a whole number, but nothing is given."),
        ("# A\n\ntrials: [1, 2]", 3, "trials must be a whole number, but is a list."),
        ("space:\n  lr: 1", 2, "space must be a text, but is a group of options."),
        ("fresh: maybe", 1, "fresh must be true or false, but is 'maybe'."),
        ("outcome-constraint:\n- a <= 1\n- {}", 2, "must be a text, but is a group of options."),
        ("trials: 0", 1, "trials must be from 1 to 1000000, but got 0."),
        ("minutes: .nan", 1, "minutes must be a number, but is '.nan'."),
        ("minutes: nan", 1, "minutes must be above 0 and at most 10000000, but got nan."),
        (
            "gpus-per-trial: some",
            1,
            "gpus-per-trial must be from 0 to 1000, or auto, but got some.",
        ),
        ("trials: 4\nepochs: 2\ntrials: 5", 3, "trials stands on line 1 already."),
        ("retry_failed: true\nretry-failed: true", 2, "retry-failed stands on line 1 already."),
        ("- trials: 4", 1, "write an option a line"),
        ("trials: [4\nepochs: 3", 2, "this is not YAML"),
        ("a: 1\n--- \nb: 2", 2, "this is not YAML"),
        ("epochs: 2\n? [trials, epochs]\n: 5", 2, "name must be a word, but is a list."),
        ("? {trials: 4}\n: 5", 1, "name must be a word, but is a group of options."),
        ("<<: {trials: 4}", 1, "Unknown option '<<'."),
        ("trials: !mine 4", 1, "trials must be a whole number, but has the tag !mine."),
        ("name: !!binary aGVsbG8=", 1, "but has the tag tag:yaml.org,2002:binary."),
        ('replay: "a\\0b"', 1, "replay must be a text, but holds a null character."),
        ("trials: !!python/name:os.system 4", 1, "but has the tag"),
        ("x: &a [*a]", 1, "Unknown option 'x'."),
        ("trials: *none", 1, "this is not YAML"),
        ("a: !!python/object/apply:os.system ['exit 1']", 1, "Unknown option 'a'"),
    ],
)
def test_a_mistake_is_refused_with_its_line(text, line, told, tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(text)
    done = call("hpo", "--config", file)
    assert done.exit_code == 2
    (error,) = done.stderr.splitlines()
    assert error.startswith(f"Error: {file}, line {line}: ")
    assert told in error


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"a: \x00"])
def test_what_is_no_yaml_is_refused_in_a_line(content, tmp_path):
    file = tmp_path / "study.yaml"
    file.write_bytes(content)
    done = call("hpo", "--config", file)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)


def test_a_file_that_is_not_there_is_refused():
    done = call("hpo", "--config", "nowhere.yaml")
    assert (done.exit_code, done.stderr) == (
        2, "Error: --config nowhere.yaml cannot be read: No such file or directory.\n",
    )  # fmt: skip


def test_a_number_is_read_as_on_the_command_line_and_a_text_as_it_is_written(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("minutes: 1e-3\nname: 2024\nobjective: -loss\nfresh: yes\ngpus_per_trial: 0.5\n"
                    "outcome-constraint: parameters <= 100\n")  # fmt: skip
    assert read_config(file, declared(HpoSettings)) == {
        "minutes": 1e-3, "name": "2024", "objective": "-loss", "fresh": True,
        "gpus_per_trial": "0.5", "outcome_constraint": ["parameters <= 100"],
    }  # fmt: skip


def test_an_empty_file_changes_nothing(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("# nothing\n")
    assert read_config(file, declared(HpoSettings)) == {}


def test_a_value_in_a_file_is_refused_where_it_is_called_otherwise_here(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("searcher: tpe\n")
    with pytest.raises(UserError, match="tpe is --searcher optuna here"):
        HpoSettings(**read_config(file, declared(HpoSettings)))


def test_a_file_may_name_the_table_and_its_target(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("dataset: sales.csv\ntarget: units\n")
    assert yaml.safe_load(printed("automl", "--config", file))["dataset"] == "sales.csv"
    shown = yaml.safe_load(printed("automl", "other.csv", "--config", file))
    assert (shown["dataset"], shown["target"]) == ("other.csv", "units")
