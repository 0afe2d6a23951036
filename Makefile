# SPDX-License-Identifier: GPL-2.0-only
# Every entry point of kudp. Output goes to build/, results go to results/.

# The kernel that the module is built for and the guest boots; ON=host: this machine's own.
ON ?= guest
cloud_headers := $(shell ls -d /usr/src/linux-headers-*-cloud-amd64 2>/dev/null | sort -V | tail -n 1)
KERNEL ?= $(if $(filter host,$(ON)),$(shell uname -r),$(cloud_headers:/usr/src/linux-headers-%=%))
# What scripts/kernel fetched, else what is installed.
KERNEL_BUILD ?= $(firstword $(wildcard $(CURDIR)/build/kernels/$(KERNEL)/build) /lib/modules/$(KERNEL)/build)
MODULE_DIR = build/module-$(KERNEL)

CXX ?= g++
# -g1: lines for perf and backtraces; variables would cost a third of the build.
CXXFLAGS ?= -O2 -g1
WARNINGS = -Wall -Wextra -Wshadow -Werror
KUDP_CXXFLAGS = -std=c++20 $(WARNINGS) -I. -isystem build/bpf -MMD -MP
SANITIZE = -O1 -g1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
# Added where nothing is measured: optimising CLI11's, fmt's and GoogleTest's templates takes most of a build.
OPTIMIZE =
unmeasured = loadgen/main loadgen/commands/% loadgen/output/% bench/%/main bench/baseline/command \
  bench/cost/cell bench/cost/table bench/cost/bars tests/guest/%_test tests/stress/%_test tests/outside/%_test
unmeasured_objects = $(patsubst %,build/release/%.o,$(unmeasured))
$(unmeasured_objects) build/sanitized/tests/unit/%.o: OPTIMIZE = -O0
# Last to the linker, which takes the first of an inline function that several objects have.
measured_first = $(filter-out $(unmeasured_objects),$^) $(filter $(unmeasured_objects),$^)
LIBS = -lfmt -luring -pthread
build/kudp-baseline build/unit-tests: LIBS += -lxdp -lbpf
build/load-tests: LIBS += -lpcap

