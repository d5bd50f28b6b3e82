# Everything the project needs is put inside this folder: .tools (uv, caches, browser), .venv, node_modules.
# `make clean` takes it all away again.

UV_VERSION := 0.13.9
UV := .tools/uv-$(UV_VERSION)
CHROMIUM := $(wildcard /usr/bin/chromium)

export UV_CACHE_DIR := $(CURDIR)/.tools/cache
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export npm_config_cache := $(CURDIR)/.tools/npm
export npm_config_update_notifier := false

.PHONY: run test check bench clean browser
.DEFAULT_GOAL := run

run: .venv/.runtime
	@exec .venv/bin/python -m bot run $(ARGS)

test: .venv/.dev browser
	@.venv/bin/python -m pytest -n auto $(ARGS)

check: .venv/.dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	PYTHONPATH=. .venv/bin/lint-imports

bench: .venv/.dev
	@.venv/bin/python -m bench $(ARGS)

clean:
	rm -rf .tools .venv node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# --target, because a fresh Debian has no ensurepip for a venv and lets pip install nothing elsewhere (PEP 668).
$(UV):
	@echo "Fetching uv $(UV_VERSION)"
	@python3 -m pip install --quiet --target .tools/pip-$(UV_VERSION) --upgrade --no-deps --no-cache-dir uv==$(UV_VERSION)
	@mkdir -p .tools/tmp
	@ln -sf pip-$(UV_VERSION)/bin/uv $@

# --inexact keeps the development tools where they are already there.
.venv/.runtime: uv.lock | $(UV)
	@TMPDIR=$(CURDIR)/.tools/tmp $(UV) sync --quiet --frozen --no-dev --inexact
	@touch $@

.venv/.dev: uv.lock | $(UV)
	@TMPDIR=$(CURDIR)/.tools/tmp $(UV) sync --quiet --frozen
	@touch .venv/.runtime $@

ifdef CHROMIUM
browser:
else
browser: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
endif
