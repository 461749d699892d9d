# SPDX-License-Identifier: GPL-2.0
# Tollgate: what it costs to cross the kernel boundary. `make help` tells all.

KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
LANE	?=
BUILD	:= .cache/build/harness

CFLAGS	?= -O2 -g
HARNESS_CFLAGS := -std=gnu11 -Wall -Wextra -Iinclude -Ibench -D_GNU_SOURCE= -Wno-format-truncation $(CFLAGS)
ifneq ($(WERROR),)
HARNESS_CFLAGS += -Werror
endif
# Static, so that the same program runs here and in a guest that has no libraries.
HARNESS_LIBS := -ljansson -lm

HARNESS_SRC := $(wildcard bench/*.c) bench/body/bodies.S
HARNESS_OBJ := $(patsubst bench/%,$(BUILD)/%.o,$(HARNESS_SRC))

all: harness
	@if [ -d "$(KDIR)" ]; then $(MAKE) --no-print-directory module; else \
	echo "tollgate.ko: not built, no kernel headers in $(KDIR); make module KDIR=..."; fi

harness: bench/tollgate

bench/tollgate: $(HARNESS_OBJ)
	$(CC) $(HARNESS_CFLAGS) -static -o $@ $^ $(HARNESS_LIBS)

$(BUILD)/%.c.o: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(HARNESS_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.S.o: bench/%.S
	@mkdir -p $(@D)
	$(CC) -Iinclude -MMD -MP -c -o $@ $<

-include $(HARNESS_OBJ:.o=.d)

module:
	@[ -d "$(KDIR)" ] || { echo "tollgate: no kernel build tree in KDIR=$(KDIR);" \
	"install linux-headers-$$(uname -r), or name one: make module KDIR=/path" >&2; exit 3; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

bench:
	@LANE="$(LANE)" KDIR="$(KDIR)" MAKE="$(MAKE)" vm/bench.sh

.PHONY: all harness module bench