base_lib = $(wildcard loadgen/base/*.cpp)
load_lib = $(wildcard loadgen/*/*.cpp)
bench_lib = $(filter-out %/main.cpp,$(wildcard bench/$(1)/*.cpp))
unit_tests = $(shell find tests/unit -name '*.cpp')
guest_tests = $(wildcard tests/guest/*.cpp)
stress_tests = $(wildcard tests/stress/*.cpp) $(filter-out %_test.cpp,$(guest_tests))
guest_lib = tests/guest/network.cpp tests/guest/responder.cpp tests/guest/system.cpp \
  tests/stress/kernel_counters.cpp $(base_lib)
outside_tests = $(wildcard tests/outside/*_test.cpp) tests/outside/answers.cpp \
  tests/outside/guest.cpp tests/outside/tap.cpp $(guest_lib) \
  $(addprefix tests/stress/,extent.cpp frame.cpp frame_socket.cpp ledger.cpp target.cpp traits.cpp)

release = $(patsubst %.cpp,build/release/%.o,$(1))
# For unit tests and fuzzers alike.
sanitized = $(patsubst %.cpp,build/sanitized/%.o,$(1))

.PHONY: help
help:
	@echo 'kudp: a UDP responder in the kernel, and what measures it. Targets:'
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	  while IFS='|' read -r target text; do printf '%-20s %s\n' "$$target" "$$text"; done
	@echo 'Variables: KERNEL=VERSION, ON=guest|host, ACCEL=auto|kvm|tcg, OUT=FOLDER for results'

## demo: compares ten servers in a guest: table and picture (7 minutes on two CPUs)
.PHONY: demo
demo:
	@echo 'make demo: about 7 minutes on two CPUs, 3 to a first table; less where packages are installed'
	@scripts/setup build guest compare
	@$(MAKE) --no-print-directory -j$$(($(shell nproc) + 1)) for-demo
	@scripts/demo --on $(ON) $(if $(OUT),--out '$(OUT)')

# What is not needed before the programs run, or waits for the network, beside what is compiled.
.PHONY: for-demo plots guest-image
for-demo: $(if $(filter guest,$(ON)),guest-image) plots module build/kudp-load build/kudp-baseline
plots:
	@scripts/setup plots
guest-image:
	@VM_KERNEL='$(KERNEL)' scripts/guest/image --fetch

## cost: counts instructions per request for each server, emulated: 40 minutes (QUICK=1: 5)
.PHONY: cost
cost:
	@scripts/setup build guest plots
	@$(MAKE) --no-print-directory -j$(shell nproc) build
	@scripts/cost $(if $(QUICK),--quick) $(if $(OUT),--out '$(OUT)')

## bench-load: compares kudp-load with iperf3 and sockperf, and counts its own cost per request
.PHONY: bench-load
bench-load:
	@scripts/setup build microbench bench-load
	@$(MAKE) --no-print-directory -j$(shell nproc) build/kudp-load build/kudp-baseline build/microbench
	@scripts/bench-load $(if $(OUT),--out '$(OUT)')

## microbench: times the hot paths of generator, servers and module, in nanoseconds on this machine
.PHONY: microbench
microbench:
	@scripts/setup build microbench
	@$(MAKE) --no-print-directory -j$(shell nproc) build/microbench
	@build/microbench --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true \
	  --benchmark_min_time=0.05 --benchmark_report_aggregates_only=true

## steering: which CPU answers a datagram, and lock contention, on 8 emulated CPUs (2 minutes)
.PHONY: steering
steering:
	@scripts/setup build guest
	@$(MAKE) --no-print-directory -j$(shell nproc) build
	@scripts/steering $(if $(OUT),--out '$(OUT)')

## profile: where a request's time goes with SERVER= and LOAD=: stages, functions, scheduling
.PHONY: profile
profile:
	@scripts/setup build guest profile plots
	@$(MAKE) --no-print-directory -j$(shell nproc) build
	@scripts/profile --on $(ON) $(if $(LOAD),--load '$(LOAD)') $(if $(OUT),--out '$(OUT)') \
	  '$(or $(SERVER),softirq)'

## profile-compare: compares the stages of servers A= and B=, in words
.PHONY: profile-compare
profile-compare:
	@scripts/setup build guest profile plots
	@$(MAKE) --no-print-directory -j$(shell nproc) build
	@scripts/profile --on $(ON) $(if $(LOAD),--load '$(LOAD)') $(if $(OUT),--out '$(OUT)') \
	  --compare '$(or $(A),kthread),$(or $(B),recvmmsg)'

## check: installs what is missing, builds all, runs the tests here and in the guest
.PHONY: check
check:
	@scripts/setup build guest guest-tests plots profile microbench check
	@$(MAKE) --no-print-directory -j$(shell nproc) build build/unit-tests build/guest/guest-tests \
	  build/guest/kernel-counters build/outside-tests build/microbench $(fuzzers)
	@$(MAKE) --no-print-directory for-tests run-check

# What tests/card and tests/profile load, and what the latter preloads.
.PHONY: for-tests
for-tests: build/guest/profile_delay.so
	@$(MAKE) --no-print-directory module MODULE_DIR=build/module-test MODULE_FLAGS=KUDP_TEST=y

## check-kernels: builds and tests the module on Debian's kernels from 6.1 to the newest
.PHONY: check-kernels
check-kernels:
	@scripts/setup build guest guest-tests kernels
	@$(MAKE) --no-print-directory -j$(shell nproc) build build/guest/guest-tests
	@scripts/check-kernels

## check-debug: guest and stress tests on a kernel that detects faults (FULL=1: hours)
## check-races: the same on a kernel that detects data races in the module
.PHONY: check-debug check-races
check-debug: detectors = kasan
check-races: detectors = kcsan
check-debug check-races:
	@scripts/setup build guest guest-tests debug
	@$(MAKE) --no-print-directory -j$(shell nproc) build build/guest/guest-tests build/guest/stress-tests \
	  build/guest/kernel-counters build/outside-tests
	@FULL='$(FULL)' SEED='$(SEED)' scripts/check-debug $(detectors)

## soak: mixed load with churn in the guest for MINUTES (30): checks memory and counters
.PHONY: soak
soak:
	@scripts/setup build guest guest-tests
	@$(MAKE) --no-print-directory -j$(shell nproc) build build/guest/stress-tests
	@VM_TIMEOUT=$$((7200 + 120 * $(or $(MINUTES),30))) scripts/vm run \
	  env MINUTES='$(or $(MINUTES),30)' stress-tests --gtest_filter='Soak.*' --gtest_also_run_disabled_tests

## check-load: checks kudp-load's figures against servers of known behaviour; needs a quiet machine
.PHONY: check-load
check-load:
	@scripts/setup build check-load
	@$(MAKE) --no-print-directory -j$(shell nproc) build/load-tests
	@build/load-tests

## lint: runs checkpatch, sparse, W=1, clang-format and shellcheck
.PHONY: lint
lint:
	@scripts/setup build lint
	@$(MAKE) --no-print-directory run-lint

# Not in the recipes themselves: make expands all of one before setup has its turn and installs a kernel.
.PHONY: run-check run-lint
run-check run-lint: run-%:
	@scripts/$* '$(KERNEL)'

## build: builds the module and the programs
.PHONY: build
build: module build/kudp-load build/kudp-baseline build/kudp-cost build/kudp-profile

## module: builds kudp.ko for KERNEL
.PHONY: module
module:
	@test -d '$(KERNEL_BUILD)' || \
	  { echo 'make: no headers of kernel "$(KERNEL)": run scripts/setup build, or give KERNEL='; exit 1; }
	@mkdir -p $(MODULE_DIR)/kmod
	@echo '  MODULE  $(MODULE_DIR)/kudp.ko'
	@# Built in a copy, so that one tree serves several kernels; cp -p keeps kbuild's idea of time.
	@cp -pu Kbuild $(MODULE_DIR) && cp -pu kmod/*.[ch] $(MODULE_DIR)/kmod
	@# What is gone from here must not be built there.
	@rm -f $(filter-out $(addprefix $(MODULE_DIR)/,$(wildcard kmod/*.[ch])),$(wildcard $(MODULE_DIR)/kmod/*.[ch]))
	@$(MAKE) --no-print-directory -C $(KERNEL_BUILD) M=$(CURDIR)/$(MODULE_DIR) $(MODULE_FLAGS) \
	  modules >build/module.log 2>&1 || { cat build/module.log; exit 1; }
	@grep -i warning build/module.log || true

build/kudp-load: $(call release,loadgen/main.cpp $(load_lib))
build/kudp-baseline: $(call release,bench/baseline/main.cpp $(call bench_lib,baseline) $(base_lib))
build/kudp-cost: $(call release,bench/cost/main.cpp $(call bench_lib,cost) $(base_lib))
build/kudp-profile: $(call release,bench/profile/main.cpp $(call bench_lib,profile) \
  $(call bench_lib,cost) $(base_lib))
build/microbench: $(call release,bench/micro.cpp $(wildcard loadgen/statistics/*.cpp) $(base_lib))
build/microbench: LIBS += -lbenchmark
build/guest/guest-tests: $(call release,$(guest_tests) $(base_lib))
build/guest/stress-tests: $(call release,$(stress_tests) $(base_lib))
build/guest/kernel-counters: $(call release,tests/outside/kernel_counters.cpp $(guest_lib))
build/outside-tests: $(call release,$(outside_tests))
build/guest/guest-tests build/guest/stress-tests build/outside-tests: LIBS += -lgmock -lgtest
build/kudp-load build/kudp-baseline build/kudp-cost build/kudp-profile build/microbench \
  build/guest/guest-tests build/guest/stress-tests build/guest/kernel-counters build/outside-tests:
	@mkdir -p $(@D)
	@echo '  LD      $@'
	@$(CXX) $(CXXFLAGS) -o $@ $(measured_first) $(LIBS)

build/guest/profile_delay.so: tests/profile_delay.cpp
	@mkdir -p $(@D)
	@echo '  LD      $@'
	@$(CXX) -std=c++20 $(WARNINGS) $(CXXFLAGS) -fPIC -shared -o $@ $<

build/load-tests: $(call release,$(wildcard tests/load/*.cpp) $(load_lib))
	@echo '  LD      $@'
	@$(CXX) $(CXXFLAGS) -o $@ $(measured_first) -lgmock_main -lgmock -lgtest $(LIBS)

build/unit-tests: $(call sanitized,$(unit_tests) $(load_lib) \
  $(foreach program,baseline cost profile,$(call bench_lib,$(program))))
	@echo '  LD      $@'
	@clang++ $(SANITIZE) -o $@ $^ -lgmock_main -lgmock -lgtest $(LIBS)

# BPF programs, for the includes of their headers: each becomes one that holds it as bytes.
bpf_headers = $(patsubst bench/baseline/%.bpf.c,build/bpf/%.skel.h,$(wildcard bench/baseline/*.bpf.c))
$(foreach kind,release sanitized,$(addprefix build/$(kind)/bench/baseline/,turn.o af_xdp.o)): $(bpf_headers)

build/bpf/%.skel.h: bench/baseline/%.bpf.c $(wildcard bench/baseline/*.h) Makefile
	@mkdir -p $(@D)
	@echo '  BPF     $<'
	@clang -O2 -g $(filter-out -Wshadow,$(WARNINGS)) -target bpf -I. \
	  -I/usr/include/$(shell $(CXX) -print-multiarch) -c -o build/bpf/$*.bpf.o $<
	@PATH="$$PATH:/usr/sbin" bpftool gen skeleton build/bpf/$*.bpf.o name $*_bpf >$@.new
	@# clang++ does not know C's _Bool.
	@sed -i 's/\b_Bool\b/bool/' $@.new
	@mv $@.new $@

## fuzz: runs libFuzzer on what parses foreign bytes, FUZZ_SECONDS (20) for each of tests/fuzz
FUZZ_SECONDS ?= 20
fuzzers = $(patsubst tests/%.cpp,build/%,$(wildcard tests/fuzz/*.cpp))
.PHONY: fuzz
fuzz: $(fuzzers)
	@scripts/fuzz $(FUZZ_SECONDS) $(fuzzers)

## fuzz-coverage: fuzzes, and fails if less than 95 % of a pure module header was reached
.PHONY: fuzz-coverage
fuzz-coverage: fuzz
	@scripts/fuzz-coverage $(foreach header,$(wildcard kmod/*.h),$(wildcard tests/fuzz/$(notdir $(header:.h=.cpp))))

build/fuzz/load_reply: $(call sanitized,loadgen/base/payload.cpp $(addprefix loadgen/statistics/, \
  outstanding.cpp histogram.cpp))
build/fuzz/load_frame: $(call sanitized,loadgen/base/frame.cpp)
build/fuzz/load_records: $(call sanitized,loadgen/output/comparison_tables.cpp \
  $(addprefix loadgen/statistics/,comparison.cpp interval.cpp records.cpp))
build/fuzz/load_config: $(call sanitized,$(load_lib))
build/fuzz/stamp_reply: $(call sanitized,loadgen/stamp/packet.cpp loadgen/stamp/analysis.cpp)
.SECONDARY: $(call sanitized,$(wildcard tests/fuzz/*.cpp))
$(fuzzers): build/fuzz/%: build/sanitized/tests/fuzz/%.o
	@mkdir -p $(@D)
	@echo '  FUZZ    $@'
	@clang++ $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(LIBS)

build/release/%.o: %.cpp
	@mkdir -p $(@D)
	@echo '  CXX     $<'
	@$(CXX) $(KUDP_CXXFLAGS) $(CXXFLAGS) $(OPTIMIZE) -c -o $@ $<

build/sanitized/%.o: %.cpp
	@mkdir -p $(@D)
	@echo '  CXX     $< (sanitized)'
	@clang++ $(KUDP_CXXFLAGS) $(SANITIZE) $(OPTIMIZE) -c -o $@ $<

## seeds: runs the five programs kudp grew from in the guest, as kudp commands
.PHONY: seeds
seeds:
	@scripts/setup build guest seeds
	@$(MAKE) --no-print-directory -j$(shell nproc) module build/kudp-load
	@scripts/seeds

## install: installs the modules for KERNEL (ON=host), kudp-load, its man page, kudp-baseline
PREFIX ?= /usr/local
.PHONY: install
install: module build/kudp-load build/kudp-baseline
	$(MAKE) --no-print-directory -C $(KERNEL_BUILD) M=$(CURDIR)/$(MODULE_DIR) INSTALL_MOD_PATH='$(DESTDIR)' modules_install
	@# Which does it only where System.map lies beside the headers: not on Debian.
	test -n '$(DESTDIR)' || PATH=$$PATH:/sbin depmod '$(KERNEL)'
	install -D -t '$(DESTDIR)$(PREFIX)/bin' build/kudp-load build/kudp-baseline
	install -D -m 644 -t '$(DESTDIR)$(PREFIX)/share/man/man1' docs/kudp-load.1
	install -D -m 644 scripts/kudp-load.bash-completion \
	  '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/kudp-load'

## clean: removes build/
.PHONY: clean
clean:
	rm -rf build

-include $(shell find build/release build/sanitized -name '*.d' 2>/dev/null)
