# SPDX-License-Identifier: GPL-2.0
# Resource control groups in /proc: from source to a guest that shows and tests
# them. "make help" says how.

SHELL := /bin/bash
.DELETE_ON_ERROR:
# The steps build upon each other; each is parallel in itself.
.NOTPARALLEL:

# What the scripts take from the environment.
export KERNEL_SRC PROCPS_SRC T RACE LONG LIMIT FORCE V MINUTES SEED ONLY SKIP WORKERS SHORTEN OPS PLAY INPUTS
export J ?= $(shell nproc)

# DEBUG=0: the release kernel, DEBUG=1: the debug kernel, else both. Every one that
# qemu/config/ has can be named: make check KERNELS="cgroups up preempt".
KERNELS := $(if $(DEBUG),$(if $(filter 0,$(DEBUG)),release,debug),release debug)
RELEASE := build/out/release
# Of Debian's configurations.
FLAVOUR := cloud

.PHONY: help
help:
	@echo 'make run               see groups work: boots a kernel, runs the demonstration,'
	@echo '                       then gives a shell in the guest (GDB=1: waits for gdb)'
	@echo 'make check             all tests on a release kernel, most on a debug kernel'
	@echo 'make check-long        all that a check leaves out on the debug kernel as it takes long,'
	@echo '                       with everything else there, and longer races'
	@echo 'make coverage          lists what the last check on the debug kernel did not'
	@echo '                       reach of our code: lines, and ways out of an "if"'
	@echo 'make check-procps      only the tests of the patched ps, top and pgrep that need'
	@echo '                       no guest, of 4.0.4 (part of check) and of 4.0.6'
	@echo 'make check-kselftests  the kernel'\''s own tests of what groups touch: as without them'
	@echo 'make check-systemd     cpusets of groups beside those of cgroups on a Debian with systemd'
	@echo 'make check-debian      a kernel of Debian'\''s own configuration: modules, what confines'
	@echo '                       programs, and the above (FLAVOUR=cloud|amd64)'
	@echo 'make check-trace       perf, trace-cmd and bpftrace tell what groups do'
	@echo 'make selftest-harness  only the test of the test harness (part of check)'
	@echo 'make waits             how long who is slow keeps others waiting, at length: with'
	@echo '                       20,000 groups, 10,000 threads (part of check, in short)'
	@echo 'make model             random operations, each compared with a model of the rules'
	@echo '                       (OPS=100000, SEED=)'
	@echo 'make selftest-model    only the test of that model, which needs no guest'
	@echo 'make fuzz              bad input to all files and directories (INPUTS=10000000,'
	@echo '                       SEED=)'
	@echo 'make bench             what groups cost, next to cgroups and to neither; build/bench/'
	@echo 'make stress            a storm of random operations by many users, for 30 minutes on'
	@echo '                       the debug kernel (MINUTES=, SEED=, ONLY=, SKIP=, WORKERS=)'
	@echo 'make faults            puts faults that were mended back, one by one: the storm finds'
	@echo '                       those that it found before (FAULTS=names, MINUTES=10, SEED=1)'
	@echo 'make lint              checkpatch, sparse, kernel-doc, shellcheck, coccinelle, ...'
	@echo 'make series            the work as one series for git am, in build/series/'
	@echo 'make protocol          how tasks get other groups, as a model that SPIN checks'
	@echo 'make bisect            builds every step of the series, option off and on'
	@echo
	@echo 'Single steps: setup, fetch, prepare (build/linux), kernel, procps, guest'
	@echo 'For editors: tags, compile_commands.json'
	@echo 'make clean             removes build/ but for what was downloaded'
	@echo
	@echo 'Variables: T=name[,name]   only these tests ("kunit" is one)'
	@echo '           DEBUG=0|1       only the release or the debug kernel'
	@echo '           KERNELS=names   other kernels: cgroups (with cgroups), up (for one'
	@echo '                           CPU), preempt (fully preemptible), kcsan (which'
	@echo '                           finds data races)'
	@echo '           RACE=seconds    how long each race runs (10; 20 on the debug kernel)'
	@echo '           LIMIT=seconds   how long one test program may take'
	@echo '           PLAY=file       operations for the model, instead of random ones'
	@echo '           PARTS=names     parts of the benchmark, see bench/run.py'
	@echo '           KERNEL_SRC=dir  a vanilla 6.12.y tree instead of the one of Debian'
	@echo '           PROCPS_SRC=dir  a tree of procps-ng 4.0.4 or 4.0.6, likewise'
	@echo '           PROCPS=4.0.6    the tools of this version in the guest'
	@echo '           J=n             parallel jobs ($(J)); V=1 shows commands'

.PHONY: setup fetch prepare kernel procps guest
setup:
	@scripts/setup build procps

