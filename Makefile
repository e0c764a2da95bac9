# TSMS: everything by one word. `make` alone lists the words.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Chooses single test targets while developing (CONTRIBUTING.md); left in the environment it would make `make test` test less than all.
unexport TSMS_TESTS

BUILD_PACKAGES := libssl-dev libsqlite3-dev libpcsclite-dev libnghttp2-dev pkg-config
TEST_PACKAGES  := curl openssl softhsm2
# Without headers: they bring no new compilation.
CARD_PACKAGES  := pcscd vsmartcard-vpcd opensc pcsc-tools python3-pyscard python3-cryptography
BENCH_PACKAGES := nghttp2-client nghttp2-server haproxy
TEST_LOG       := .build/test.log

.PHONY: help setup setup-bench setup-card build demo sample-app test soak test-card test-contract test-address fuzz release bench clean

help: ## This list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Install the system packages that are missing
	@bash Tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)

# Where systemd runs, the package starts a daemon whose virtual reader listens on all addresses; nobody gets that without asking for it.
# Without these packages the tests of cards in readers are skipped, and say so.
setup-card:
	@if [ -d /run/systemd/system ]; then echo "setup: the tests of cards in readers need $(CARD_PACKAGES); make test-card installs them"; \
	else bash Tools/install-packages $(CARD_PACKAGES) || echo "setup: without them the tests of cards in readers are skipped"; fi

setup-bench: setup
	@bash Tools/install-packages $(BENCH_PACKAGES)

build: setup ## Build all programs (debug)
	swift build

demo: build ## From nothing to a deployed applet and back, on simulated secure components
	.build/debug/tsms demo

# Its own build directory: as a dependency the suite is compiled with other flags. The first time takes as long as a first build of the suite.
sample-app: build ## The sample SP app, a package of its own, built and run against a testbed
	swift build --package-path deploy/testbed/sample-app --scratch-path .build/sample-app
	bash deploy/testbed/sample-app/run

# Programs first: the end-to-end tests start them. Both builds share .build/debug. One test after the other: side by side, eight
# hundred tests on two cores starve each other's servers of the time that their clients give them.
test: setup-card build ## Build and run all tests
	swift build --build-tests
	@swift test --skip-build --disable-xctest --no-parallel 2>&1 | tee $(TEST_LOG) || { echo; echo "make test: FAILED, the runner's closing lines:"; tail -n 20 $(TEST_LOG); exit 1; }
	@echo; echo "make test: passed, the runner's closing lines:"; tail -n 3 $(TEST_LOG)

# SOAK_SEED chooses the moments and the forms of faults, SOAK_MINUTES how long services are killed (10); what fails names the case that runs it alone.
soak: setup-card build ## The long form of the fault tests: all faults at every command, services killed under load
	swift build --build-tests
	TSMS_SOAK=1 swift test --skip-build --disable-xctest --no-parallel --filter 'FaultMatrixTests|SoakSuite'

# Linked statically with Swift's own libraries: the programs run where no Swift is installed, start with fewer files and take less memory.
release: setup ## Build all programs for release, without need of Swift's libraries
	swift build -c release --static-swift-stdlib

test-card: build ## Cards in PC/SC readers against programs of others (pcscd, vpcd, OpenSC, pyscard), installed if missing
	@bash Tools/install-packages $(CARD_PACKAGES)
	swift build --build-tests
	TSMS_REQUIRE_READERS=1 swift test --skip-build --disable-xctest --no-parallel --filter CardTests

test-contract: build ## The provider interface against its document, with schemathesis from PyPI (Tests/contract)
	bash Tests/contract/run

test-address: setup ## The tests of the transport with AddressSanitizer
	TSMS_TESTS=HTTP2Tests swift build --build-tests --sanitize=address --scratch-path .build-address
	TSMS_TESTS=HTTP2Tests ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --disable-xctest --no-parallel --sanitize=address --scratch-path .build-address

fuzz: setup ## Fuzz everything that takes bytes of others, FUZZ_SECONDS=60 each, with AddressSanitizer (Tests/FuzzTests)
	bash Tests/FuzzTests/run $(or $(FUZZ_SECONDS),60)

bench: setup-bench release ## Build for release and measure (docs/performance.md)
	.build/release/bench all

clean: ## Remove what was built; fetched dependencies stay
	swift package clean
