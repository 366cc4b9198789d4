# Two commands do everything: `make run` starts the server with a demo booking, `make test` proves it.
# Debian-like machine with Python 3.11, Node 20 and make; as root or with sudo for Debian's packages.

PYTHON ?= python3
unexport PYTHONDONTWRITEBYTECODE # or each of a hundred servers that the tests start compiles the whole program anew
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
BIN := .venv/bin
PAGES := $(shell find static/src static/public static/*.html static/*.ts static/tsconfig*.json static/package.json -type f 2>/dev/null)
TEST_PACKAGES := caddy chromium coturn curl firefox-esr gcc iproute2 jq libc6-dev openssl postgresql python3-dev redis-server
BENCH_PACKAGES := chromium coturn gcc janus libc6-dev postgresql python3-dev rtpengine-daemon

.PHONY: run test bench trial soak check setup packages types diagram screenshot sizes format clean

run: setup ## the server with two sample bookings; PHONE=1 adds TLS and a QR code
	$(BIN)/headstrt demo $(if $(PHONE),--phone)

test: setup packages check ## everything that must hold
	$(BIN)/pytest -n 3 --dist worksteal

bench: TEST_PACKAGES = $(BENCH_PACKAGES)
bench: setup packages ## every figure beside its reference, into docs/figures.md; under twenty minutes
	$(BIN)/python -m bench

trial: TEST_PACKAGES += prometheus
trial: setup packages ## what breaks, broken on purpose and at length: one table of figures; more than an hour, the disk's row as root
	$(BIN)/python -m tests.trial
	$(BIN)/pytest -m long

soak: setup ## one server for an hour, call after call: descriptors, memory and tables back at their start; MINUTES=5
	$(BIN)/python -m tests.trial.soak $(or $(MINUTES),60)

check: setup ## style, types, layers, pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm --prefix static run check
	npm --prefix static test

setup: .venv/.ready static/dist/.ready

.venv/.ready: pyproject.toml constraints.txt hatch_build.py signaling/relay/_steady.c
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -m venv .venv || { $(SUDO) apt-get update && $(SUDO) apt-get install -y python3-venv && $(PYTHON) -m venv .venv; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

static/node_modules/.ready: static/package.json static/package-lock.json
	npm --prefix static ci --no-audit --no-fund
	@touch $@

static/dist/.ready: static/node_modules/.ready $(PAGES)
	npm --prefix static run build
	@touch $@

packages: ## Debian's packages that the tests use, where they are missing
	@missing=$$(for p in $(TEST_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then $(SUDO) apt-get update -q && \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $$missing; fi

types: setup ## the socket's messages in TypeScript, from the Python models
	$(BIN)/python -m signaling.typescript > static/src/protocol.ts

diagram: setup ## docs/session-machine.md, from the table of the state machine
	$(BIN)/python -m signaling.diagram

screenshot: TEST_PACKAGES += fonts-lohit-deva fonts-noto-color-emoji
screenshot: setup packages ## every page and state, phone and desktop, light and dark, into docs/pictures, with an index
	$(BIN)/python -m tests.e2e.picture

sizes: setup ## docs/sizes.md, from the pages as they are built
	$(BIN)/python -m tests.sizes

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm --prefix static run fix

clean:
	rm -rf .venv static/node_modules static/dist var