fetch: setup
	@scripts/fetch

prepare: fetch
	@scripts/apply

kernel: prepare
	@for kernel in $(KERNELS); do scripts/build-kernel $$kernel || exit; done

procps: setup
	@scripts/build-procps guest

guest: prepare procps
	@scripts/build-guest

.PHONY: run
run: KERNELS := $(or $(if $(DEBUG),$(KERNELS)),release)
run: kernel guest
	@qemu/run $(if $(GDB),--gdb) --kernel $(KERNELS)

# One kernel is enough for the harness's own test.
.PHONY: check check-long check-procps check-kselftests check-systemd check-debian check-trace setup-trace selftest-harness
check: kernel guest
	@qemu/check $(KERNELS) $(if $(T),,procps $(patsubst %,model-%,$(filter release,$(KERNELS))) \
		$(patsubst %,storm-%,$(filter release,$(KERNELS))) harness-$(firstword $(KERNELS)))

check-long: KERNELS := debug
check-long: kernel guest
	@LONG=1 qemu/check $(KERNELS)

check-procps: setup
	@qemu/check procps procps-4.0.6

check-kselftests: KERNELS := release without
check-kselftests: kernel guest
	@scripts/setup kselftests
	@scripts/build-kselftests
	@LIMIT=$(or $(LIMIT),900) qemu/check kselftests

check-systemd: KERNELS := cgroups
check-systemd: kernel guest
	@scripts/setup systemd
	@scripts/build-systemd
	@qemu/systemd

check-debian: prepare guest
	@scripts/setup debian systemd
	@scripts/build-debian $(FLAVOUR)
	@scripts/build-systemd debian-$(FLAVOUR)
	@qemu/systemd debian-$(FLAVOUR)

# The kernel needs pahole.
setup-trace:
	@scripts/setup trace

check-trace: KERNELS := trace
check-trace: setup-trace kernel guest
	@scripts/build-tracers
	@qemu/check tracers

selftest-harness: KERNELS := $(or $(if $(DEBUG),$(KERNELS)),release)
selftest-harness: kernel guest
	@qemu/check $(KERNELS:%=harness-%)

.PHONY: stress
stress: KERNELS := $(or $(if $(DEBUG),$(KERNELS)),debug)
stress: kernel guest
	@qemu/stress $(KERNELS)

# Each in a kernel of its own, and undone.
.PHONY: faults
comma := ,
faults: KERNELS := $(or $(if $(DEBUG),$(KERNELS)),release)
faults: kernel guest
	@qemu/put-back $(subst $(comma), ,$(FAULTS))

# So long a race has all groups, threads and memory there.
.PHONY: waits
waits: kernel guest
	@T=waits_test RACE=$(or $(RACE),300) qemu/check $(KERNELS)

# What they take from the environment, qemu/model and qemu/fuzz say.
.PHONY: model selftest-model
selftest-model:
	@cd model && python3 -m reference.selftest

model: KERNELS := $(or $(if $(DEBUG),$(KERNELS)),release)
model: kernel guest
	@qemu/model $(KERNELS)

.PHONY: fuzz
fuzz: KERNELS := $(or $(if $(DEBUG),$(KERNELS)),release)
fuzz: kernel guest
	@qemu/fuzz $(KERNELS)

.PHONY: coverage
coverage:
	@qemu/coverage.py

.PHONY: bench
bench: parts := $(or $(PARTS),size locks cpu latency)
bench: KERNELS := $(addprefix bench-,none cgroups rc \
	$(if $(filter size,$(parts)),cgroups-tiny rc-tiny) \
	$(if $(filter locks,$(parts)),none-locks cgroups-locks rc-locks) \
	$(if $(filter latency,$(parts)),none-preempt cgroups-preempt rc-preempt) \
	$(if $(filter cpu,$(parts)),cgroups-cpu rc-cpu))
bench: kernel guest
	@scripts/setup bench
	@bench/run.py $(PARTS)

.PHONY: lint series bisect protocol
lint: KERNELS := release
lint: kernel
	@scripts/setup lint
	@scripts/lint

series: prepare
	@scripts/setup series
	@scripts/series

bisect: series
	@scripts/bisect

protocol:
	@scripts/setup protocol
	@scripts/protocol

.PHONY: tags compile_commands.json
tags compile_commands.json: KERNELS := release
tags: kernel
	@scripts/setup tags
	@$(MAKE) -s -C build/linux O=$(CURDIR)/$(RELEASE) COMPILED_SOURCE=1 tags
	@ln -sf $(RELEASE)/tags tags

compile_commands.json: kernel
	@build/linux/scripts/clang-tools/gen_compile_commands.py -d $(RELEASE) -o $@

.PHONY: clean
clean:
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name downloads -exec rm -rf {} +
	@rm -f tags compile_commands.json
