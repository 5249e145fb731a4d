"""The README and the pages in docs/: short sentences, and nothing in them that is not there."""

import ast
import functools
import re
from pathlib import Path

import pytest

from docs import options_page

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md",
         *sorted((ROOT / "docs").rglob("*.md"))]  # fmt: skip
MAX_WORDS_README = 1200
MAX_WORDS_SENTENCE = 30
# Files that a user has, or that a study, MLflow, Ray or AWS makes.
OTHERS_FILES = {
    "FILE.yaml", "NAME.py", "automl.pem", "auth_token", "cell.json", "configs.json", "error.txt",
    "genotypes.py", "index.md", "mine.json", "mine.npz", "mine.py", "mine.txt", "mlflow.db",
    "model.onnx", "model.pt2", "network.py", "backup.log", "mlflow.db.stamp", "printed.txt",
    "progress.csv", "quality.jsonl", "result.json", "results.json", "schedule.json", "weights.pt",
    "default.jsonl", "mnist.jsonl", "hybrid.jsonl", "weights.jsonl", "bar.jsonl", "portfolio.jsonl",
    "population.jsonl", "long.json", "nasbench201.parquet", "collapse.jsonl", "journal.jsonl",
    "train-00000-of-00002.parquet", "transfer.jsonl", "svm.parquet",
    "gapminder.csv", "data.csv", "sales.parquet",
    "recordings.csv", "later.csv", "series.jsonl", "large.jsonl",
    "sales.csv", "shops.csv", "forecast_report.json",
    "study.json", "digits_study.py", "look.py", "wine_study.py", "wine.csv",
    "state.pt", "rows.npz", "self.log", "seven.png", "recorded.json",
    "results.csv", "results.parquet",
    "study.yaml", "best_config.json", "tuned_config.json", "summary.json", "report.html",
}  # fmt: skip
SUFFIXES = "py|pyi|md|yaml|json|jsonl|png|toml|txt|csv|pt|pt2|onnx|npz|parquet|db|stamp|log|pem"
# Of programs that the pages name beside ours: Ray, pip, pytest, MLflow.
OTHERS_OPTIONS = {
    "--address", "--follow", "--no-restart", "--no-wait", "--submission-id", "--working-dir",
    "--help", "--force", "--n-trials", "--env-manager", "--model-uri",
}  # fmt: skip


def shown(page):
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=shown)


def without_code(text):
    """The page without blocks of code; a piece of code within a line is one word."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    text = re.sub(r"(?<=\n\n)(?: {4}.*\n)+", "", text)
    return re.sub(r"(`+)(.+?)\1", "CODE", text)


def sentences(text):
    """Of paragraphs, items of lists, headings and cells of tables."""
    text = re.sub(r"!\[[^]]*\]\([^)]*\)", "", without_code(text.replace("\\|", "/")))
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    blocks, block = [], []
    for line in [*text.splitlines(), ""]:
        starts_anew = re.match(r"\s*([-*#|]|\d+\.)\s?", line) or not line.strip()
        if starts_anew:
            blocks.append(" ".join(block))
            block = []
        if line.lstrip().startswith("|"):
            blocks += line.split("|")
        else:
            block.append(re.sub(r"^\s*([-*#]+|\d+\.)\s", "", line).strip())
    for block in blocks:
        yield from re.split(r"(?<=[.!?])(?<!al\.)[\"')*]*\s+(?=[^a-z\s])", block)


def code_of(text):
    """All that stands as code: blocks, and pieces within lines."""
    blocks = re.findall(r"^```[\w -]*\n(.*?)^```", text, flags=re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    indented = re.findall(r"(?<=\n\n)((?: {4}.*\n)+)", rest)
    rest = re.sub(r"(?<=\n\n)(?: {4}.*\n)+", "", rest)
    return [*blocks, *indented, *(piece for _, piece in re.findall(r"(`+)(.+?)\1", rest))]


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@functools.cache
def options_of(command):
    found = {"--help"}
    for option in options_page.declared(command):
        found.update(option.spellings)
    return found


@functools.cache
def parameters(benchmark):
    """Options of a benchmark: those of its `main`, and what is spelled out in it."""
    text = (ROOT / f"{benchmark.replace('.', '/')}.py").read_text(encoding="utf-8")
    mains = [node for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.FunctionDef) and node.name == "main"]  # fmt: skip
    names = {f"--{one.arg.replace('_', '-')}" for main in mains for one in main.args.args}
    return names | set(re.findall(r'"(--[a-z-]+)"', text))


def test_the_readme_is_read_in_a_few_minutes():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= MAX_WORDS_README


@every_page
def test_sentences_are_short(page):
    long = [
        f"{len(one.split())} words: {one}"
        for one in sentences(page.read_text(encoding="utf-8"))
        if len(one.split()) > MAX_WORDS_SENTENCE
    ]
    assert not long


def test_a_long_sentence_is_found_wherever_it_stands():
    long = "Word " + "word " * MAX_WORDS_SENTENCE + "end."
    text = f"Short one. {long}\n\n- {long}\n- Short.\n\n{long}\nGoes on.\n\n| a | {long} |\n"
    found = [one for one in sentences(text) if len(one.split()) > MAX_WORDS_SENTENCE]
    assert len(found) == 4


@every_page
def test_links_lead_somewhere(page):
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert not lost


@every_page
def test_files_that_are_named_are_there(page):
    names = {path.name for folder in ROOT.iterdir() if folder.name[0] != "." and folder.is_dir()
             for path in folder.rglob("*")} | {path.name for path in ROOT.iterdir()}  # fmt: skip
    lost = set()
    for piece in code_of(page.read_text(encoding="utf-8")):
        for path in re.findall(rf"(?<![\w/.:~*-])([\w./-]+\.(?:{SUFFIXES}))(?![\w/])", piece):
            name = path.rpartition("/")[2]
            here = (ROOT / path).exists() if "/" in path else name in names
            if not here and name not in OTHERS_FILES:
                lost.add(path)
    assert not lost


@every_page
def test_commands_have_the_options_that_are_typed(page):
    wrong = []
    lines = "\n".join(code_of(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    for line in lines.splitlines():
        line = line.partition(" #")[0]
        for name, rest in re.findall(r"workflows[/.]([a-z]\w+)(?:\.py)?((?: .*)?)$", line):
            typed = set(re.findall(r"(?<=\s)--[a-z][a-z-]*", rest))
            wrong += [f"{name}.py {one}" for one in typed - options_of(name)]
        for name, rest in re.findall(r"-m (benchmarks[.\w]+)((?: .*)?)$", line):
            typed = set(re.findall(r"(?<=\s)--[a-z][a-z-]*", rest))
            wrong += [f"{name} {one}" for one in typed - parameters(name)]
    assert not wrong


@every_page
def test_options_that_are_named_exist(page):
    ours = set().union(*map(options_of, options_page.commands()), parameters("tests.mutants.run"))
    for file in (ROOT / "benchmarks").rglob("[a-z]*.py"):
        ours |= parameters(".".join(file.relative_to(ROOT).with_suffix("").parts))
    text = "\n".join(code_of(page.read_text(encoding="utf-8")))
    typed = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    assert typed <= ours | OTHERS_OPTIONS


@every_page
def test_make_has_the_targets_that_are_named(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    code = "\n".join(code_of(page.read_text(encoding="utf-8")))
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) <= targets
