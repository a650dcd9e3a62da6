# make audit: environment, then the demo to reports/2025/index.html.   make test: everything that must stay true.
export OPENBLAS_NUM_THREADS := 1
VENV := .venv
BIN := $(VENV)/bin
# The interpreter is chosen by running it: a shim can exist and still fail.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
  if $$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' >/dev/null 2>&1; \
  then echo $$p; break; fi; done)

.PHONY: audit audit-real validation bench bench-read bench-crossed bench-linkage bench-rasch bench-agreement bench-audit \
  bench-report bench-nation peers-rasch peers-agreement calibrate calibrate-cell calibrate-rasch calibrate-agreement \
  calibrate-inside calibrate-ranks calibrate-profile calibrate-index calibrate-levels faults mutate test lint size clean

audit: $(BIN)/.installed
	$(BIN)/kinerja demo

audit-real: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/audit_real.py

# Every figure of the design beside the one measured, from the committed tables.
bench: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/table.py

bench-read: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/read_speed.py

bench-crossed: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/crossed_speed.py

bench-linkage: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/linkage_speed.py

bench-audit: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/audit_speed.py

# About an hour and 4 GB of disk a kind; a killed one goes on. NATION="--kind multisource --only 16"
bench-nation: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/national.py --folder data/olah/nasional $(NATION)

bench-report: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/report_speed.py

# PEERS: an interpreter with mirt==1.2.0 and raschpy==1.4.0.
PEERS ?= $(BIN)/python
bench-rasch: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/rasch_speed.py --peer-python $(PEERS)

peers-rasch: $(BIN)/.installed-dev
	PYTHONPATH=. $(PEERS) tests/peers/rasch_peers.py

calibrate-agreement: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/agreement_coverage.py

# IRRCAC: an interpreter with irrCAC==0.4.4, which asks for older scipy and pandas than ours.
IRRCAC ?= $(BIN)/python
bench-agreement: $(BIN)/.installed-dev
	$(BIN)/python benchmarks/agreement_speed.py --irrcac-python $(IRRCAC)

peers-agreement:
	$(IRRCAC) tests/peers/agreement_irrcac.py

calibrate-rasch: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/rasch_recovery.py

validation: $(BIN)/.installed-dev
	$(BIN)/python tests/reference/published.py

calibrate-ranks: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/rank_coverage.py
calibrate-inside: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/inside_supervisors.py

# False alarms, coverage and power of all detectors; a killed run goes on. CALIBRATE="--seconds 600" stops earlier.
calibrate: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/detectors.py $(CALIBRATE)

calibrate-cell: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/detectors.py --cell

calibrate-profile: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/rater_profile.py

calibrate-index: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/index.py

calibrate-levels: $(BIN)/.installed-dev
	$(BIN)/python tests/calibration/region_levels.py

test: $(BIN)/.installed-dev lint size
	MPLBACKEND=Agg $(BIN)/python -m pytest -n 2 --dist loadfile --durations=10

# Runs killed, starved, locked out and lied to, for real: about an hour. FAULTS="--kills 200 --seed 7"
faults: $(BIN)/.installed-dev
	$(BIN)/python tests/faults/harness.py $(FAULTS)

mutate: $(BIN)/.installed-dev
	$(BIN)/python tests/mutate/harness.py

lint: $(BIN)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy

size: $(BIN)/.installed-dev
	$(BIN)/python tests/contracts/size.py

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 with venv is needed (Debian: apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BIN)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile -c constraints.txt -e .
	touch $@

$(BIN)/.installed-dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile -c constraints.txt -e ".[dev]"
	touch $(BIN)/.installed $@

clean:
	rm -rf $(VENV) reports/2* reports/internal reports/index.html .pytest_cache .mypy_cache .ruff_cache
