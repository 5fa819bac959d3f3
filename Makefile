# Everything a person types here; each target installs what it needs and says how long it took.

.DEFAULT_GOAL := help
.PHONY: help demo test faults fidelity matrix check sandbox shell down venv

# Without it each process compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
RUN := .venv/bin/python
INSTALLED := .venv/installed-$(shell cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)

# $(call timed,what it does,command): one line before, one after with the time it took.
define timed
@echo "$@: $(1) ..."; start=$$(date +%s); { $(2); } \
	&& echo "$@: done in $$(( $$(date +%s) - start )) s" \
	|| { status=$$?; echo "$@: failed after $$(( $$(date +%s) - start )) s"; exit $$status; }
endef

help:
	@echo "make demo     a stateful Flink job: deployed, upgraded with its state, taken down"
	@echo "make test     all tests"
	@echo "make faults   every death and every lost answer, on real Flinks (hours)"
	@echo "make fidelity what plans and verdicts foretell, against what happens"
	@echo "make matrix   the life of a job on every version of Flink"
	@echo "make check    lint, formatting, types, layers"
	@echo "make sandbox  a Kubernetes node on this machine"
	@echo "make shell    a shell in which pulumi, kubectl and python work as typed"
	@echo "make down     take the node down"

demo: venv
	$(call timed,deploying a job and upgrading it with its state,$(RUN) -m stacks.demo)

# One worker for each of two cores: with more, clusters that start at once wait for one another.
test: venv
	@$(RUN) -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder --restart-node

# Each death on one version of Flink; a part of all else on each version.
faults: venv
	@echo "faults: each death at each call, 50 upgrades in a row ..."; $(RUN) -m pytest -q -s tests/faults/test_kill_points.py tests/faults/test_many_upgrades.py --faults all
	@echo "faults: each death at each call that changes an application ..."; $(RUN) -m pytest -q -s tests/faults/test_application_kill_points.py --faults all -o session_timeout=9000
	@echo "faults: lost answers, upgrades in a row, killed engines ..."; $(RUN) -m pytest -q -s tests/faults --faults 6 --faults-on all --restart-node --ignore tests/faults/test_application_kill_points.py
	@echo "faults: ten applications in one up, one of them broken ..."; $(RUN) -m pytest -q -s tests/cluster/test_applications_at_once.py --faults all

# What is foretold is printed beside what came of it, in tables at the end.
fidelity: venv
	$(call timed,verdicts on drawn pairs against real restores,$(RUN) -m pytest -q tests/graphs/test_generated_pairs.py --fidelity)
	$(call timed,plans of drawn changes against what comes of them,$(RUN) -m pytest -q tests/fidelity --fidelity)

matrix: venv
	$(call timed,a job's life on every version of Flink,$(RUN) -m pytest -q tests/lifecycle/test_matrix.py --matrix)
	$(call timed,an application on every version of Flink,$(RUN) -m pytest -q tests/cluster/test_applications_of_versions.py --matrix -m "not newest_alone")
	$(call timed,what is not version by version in make test,$(RUN) -m pytest -q tests --matrix -m newest_alone)

check: venv
	$(call timed,linting,.venv/bin/ruff check && .venv/bin/ruff format --check)
	$(call timed,checking types,for version in 3.10 3.11 3.12 3.13; do \
		.venv/bin/mypy --python-version $$version || exit 1; done)
	$(call timed,checking layers,.venv/bin/lint-imports)

sandbox: venv
	$(call timed,bringing the node up,$(RUN) -m sandbox up)

shell: venv
	@$(RUN) -m sandbox shell

# Needs no virtual environment, so that it works in any state of the folder.
down:
	$(call timed,taking the node down,$(PYTHON) -m sandbox down)

venv: $(INSTALLED)

$(INSTALLED):
	@echo "venv: installing packages ..."; start=$$(date +%s); \
	$(PYTHON) -c 'import ensurepip' 2> /dev/null \
		|| { apt-get update -qq && apt-get install -y -qq python3-venv > /dev/null; } \
	&& { test -x $(RUN) || $(PYTHON) -m venv .venv; } \
	&& $(RUN) -m pip install --quiet --disable-pip-version-check uv \
	&& VIRTUAL_ENV=.venv .venv/bin/uv pip install --quiet --compile-bytecode -c constraints.txt -e . --group dev \
	&& rm -f .venv/installed-* && touch $@ \
	&& echo "venv: done in $$(( $$(date +%s) - start )) s"
