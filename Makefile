# The first Python on PATH that runs and that TensorFlow supports; another: make install PYTHON=...
PYTHON ?= $(firstword $(foreach name,python3 python3.12 python3.11 python3.10,$(shell \
	$(name) -c 'import sys; (3, 10) <= sys.version_info < (3, 13) and print("$(name)")' 2>/dev/null)))
VENV ?= .venv
INSTALLED := $(VENV)/.installed
TESTS := $(VENV)/bin/pytest -n auto --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all test-processors test-faults learning bench lint

help:
	@echo 'make demo             pretrain, probe and export an audio encoder on built-in data (5 minutes)'
	@echo 'make test             lint, then all tests but the slow ones'
	@echo 'make test-all         lint, then the slow ones too: minutes each, or several processes'
	@echo 'make test-processors  the tests that compare in roundings, as other processors add (10 minutes)'
	@echo 'make test-faults      small faults put into the code, which the tests must notice (an hour)'
	@echo 'make learning         the tests that train for minutes and check what was learned'
	@echo 'make bench            seconds of steps, sampling and start in one table (PEERS=folder: beside a peer; 15 minutes)'
	@echo 'make lint             format and lint checks only'
	@echo 'make install          only the virtual environment that all of these need, in $(VENV)'

install: $(INSTALLED)

# Written last, so that an install that broke off is done again.
$(INSTALLED): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'mmssl needs Python 3.10, 3.11 or 3.12: none was found on PATH' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(INSTALLED)
	$(VENV)/bin/mmssl demo --out runs/demo

lint: $(INSTALLED)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

test: lint
	$(TESTS) -m 'not learning and not slow'

test-all: lint
	$(TESTS) -m 'not learning'

# Folders whose tests compare what TensorFlow computes, within seconds.
NUMERICAL := $(addprefix tests/,losses layers encoders methods)

# What changes the order in which terms are added, and with it the last bits of a sum.
test-processors: $(INSTALLED)
	@failed=; \
	for setting in ONEDNN_MAX_CPU_ISA=AVX2 ONEDNN_MAX_CPU_ISA=AVX512_CORE TF_ENABLE_ONEDNN_OPTS=0 \
		'TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1' \
		'TF_NUM_INTRAOP_THREADS=4 TF_NUM_INTEROP_THREADS=4'; do \
		echo "$$setting"; \
		env $$setting $(VENV)/bin/pytest -q -n 2 --dist loadfile \
			-m 'numerical and not learning and not slow' $(NUMERICAL) || failed=1; \
	done; \
	test -z "$$failed"

# Slow: starts the tests of a method once a fault.
test-faults: $(INSTALLED)
	$(VENV)/bin/python -m tests.faults.run

learning: $(INSTALLED)
	$(VENV)/bin/pytest -m learning

# PEERS: a folder of scripts that time a peer; PEER_PYTHON: the Python that runs them.
bench: $(INSTALLED)
	$(VENV)/bin/python benchmarks/bench.py $(if $(PEERS),--peers $(PEERS)) \
		$(if $(PEER_PYTHON),--python $(PEER_PYTHON))
