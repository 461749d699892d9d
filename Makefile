# SPDX-License-Identifier: GPL-2.0
# Tollgate: what it costs to cross the kernel boundary. `make help` tells all.

KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
LANE	?=
# Test programs that run at a time.
JOBS	?= $(shell nproc)
BUILD	:= .cache/build/harness

CFLAGS	?= -O2 -g
HARNESS_CFLAGS := -std=gnu11 -Wall -Wextra -Iinclude -Ibench -D_GNU_SOURCE= -Wno-format-truncation \
		  -Wno-unknown-warning-option $(CFLAGS)
ifneq ($(WERROR),)
HARNESS_CFLAGS += -Werror
endif
# Static, so that the same program runs here and in a guest that has no libraries.
HARNESS_LIBS := -ljansson -lpfm -lnuma -lm

HARNESS_SRC := $(wildcard bench/*.c bench/body/*.[cS])
HARNESS_OBJ := $(patsubst bench/%,$(BUILD)/%.o,$(HARNESS_SRC))

all: harness
	@if [ -d "$(KDIR)" ]; then $(MAKE) --no-print-directory module; else \
	echo "tollgate.ko: not built, no kernel headers in $(KDIR); make module KDIR=..."; fi

harness: bench/tollgate

bench/tollgate: $(HARNESS_OBJ)
	$(CC) $(HARNESS_CFLAGS) -static -o $@ $^ $(HARNESS_LIBS)

# One line for what is missing instead of a page from the compiler.
$(BUILD)/libraries:
	@mkdir -p $(@D)
	@echo 'int main(void) { return 0; }' | $(CC) -include jansson.h -include perfmon/pfmlib.h \
	-include numa.h -static -x c -o $@ - \
	$(HARNESS_LIBS) 2>/dev/null || { echo "tollgate: cannot build against jansson, libpfm4 and" \
	"libnuma; vm/setup.sh harness installs: $$(vm/setup.sh --print harness | tr '\n' ' ')" >&2; exit 3; }

$(HARNESS_OBJ): | $(BUILD)/libraries

# They run while extended registers are a body's: see there.
$(patsubst %,$(BUILD)/%.c.o,counter_read scenario_check body/scenarios body/scenarios_counted \
	body/scenarios_checked): HARNESS_CFLAGS += -mgeneral-regs-only -fno-stack-protector \
	-fno-tree-loop-distribute-patterns

$(BUILD)/%.c.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(HARNESS_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.S.o: bench/%.S
	@mkdir -p $(@D)
	$(CC) -Iinclude -MMD -MP -c -o $@ $<

-include $(HARNESS_OBJ:.o=.d)

module:
	@case "$(CURDIR)" in *[[:space:]:]*) echo "tollgate: kbuild cannot work in a folder with" \
	"a space or colon in its name: $(CURDIR)" >&2; exit 2;; esac
	@[ -e "$(KDIR)/include/generated/utsrelease.h" ] || \
	{ echo "tollgate: no kernel build tree in KDIR=$(KDIR);" \
	"install linux-headers-$$(uname -r), or name one: make module KDIR=/path" >&2; exit 3; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

bench:
	@LANE="$(LANE)" KDIR="$(KDIR)" vm/bench.sh

# Tests. A commit passes check-fast, a submission check, a release check-all.
UNIT	:= $(addprefix tests/unit/build/,test_stats test_names test_names_bad test_select \
	     test_reading test_figure test_rounds test_canary test_image test_topology test_report \
	     test_report_text test_report_errors test_report_file \
	     test_refusals test_counter_page test_events test_counters test_counted \
	     test_significance test_compare test_compare_reports test_model test_fpu_plain \
	     test_frame_proof test_frame_planted \
	     test_crossing test_touch test_scenario test_rehearsal test_rehearsed_frames \
	     test_claims test_claims_verdicts test_claims_rows test_claims_evidence \
	     test_claims_rehearsed test_claims_rules \
	     test_cmdline test_doctor fuzz_report) tests/unit/schema.t tests/unit/doctor_schema.t
FAST	:= $(UNIT) tests/cli.t tests/doctor.t tests/compare.t tests/claims.t tests/precision.t \
	   tests/vm/30-golden-6.12.t
# The longest comes first, so that others run beside it.
CHECK	:= tests/vm/50-armed-6.12.t $(FAST) tests/readme.t tests/model.t tests/scripts.t \
	   tests/kvm-probe.t tests/vm/10-boot.t tests/vm/12-host-run.t \
	   tests/vm/13-faults-6.12.t tests/vm/13-kernels.t tests/vm/14-doctor.t \
	   tests/vm/15-warnings-6.12.t tests/vm/16-warnings-6.1.t \
	   tests/vm/20-module-6.12.t tests/vm/21-module-6.1.t \
	   tests/vm/22-two-cpus-6.12.t tests/vm/23-place-6.12.t \
	   tests/vm/24-counters-6.12.t tests/vm/25-counters-6.1.t \
	   tests/vm/33-boots.t tests/vm/31-golden-6.1.t tests/vm/35-interrupt.t
# test_engine is timed, and so gates nothing that others wait for.
ALL	:= $(CHECK) tests/unit/build/test_engine tests/fresh.t \
	   tests/vm/34-scenarios-6.12.t tests/vm/40-repeat-6.12.t tests/vm/41-repeat-6.1.t tests/vm/45-models.t \
	   tests/vm/46-smp.t tests/vm/46-faults-6.1.t tests/vm/47-secure-boot.t \
	   tests/vm/17-warnings-6.12-rt.t tests/vm/18-warnings-6.1-rt.t \
	   tests/vm/18-warnings-6.12-amd64.t tests/vm/19-warnings-6.1-amd64.t \
	   tests/vm/25-module-6.12-rt.t tests/vm/26-module-6.1-rt.t \
	   tests/vm/27-module-6.12-amd64.t tests/vm/28-module-6.1-amd64.t tests/vm/29-module-newest.t \
	   tests/vm/51-armed-6.1.t tests/vm/52-armed-6.12-rt.t tests/vm/53-armed-6.1-rt.t \
	   tests/vm/54-armed-6.12-amd64.t tests/vm/55-armed-6.1-amd64.t tests/vm/56-armed-mutants-6.12.t \
	   tests/vm/57-armed-nmi-6.12.t tests/vm/58-armed-nmi-6.1.t tests/vm/59-armed-mutants-6.1.t

check-fast check check-all: export WERROR = 1
check-fast: test-programs
	@tests/run -j $(JOBS) fast $(FAST)

check: test-programs
	@tests/run -j $(JOBS) check $(CHECK)

check-all: test-programs
	@vm/record.sh results/check-all.txt tests/run -j $(JOBS) all $(ALL)

check-all: LONG = all long
test-programs:
	@vm/setup.sh $(LONG)
	@$(MAKE) -s --no-print-directory harness
	@$(MAKE) -s --no-print-directory -C tests/unit

# What is generated and committed. Review the diff.
golden: harness
	@tests/golden.sh

reference: harness
	@results/reference/take.sh
	@results/claims.sh results/claims.md
	@results/scenarios.sh results/fpu-scenarios.md
	@$(MAKE) -s --no-print-directory waterfall

# Some five minutes on a quiet machine.
precision: harness
	@bench/precision.sh --output results/precision.md

model: harness
	@bench/model.sh

# A patched kernel against its parent; some 15 minutes the first time.
kernel-ab: harness
	@vm/record.sh results/kernel-ab.txt tests/kernel-ab.sh

# What the reference reports say of every claim.
claims: harness
	@results/claims.sh results/claims.md

# What the strategies of FPU switching cost, by the reference report.
scenarios:
	@results/scenarios.sh results/fpu-scenarios.md

# How an entry is put together, by the reference reports.
waterfall:
	@results/frames.py waterfall results/reference/*/vm-6.12*/report.json \
		results/reference/amd-epyc-*/user-*/report.json >results/frame-waterfall.svg.new
	@mv results/frame-waterfall.svg.new results/frame-waterfall.svg

readme: harness
	@tests/readme.sh --write

install: harness
	install -D -m 755 bench/tollgate $(DESTDIR)$(PREFIX)/bin/tollgate
	mkdir -p $(DESTDIR)$(PREFIX)/share/tollgate
	find Kbuild include mod vm -type f \( -name Kbuild -o -name '*.[chS]' -o -name '*.def' \
		-o -name '*.sh' -o -name '*.lds' -o -name '*.config' -o -name init \) ! -name '*.mod.c' \
		-exec cp --parents -t $(DESTDIR)$(PREFIX)/share/tollgate {} +

clean:
	rm -rf bench/tollgate .cache/build tests/unit/build
	rm -rf tollgate.ko tollgate.o tollgate.mod* .tollgate.* Module.symvers .Module.symvers.cmd \
		modules.order .modules.order.cmd mod/*.o mod/.*.cmd mod/.*.d .tmp_versions

help:
	@echo "make              the harness; tollgate.ko where this kernel's headers are"
	@echo "make bench        install what is missing, build, measure (ring 3 here, ring 0 in"
	@echo "                  a virtual machine), print the reports; LANE=user or vm: one alone"
	@echo "sudo make bench LANE=host   a test machine: insmod here, measure, rmmod"
	@echo "make check        every test (check-fast: under 2 minutes; check-all: the long ones too)"
	@echo "make harness      bench/tollgate"
	@echo "make module       tollgate.ko for this kernel, or KDIR=/path/to/its/build/tree"
	@echo "make precision    how well figures repeat here, beside other tools: results/precision.md"
	@echo "make model        faults of FPU switching, each with its trace: results/fpu-model.txt"
	@echo "make kernel-ab    build a kernel and a patched one, compare them: results/kernel-ab.txt"
	@echo "make golden, reference, claims, scenarios, waterfall, readme"
	@echo "                  rewrite what is generated and committed"
	@echo "make install      PREFIX=$(PREFIX), DESTDIR="
	@echo "make clean        built files; downloads stay in .cache (TOLLGATE_CACHE)"

.PHONY: all harness module bench check-fast check check-all test-programs golden reference \
	precision model kernel-ab claims scenarios waterfall readme install clean help
