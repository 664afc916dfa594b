# The doors of the house. `make demo` and `make test` are all that a newcomer needs.
#
#   make demo    builds, starts a throwaway PostgreSQL with a load, the server and a collector
#   make test    everything that CI runs
#   make check   the quick loop: format, lints, tidy, unit tests
#   make bench   benchmarks, in release
#   make torture-kernel   kills, power cuts and failing disks on the real kernel, MINUTES=n (10)
#   make fuzz    every decoder on made-up bytes, SECONDS=n each (60); `make fuzz-keep` keeps what it learnt
#   make torture everything that tries to break the store, MINUTES=n (10) from SEED=n (1) on: simulated
#                faults, faults on the real kernel, then every fuzz target for SECONDS=n (60)
#   make mutants small mistakes put into seal, wal and the manifest: which of them no test catches
#   make audit   licences, sources and duplicates of the dependencies

SHELL := /bin/bash
export CARGO_TARGET_DIR ?= $(HOME)/.cache/pganalytics/target
SECONDS_TO_RUN ?=
SECONDS ?= 60
MINUTES ?= 10
SEED ?= 1
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)
LOW := -p schema -p platform -p wire -p seal -p wal -p engine -p xtask

ifdef NEXTEST
RUN_TESTS = cargo nextest run --locked --no-fail-fast
else
RUN_TESTS = cargo test --locked --no-fail-fast
endif

.PHONY: demo test check bench torture torture-kernel fuzz fuzz-keep mutants audit build setup-demo setup-test setup-bench fmt clippy tidy doc-tests

build:
	cargo build --locked --workspace

demo: setup-demo build
	$(CARGO_TARGET_DIR)/debug/pganalytics demo $(if $(SECONDS_TO_RUN),--seconds $(SECONDS_TO_RUN))

test: setup-test fmt clippy tidy doc-tests
	cargo build --locked --workspace
	$(RUN_TESTS) --workspace

check: fmt
	cargo clippy --locked $(LOW) --all-targets -- -D warnings
	$(MAKE) tidy
	$(RUN_TESTS) $(LOW)

bench: setup-bench
	cargo build --release --locked -p pganalytics -p benches
	cargo run --release --locked -p benches -- all

torture-kernel:
	cargo run --release --locked -p torture-kernel --features failpoints -- all $(SEED) $$(($(MINUTES) * 60))

fuzz:
	scripts/fuzz.sh run $(SECONDS)

fuzz-keep:
	scripts/fuzz.sh keep

torture:
	scripts/torture.sh $(MINUTES) $(SEED) $(SECONDS)

mutants:
	scripts/mutants.sh

audit:
	cargo deny check licenses bans sources

setup-demo:
	@scripts/setup.sh demo

setup-test:
	@scripts/setup.sh test

setup-bench:
	@scripts/setup.sh bench

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings

tidy:
	cargo xtask tidy

doc-tests:
	cargo test --locked --workspace --doc
