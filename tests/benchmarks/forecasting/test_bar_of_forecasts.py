"""The bar for forecasts: what its tables say of studies that are done."""

import json

from benchmarks.forecasting.bar import lines_of, main, study_of
from tests.studies.forecasting.forecast_reports import report


def test_a_table_has_baselines_without_and_ours_with_an_interval_over_seeds():
    lines = list(lines_of("m3-monthly", [report(found=0.90), report(found=0.92)]))
    assert lines[0] == "m3-monthly: 120 series, 3 steps, 2 seeds"
    assert lines[3].split() == ["Theta", "0.8", "8", "0.08", "0.78"]
    assert lines[6].split()[:4] == ["ensemble", "0.91", "±", "0.13"]
    assert lines[8] == (
        "  over Theta: mase -0.1 ± 0; by bootstrap over series better with 0, worse with 2 of "
        "2 seeds"
    )


def test_what_is_done_is_printed_without_a_run(tmp_path, capsys):
    folder = tmp_path / study_of("m3-monthly", 10, 0)
    folder.mkdir()
    (folder / "forecast_report.json").write_text(json.dumps({"report": report().as_dict()}))
    main(tmp_path, collection=["m3-monthly"], seeds=1)
    assert "ensemble" in capsys.readouterr().out
