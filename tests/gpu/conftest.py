"""Says at the end where the figures are."""

from tests.gpu.report import WRITTEN


def pytest_terminal_summary(terminalreporter):
    file = terminalreporter.config.stash.get(WRITTEN, None)
    if file is not None:
        terminalreporter.write_line(f"Figures of this GPU: {file}")
