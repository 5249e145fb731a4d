"""A comparison as a page of HTML without scripts, as plain text, and as MLflow shows it."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from automl_on_ray.command_line import console, step
from automl_on_ray.search_spaces.core import written_whole
from automl_on_ray.studies.comparison.tables import Cells
from automl_on_ray.tracking.reports import ComparisonReport, log_comparison

PAGE, PICTURE, TEXT = "report.html", "curves.png", "table.txt"


@dataclass(frozen=True)
class Findings:
    """`notes` say how it was counted; `svg` and `png` are the same figure, if there is one."""

    title: str
    about: str
    tables: Sequence[Cells]
    notes: Sequence[str]
    svg: bytes = b""
    png: bytes = b""

    @property
    def text(self) -> str:
        return "\n\n".join([self.title, *(table.text for table in self.tables), *self.notes]) + "\n"

    @property
    def markdown(self) -> str:
        told = "\n".join(f"- {note}" for note in self.notes)
        tables = "\n\n".join(f"```\n{table.text}\n```" for table in self.tables)
        return f"{self.about}\n\n{tables}\n\n{told}"

    @property
    def html(self) -> str:
        from automl_on_ray.studies.report import STYLE  # seconds, of drawing libraries

        title, about = html.escape(self.title), html.escape(self.about)
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        drawn = self.svg.decode()
        figure = f"<figure>{drawn[drawn.index('<svg') :]}</figure>" if drawn else ""
        return (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<title>{title}</title><style>{STYLE}</style></head><body>"
            f"<h1>{title}</h1><p class='about'>{about}</p>{figure}"
            f"{''.join(map(_table, self.tables))}<h2>How it was counted</h2><ul>{notes}</ul>"
            "</body></html>"
        )

    @property
    def files(self) -> dict[str, bytes]:
        found = {PAGE: self.html.encode(), TEXT: self.text.encode()}
        return {**found, PICTURE: self.png} if self.png else found

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            with written_whole(folder / name) as part:
                part.write_bytes(content)


def publish(
    findings: Findings, folder: Path, report: ComparisonReport, uri: str, experiment: str
) -> bool:
    """In the terminal, as files of the folder, and in MLflow; whether that has it."""
    findings.write(folder)
    for table in findings.tables:
        console.print(f"{table.text}\n", soft_wrap=True, highlight=False, markup=False)
    for note in findings.notes:
        console.print(f"- {note}", style="dim", soft_wrap=True, markup=False)
    console.print(f"The page, with the figure: {folder / PAGE}", soft_wrap=True)
    with step("Writing to MLflow"):
        whole = replace(report, files=findings.files, note=findings.markdown)
        return log_comparison(uri, experiment, whole)


def _table(table: Cells) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in table.head)
    rows = "".join(
        f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>" for row in table.rows
    )
    return (
        f"<h2>{html.escape(table.title)}</h2><figure><table><tr>{head}</tr>{rows}</table></figure>"
    )
