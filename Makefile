# What a person types; `make help` lists it. Everything is installed into .venv and nowhere else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/demo
SEED ?= 1
BLOCKS ?= 3
# Tests that start no nodes as processes run side by side.
JOBS ?= 2
# The CPU build of PyTorch is enough. Where the package index offers the GPU build first, name the
# index of CPU builds: make test TORCH="torch==2.13.0 --index-url <index of CPU builds>"
TORCH ?= torch==2.13.0

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
PACKAGING := setup.py setup.cfg pyproject.toml package.xml constraints.txt $(wildcard embedded_ros2/pyproject.toml embedded_ros2/setup.py simreal_interfaces/pyproject.toml)
# SIMULATION=no leaves PyBullet out, which has to be compiled where it has no wheel: on Python 3.12
# and later, and on other processors than x86_64.
SIMULATION ?= yes
PYBULLET = "$$(sed -nE 's/.*"(pybullet[^"]*)".*/\1/p' setup.py)"
HAS_PYBULLET = $(BIN)/python -c 'from importlib.util import find_spec; import sys; sys.exit(not find_spec("pybullet"))'
RUNTIME = $$($(HAS_PYBULLET) && echo sim,)control,film
# What rclpy has to do for the nodes: beside ROS 2, where embedded_ros2 is not installed, these of its tests alone.
CONTRACT = -c embedded_ros2/pyproject.toml embedded_ros2/tests/runtime/contract
# The versions that the tests pass with, where they fit.
CONSTRAINTS = $$($(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' && echo -c constraints.txt)

# Beside ROS 2: where `ros2 launch` finds the package that lies in .venv.
WITH_PREFIX = [ ! -e $(VENV)/.with-ros ] || { AMENT_PREFIX_PATH="$(CURDIR)/$(VENV):$$AMENT_PREFIX_PATH"; export AMENT_PREFIX_PATH; }

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint train clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## */make \1|/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r goal what; do printf '  %-16s %s\n' "$$goal" "$$what"; done

# OUT travels in the environment: blanks and quotes in it stay its own, and `~` is what the nodes take it for.
demo: export OUT := $(OUT)
demo: $(VENV)/.runtime  ## set up .venv; the arm stacks three blocks it sees (SEED=1 BLOCKS=3 OUT=out/demo)
	@$(HAS_PYBULLET) || { echo "error: $(VENV) was set up without the simulation (SIMULATION=no): make clean demo"; exit 2; }
	@case $$OUT in *[![:space:]]*) ;; *) echo "error: OUT='$$OUT' names no folder: make demo OUT=out/demo"; exit 2 ;; esac; \
	case $$OUT in "~/"*) OUT=$${HOME:?}$${OUT#?} ;; -*) OUT=./$$OUT ;; esac; \
	$(WITH_PREFIX); if [ -e $(VENV)/.with-ros ]; then ros2=ros2; else ros2=$(BIN)/ros2; fi; \
	mkdir -p "$$OUT" || exit 2; $(BIN)/python -c 'import fcntl, sys; fcntl.flock(open(sys.argv[1], "a"), fcntl.LOCK_EX | fcntl.LOCK_NB)' \
	  "$$OUT/.result.json.lock" 2>/dev/null || { echo "error: another run is writing into $$OUT: wait for it, or make demo OUT=DIR"; exit 2; }; \
	for name in result.json demo.mp4 demo.times.json detections.png decisions.jsonl report.html; do rm -f "$$OUT/$$name"; done; \
	$$ros2 launch simreal simulation.launch.xml seed:=$(SEED) blocks:=$(BLOCKS) out:="$$OUT"; code=$$?; \
	echo; \
	grep -qs '"success": true' "$$OUT/result.json" || [ $$code -ne 0 ] || code=1; \
	[ ! -e "$$OUT/result.json" ] || echo "The verdict:          $$OUT/result.json"; \
	[ ! -e "$$OUT/demo.mp4" ] || echo "A film of the run:    $$OUT/demo.mp4"; \
	[ ! -e "$$OUT/detections.png" ] || echo "What was detected:    $$OUT/detections.png"; \
	[ ! -e "$$OUT/decisions.jsonl" ] || echo "A report of the run:  $(BIN)/simreal explain '$$OUT'"; \
	exit $$code

test: lint  ## set up what the tests need, check the code, run all tests but the slow ones
	$(WITH_PREFIX); $(PYTEST) test -m "not slow" --ignore test/launch --numprocesses $(JOBS) --dist loadfile
	$(WITH_PREFIX); $(PYTEST) test/launch -m "not slow"
	@if [ -e $(VENV)/.with-ros ]; then $(PYTEST) $(CONTRACT); \
	else $(PYTEST) -c embedded_ros2/pyproject.toml embedded_ros2/tests -m "not slow" --numprocesses $(JOBS) --dist loadfile; fi

test-slow: $(VENV)/.tests  ## the tests that take minutes: whole runs with several seeds
	$(WITH_PREFIX); $(PYTEST) test -m slow
	@[ -e $(VENV)/.with-ros ] || $(PYTEST) -c embedded_ros2/pyproject.toml embedded_ros2/tests -m slow

lint: $(VENV)/.tests  ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@[ -e $(VENV)/.with-ros ] || { echo "cd embedded_ros2 && mypy"; cd embedded_ros2 && ../$(BIN)/mypy; }

train: $(VENV)/.tests  ## train a model like the committed one on a CPU: five to twelve hours on two free cores
	$(BIN)/simreal train --run runs/block
	$(BIN)/simreal export runs/block models/block

clean:  ## remove .venv and what tools left behind; out/ and models/ stay
	rm -rf $(VENV) build install log *.egg-info embedded_ros2/*.egg-info embedded_ros2/build \
	  simreal_interfaces/*.egg-info simreal_interfaces/build
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Where ROS 2 is sourced, its rclpy and messages are used: the environment sees the system's
# packages, and is laid out as `ros2 launch` wants to find a package. It holds a package.xml then,
# which colcon must not take for a second simreal.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "error: $(PYTHON) is $$($(PYTHON) --version), wanted Python 3.10 or later: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	@if $(PYTHON) -c 'import rclpy' 2>/dev/null; then \
	  $(PYTHON) -m venv --system-site-packages $(VENV) && touch $(VENV)/.with-ros && \
	  mkdir -p $(VENV)/share/ament_index/resource_index/packages && \
	  cp resource/simreal $(VENV)/share/ament_index/resource_index/packages/simreal && \
	  ln -sfn $(CURDIR) $(VENV)/share/simreal && ln -sfn ../bin $(VENV)/lib/simreal; \
	else $(PYTHON) -m venv $(VENV); fi
	@touch $(VENV)/COLCON_IGNORE $@

# Compiled without build isolation: PyBullet hands out images as arrays only where it was built beside
# NumPy, and pip would build it beside nothing. What was built beside NumPy 2 runs beside 1.26, too.
$(VENV)/.pybullet: $(VENV)/.made
	@[ "$(SIMULATION)" = no ] || $(PIP) install --only-binary pybullet $(PYBULLET) $(CONSTRAINTS) 2>/dev/null || { \
	  include=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))'); \
	  echo '#include <Python.h>' | $(CXX) -x c++ -fsyntax-only -I"$$include" - 2>/dev/null || { \
	    echo "error: PyBullet has no wheel for $$($(BIN)/python --version) on $$(uname -m), and to compile it there is no" \
	      "C++ compiler or no Python.h: apt install g++ python3-dev; or without the simulation: make test SIMULATION=no"; exit 2; }; \
	  echo "PyBullet has no wheel for $$($(BIN)/python --version) on $$(uname -m): compiling it takes about" \
	    "14 minutes of one core, all cores share in it, and pip keeps what it made"; \
	  $(PIP) install "numpy>=2" setuptools wheel $(CONSTRAINTS) && \
	  $(PIP) install --no-build-isolation --no-deps $(PYBULLET) $(CONSTRAINTS); }
	@touch $@

$(VENV)/.runtime: $(VENV)/.made $(VENV)/.pybullet $(PACKAGING)
	$(PIP) install --editable ".[$(RUNTIME)]" $(CONSTRAINTS)
# Numba looks at coverage where there is one, and Debian's, which the environment sees, is too old.
	@[ ! -e $(VENV)/.with-ros ] || $(PIP) install "coverage>=7.6.1"
# On ROS 2 simreal_interfaces is built by colcon; without it control_node offers no action.
	@[ -e $(VENV)/.with-ros ] || { echo "$(PIP) install --editable ./embedded_ros2 --editable ./simreal_interfaces"; \
	  $(PIP) install --editable ./embedded_ros2 --editable ./simreal_interfaces $(CONSTRAINTS); }
	@touch $@

$(VENV)/.tests: $(VENV)/.runtime
	$(PIP) install $(TORCH)
	$(PIP) install --editable ".[$(RUNTIME),train,datasets,dev]" $(CONSTRAINTS)
	@touch $@
