# SPDX-License-Identifier: MIT
# Nephos. `make help` lists the targets; `make run` and `make test` are all a newcomer needs.
#
#   V=1        show commands        ARCH=aarch64|armv7|riscv64  cross-compile
#   NEPHOS_DEPS=DIR                 where dependencies are kept (default: ~/.cache/nephos/deps)

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules --no-print-directory
Q := $(if $(V),,@)

ARCH ?= $(patsubst armv7l,armv7,$(shell uname -m))
BUILD ?= build
OUT := $(BUILD)/$(ARCH)
DEPS := $(shell tools/deps --print-dir)
CC_ARCH := $(DEPS)/$(ARCH)/bin/cc
STRIP_ARCH := $(DEPS)/$(ARCH)/bin/strip
VERSION := $(shell cat VERSION)
JOBS ?= $(shell nproc)
COMMIT := $(or $(if $(wildcard .git),$(shell git rev-parse --short=12 HEAD 2>/dev/null)),unknown)

# --- flags ---------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wcast-qual -Wwrite-strings -Wundef -Wframe-larger-than=8192 -Werror
COMMON := -std=gnu2x $(WARNINGS) -I. -I$(BUILD)/gen -DNEPHOS_VERSION='"$(VERSION)"' \
	-ffile-prefix-map=$(CURDIR)/= -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -ftrivial-auto-var-init=zero -fstack-protector-strong -fno-strict-aliasing -g0
AGENT_FLAGS := $(COMMON) -Os -fno-pie -I$(DEPS)/$(ARCH)/agent/include -I$(DEPS)/$(ARCH)/include
AGGREGATOR_FLAGS := $(COMMON) -O2 -I$(DEPS)/$(ARCH)/aggregator/include -I$(DEPS)/$(ARCH)/include
# musl 1.2.5 has known faults in these two: whoever calls them does not link.
MUSL_FAULTS := -Wl,--wrap=qsort -Wl,--wrap=iconv_open
# The library's memory, of which some is set apart (platform/linux/tls/guest.c), and its view of strangers (stranger.c).
TLS_WRAPS := $(foreach f,calloc free x509_crt_parse_der x509_get_sig_alg,-Wl,--wrap=mbedtls_$(f))
LINK := -static -no-pie -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	-Wl,--build-id=none $(MUSL_FAULTS) $(TLS_WRAPS)

# --- what a program is made of -------------------------------------------------------------------

BASE_SRC := $(wildcard platform/base/*.c)
PROTO_SRC := $(wildcard proto/*.c)
LINUX_SRC := $(wildcard platform/linux/*.c platform/linux/tls/*.c)
# Outbound requests: what calls libcurl, and what calls that.
HTTP_CURL_SRC := $(addprefix platform/linux/http/,worker.c roots.c pool.c jwt.c)
HTTP_SRC := platform/linux/http/http.c
LINUX_SERVER_SRC := $(addprefix platform/linux/tls/,authority.c certificate.c public.c ticket.c)
AGENT_SRC := $(wildcard agent/*.c agent/collect/*.c agent/inputs/*.c agent/cloud/*.c)
ROOMS_SRC := $(wildcard aggregator/*/*.c aggregator/*/*/*.c)
AGGREGATOR_SRC := $(wildcard aggregator/*.c) $(ROOMS_SRC)
LOADGEN_SRC := $(wildcard tools/loadgen/*.c)
YARDSTICK_SRC := $(wildcard tools/yardstick/*.c aggregator/analysis/models/*.c) $(addprefix platform/base/,assert.c calendar.c)

AGENT_PARTS := $(BASE_SRC) $(PROTO_SRC) $(filter-out $(LINUX_SERVER_SRC),$(LINUX_SRC)) $(AGENT_SRC)
AGGREGATOR_PARTS := $(BASE_SRC) $(PROTO_SRC) $(LINUX_SRC) $(HTTP_SRC) $(AGGREGATOR_SRC)
LOADGEN_PARTS := $(BASE_SRC) $(PROTO_SRC) $(LINUX_SRC) $(LOADGEN_SRC)

AGENT_OBJ := $(AGENT_PARTS:%.c=$(OUT)/obj/agent/%.o) $(OUT)/obj/agent/gen/nephos.pb-c.o
AGGREGATOR_OBJ := $(AGGREGATOR_PARTS:%.c=$(OUT)/obj/aggregator/%.o) \
	$(OUT)/obj/aggregator/gen/nephos.pb-c.o $(OUT)/obj/aggregator/gen/assets.o $(OUT)/obj/outbound.o
LOADGEN_OBJ := $(LOADGEN_PARTS:%.c=$(OUT)/obj/aggregator/%.o) $(OUT)/obj/aggregator/gen/nephos.pb-c.o
YARDSTICK_OBJ := $(YARDSTICK_SRC:%.c=$(OUT)/obj/aggregator/%.o)

.PHONY: all agent aggregator loadgen yardstick help
all: agent aggregator loadgen yardstick ## Build all programs for this machine (or ARCH=...), static

agent: $(OUT)/nephos-agent
aggregator: $(OUT)/nephos-aggregator
loadgen: $(OUT)/nephos-loadgen
yardstick: $(OUT)/nephos-yardstick

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(filter Makefile %.mk,$(MAKEFILE_LIST))

# --- dependencies --------------------------------------------------------------------------------

.PHONY: deps
deps: ## Fetch and build what Nephos stands on (once, pinned and hash-checked)
	@tools/deps packages build
	@tools/deps host web $(ARCH)

# Somebody may have emptied the cache.
ifeq ($(wildcard $(CC_ARCH)),)
.PHONY: $(BUILD)/.deps-$(ARCH)
endif
$(BUILD)/.deps-$(ARCH): tools/deps $(wildcard tools/deps.d/* platform/linux/tls/mbedtls_*_config.h)
	@mkdir -p $(BUILD)
	@tools/deps packages build $(if $(filter-out $(shell uname -m),$(ARCH)),$(if $(filter riscv64,$(ARCH)),riscv,cross))
	@tools/deps host web $(ARCH)
	@touch $@

# --- generated -----------------------------------------------------------------------------------

GEN := $(BUILD)/gen/nephos.pb-c.h
$(BUILD)/gen/nephos.pb-c.c $(BUILD)/gen/nephos.pb-c.h &: proto/nephos.proto $(BUILD)/.deps-$(ARCH)
	@mkdir -p $(BUILD)/gen
	$(Q)$(DEPS)/host/bin/protoc-c --proto_path=proto --c_out=$(BUILD)/gen nephos.proto

# The dashboard's modules and what they import become one file each of script and style, and go into the program.
DASHBOARD := $(wildcard aggregator/dashboard/*)
WEB := $(BUILD)/gen/web
$(BUILD)/gen/assets.c: tools/embed tools/bundle $(DASHBOARD) $(BUILD)/.deps-$(ARCH)
	@mkdir -p $(BUILD)/gen
	$(Q)tools/bundle $(DEPS) $(WEB) $(DASHBOARD)
	$(Q)ZOPFLI=$(DEPS)/zopfli/usr/bin/zopfli tools/embed $@ $(sort $(addprefix $(WEB)/,app.css app.js icon.svg index.html theme.js))

# --- compile and link ----------------------------------------------------------------------------

say = @printf '  %-8s %s\n' $(1) $(2)

$(OUT)/obj/agent/%.o: %.c $(GEN) $(BUILD)/.deps-$(ARCH)
	$(if $(V),,$(call say,CC,$@))
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(AGENT_FLAGS) -MMD -MP -c $< -o $@
$(OUT)/obj/aggregator/%.o: %.c $(GEN) $(BUILD)/.deps-$(ARCH)
	$(if $(V),,$(call say,CC,$@))
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(AGGREGATOR_FLAGS) -MMD -MP -c $< -o $@
# --version tells the commit: one file knows it, and is compiled again when it changes.
COMMIT_FILE := $(BUILD)/gen/commit
VERSION_OBJ := $(foreach program,agent aggregator,$(OUT)/obj/$(program)/platform/linux/tls/version.o)
$(VERSION_OBJ): $(COMMIT_FILE)
VERSION_FLAGS := -DNEPHOS_COMMIT='"$(COMMIT)"' -DNEPHOS_ARCHITECTURE='"$(ARCH)"'
$(VERSION_OBJ): private AGENT_FLAGS += $(VERSION_FLAGS)
$(VERSION_OBJ): private AGGREGATOR_FLAGS += $(VERSION_FLAGS)
.PHONY: commit
$(COMMIT_FILE): commit
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' > $@
# Floating point gives the same answer on every machine: no fused operations that only some of them have.
MODELS_OBJ := $(patsubst %.c,$(OUT)/obj/aggregator/%.o,$(wildcard aggregator/analysis/models/*.c))
$(MODELS_OBJ): private AGGREGATOR_FLAGS += -ffp-contract=off -fno-math-errno
# Generated code is not ours to warn about.
$(OUT)/obj/agent/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(filter-out $(WARNINGS),$(AGENT_FLAGS)) -w -MMD -MP -c $< -o $@
$(OUT)/obj/aggregator/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(filter-out $(WARNINGS),$(AGGREGATOR_FLAGS)) -w -MMD -MP -c $< -o $@

# libcurl, its own build of mbedTLS and what calls them, as one object that shows nothing but http_...: the
# other build, which agents are served with, has the same names. What would reach libc's heap, its files,
# its resolver or its faults reaches ours.
HTTP_FLAGS := $(filter-out -Wpedantic -Wundef,$(COMMON)) -O2 -I$(DEPS)/$(ARCH)/http/include -I$(DEPS)/$(ARCH)/include
HTTP_OBJ := $(HTTP_CURL_SRC:%.c=$(OUT)/obj/http/%.o)
HTTP_LIBS := $(DEPS)/$(ARCH)/http/lib/libcurl.a $(DEPS)/$(ARCH)/http/lib/libmbedtls.a
HTTP_KEPT := http_worker http_qsort http_no_lookup http_no_lookup_end http_no_addresses \
	http_no_addresses_end http_no_file
HTTP_OWN := $(foreach f,malloc calloc realloc free strdup qsort,--redefine-sym $(f)=http_$(f)) \
	--redefine-sym getaddrinfo=http_no_lookup --redefine-sym freeaddrinfo=http_no_lookup_end \
	--redefine-sym getifaddrs=http_no_addresses --redefine-sym freeifaddrs=http_no_addresses_end \
	--redefine-sym fopen=http_no_file --redefine-sym gmtime_r=mbedtls_platform_gmtime_r
$(OUT)/obj/http/%.o: %.c $(BUILD)/.deps-$(ARCH)
	$(if $(V),,$(call say,CC,$@))
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(HTTP_FLAGS) -MMD -MP -c $< -o $@
$(OUT)/obj/outbound.o: $(HTTP_OBJ)
	$(if $(V),,$(call say,LINK,$@))
	$(Q)$(CC_ARCH) -r -nostdlib -Wl,--gc-sections $(HTTP_KEPT:%=-Wl,-u,%) $(HTTP_OBJ) $(HTTP_LIBS) -o $@.all
	$(Q)$(DEPS)/$(ARCH)/bin/objcopy --wildcard --keep-global-symbol='http_*' $(HTTP_OWN) $@.all $@
-include $(HTTP_OBJ:.o=.d)

# The heap is wrapped away: a reachable malloc would be an undefined symbol, and so a link error.
NO_HEAP := $(foreach f,malloc calloc realloc free,-Wl,--wrap=$(f))
LINK_AGENT = $(CC_ARCH) $(LINK) $(NO_HEAP) $(AGENT_OBJ) agent/budget.ld -Wl,-T,agent/order.ld \
	$(DEPS)/$(ARCH)/agent/lib/libmbedtls.a $(DEPS)/$(ARCH)/lib/libprotobuf-c.a
$(OUT)/nephos-agent: $(AGENT_OBJ) agent/budget.ld agent/order.ld
	$(if $(V),,$(call say,LINK,$@))
	$(Q)$(LINK_AGENT) -o $@
	$(Q)$(STRIP_ARCH) -R .comment $@ -o $@.stripped && mv $@ $@.debug && mv $@.stripped $@
$(OUT)/nephos-aggregator: $(AGGREGATOR_OBJ)
	$(if $(V),,$(call say,LINK,$@))
	$(Q)$(CC_ARCH) $(LINK) $(AGGREGATOR_OBJ) $(DEPS)/$(ARCH)/aggregator/lib/libmbedtls.a \
		$(DEPS)/$(ARCH)/lib/libprotobuf-c.a $(DEPS)/$(ARCH)/lib/libsqlite3.a \
		$(DEPS)/$(ARCH)/lib/libyyjson.a $(DEPS)/$(ARCH)/lib/libzlib.a -o $@
	$(Q)$(STRIP_ARCH) -R .comment $@
$(OUT)/nephos-loadgen: $(LOADGEN_OBJ)
	$(if $(V),,$(call say,LINK,$@))
	$(Q)$(CC_ARCH) $(LINK) $(LOADGEN_OBJ) $(DEPS)/$(ARCH)/aggregator/lib/libmbedtls.a \
		$(DEPS)/$(ARCH)/lib/libprotobuf-c.a -o $@
	$(Q)$(STRIP_ARCH) -R .comment $@
$(OUT)/nephos-yardstick: $(YARDSTICK_OBJ)
	$(if $(V),,$(call say,LINK,$@))
	$(Q)$(CC_ARCH) $(LINK) $(YARDSTICK_OBJ) $(DEPS)/$(ARCH)/aggregator/lib/libmbedtls.a -o $@
	$(Q)$(STRIP_ARCH) -R .comment $@

-include $(AGENT_OBJ:.o=.d) $(AGGREGATOR_OBJ:.o=.d) $(LOADGEN_OBJ:.o=.d) $(YARDSTICK_OBJ:.o=.d)

# --- host library: the same rooms over the simulated platform, for unit tests and simulation -----

HOST := $(BUILD)/host
HOST_CC ?= gcc
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HOST_SRC := $(BASE_SRC) $(PROTO_SRC) $(wildcard platform/sim/*.c) $(filter-out agent/main.c,$(AGENT_SRC)) \
	$(filter-out aggregator/main.c,$(AGGREGATOR_SRC))
HOST_FLAGS := -std=gnu2x $(WARNINGS) -I. -I$(BUILD)/gen -I$(DEPS)/host/src -I$(DEPS)/host \
	-DNEPHOS_VERSION='"$(VERSION)"' -fno-strict-aliasing -g
SQLITE_FLAGS := -DSQLITE_THREADSAFE=0 -DSQLITE_ENABLE_MEMSYS5 -DSQLITE_OMIT_LOAD_EXTENSION \
	-DSQLITE_DQS=0 -DSQLITE_DEFAULT_MEMSTATUS=1 -DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_SHARED_CACHE \
	-DSQLITE_TEMP_STORE=3
ZLIB_PARTS := adler32 crc32 inffast inflate inftrees zutil
# $(1): folder of the variant, $(2): its extra flags.
define host_library
$(1)/%.o: %.c $(GEN)
	@mkdir -p $$(@D)
	$$(Q)$(HOST_CC) $(HOST_FLAGS) $(2) -MMD -MP -c $$< -o $$@
$(1)/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $$(@D)
	$$(Q)$(HOST_CC) $(HOST_FLAGS) $(2) -w -c $$< -o $$@
$(1)/deps/%.o: $(BUILD)/.deps-$(ARCH)
	@mkdir -p $$(@D)
	$$(Q)$(HOST_CC) -w -O1 -g $(2) -fno-sanitize=undefined $(SQLITE_FLAGS) -DNDEBUG -I$(DEPS)/host/src -c $(DEPS)/host/src/$$*.c -o $$@
$(1)/zlib/%.o: $(BUILD)/.deps-$(ARCH)
	@mkdir -p $$(@D)
	$$(Q)$(HOST_CC) -w -O1 -g $(2) -fno-sanitize=undefined -DZ_SOLO -c $(DEPS)/host/zlib/$$*.c -o $$@
$(1)/libnephos.a: $(HOST_SRC:%.c=$(1)/%.o) $(1)/gen/nephos.pb-c.o $(1)/gen/assets.o \
		$(1)/deps/sqlite3.o $(1)/deps/yyjson.o $(1)/deps/protobuf-c/protobuf-c.o \
		$(ZLIB_PARTS:%=$(1)/zlib/%.o)
	@rm -f $$@
	$$(Q)ar rcsD $$@ $$^
-include $(HOST_SRC:%.c=$(1)/%.d)
endef
$(eval $(call host_library,$(HOST)/asan,-O1 $(SANITIZE)))
$(eval $(call host_library,$(HOST)/fast,-O2))

.PHONY: host
host: $(HOST)/asan/libnephos.a $(HOST)/fast/libnephos.a ## Build the test libraries

# --- tests ---------------------------------------------------------------------------------------

UNIT := $(patsubst tests/unit/%.c,$(HOST)/asan/unit/%,$(wildcard tests/unit/*/test_*.c))
$(HOST)/asan/unit/%: tests/unit/%.c $(HOST)/asan/libnephos.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_FLAGS) -Wno-frame-larger-than -O1 $(SANITIZE) -MMD -MP $< $(HOST)/asan/libnephos.a \
		-lcmocka -lm -o $@
-include $(UNIT:=.d)

-include tests/unit/platform/linux/linux.mk
-include tests/sim/sim.mk
-include tests/fuzz/fuzz.mk
-include tests/e2e/e2e.mk
-include tests/soak/soak.mk
-include tests/bench/bench.mk
-include packaging/dist.mk

.PHONY: unit tidy layers analyze
analyze: $(GEN) ## gcc's static analyzer over both programs
	@printf '%s\n' $(sort $(AGENT_PARTS) $(AGGREGATOR_PARTS) $(LOADGEN_PARTS)) | \
	    xargs -P $(JOBS) -I{} $(CC_ARCH) $(AGGREGATOR_FLAGS) -fanalyzer -c {} -o /dev/null
	@echo 'analyze: $(words $(sort $(AGENT_PARTS) $(AGGREGATOR_PARTS) $(LOADGEN_PARTS))) files'
unit: $(UNIT) ## Run the unit tests (address and undefined behaviour sanitizers on)
	@JOBS=$(JOBS) tools/run_units $(UNIT)
tidy: ## Check style
	@tools/tidy
layers: ## Check that folders include each other one way only
	@tools/check_layers

.PHONY: test-packages check check-long test run
test-packages:
	@tools/deps exporter forward vultr prometheus pressure stress openapi otlp mail aws browser packages build test cross

check: all ## Everything that is quick: style, layers, budgets, unit tests, simulation
	@tools/stage --begin
	@tools/stage tidy tools/tidy || true
	@tools/stage layers tools/check_layers || true
	@tools/stage memory $(MAKE) memory-check || true
	@tools/stage metrics $(MAKE) metrics-check || true
	@tools/stage manual $(MAKE) manual-check || true
	@tools/stage budget $(MAKE) budget-proof || true
	@tools/stage unit $(MAKE) -j$(JOBS) unit || true
	@tools/stage unit-linux $(MAKE) -j$(JOBS) unit-linux || true
	@tools/stage sim $(MAKE) -j$(JOBS) sim-check || true
	@tools/stage --summary

test: test-packages ## Set everything up and run every proof (what CI runs)
	@$(MAKE) -j$(JOBS) all
	@tools/stage --begin
	@# Every stage runs; the summary fails when one has failed.
	@tools/stage tidy tools/tidy || true
	@tools/stage layers tools/check_layers || true
	@tools/stage analyze $(MAKE) -j$(JOBS) analyze || true
	@tools/stage memory $(MAKE) memory-check || true
	@tools/stage metrics $(MAKE) metrics-check || true
	@tools/stage manual $(MAKE) manual-check || true
	@tools/stage budget $(MAKE) budget-proof || true
	@tools/stage unit $(MAKE) -j$(JOBS) unit || true
	@tools/stage unit-linux $(MAKE) -j$(JOBS) unit-linux || true
	@tools/stage sim $(MAKE) -j$(JOBS) sim-check || true
	@tools/stage mutants $(MAKE) -j$(JOBS) mutants || true
	@tools/stage fuzz $(MAKE) -j$(JOBS) fuzz FUZZ_SECONDS=5 || true
	@tools/stage cross-build $(MAKE) -j$(JOBS) cross || true
	@tools/stage e2e $(MAKE) -j$(JOBS) e2e || true
	@tools/stage reproducible $(MAKE) reproducible || true
	@tools/stage --summary

check-long: test-packages ## Sanitizers, 30 s of each fuzz target, many seeds, cross under qemu-user
	@$(MAKE) -j$(JOBS) all cross
	@tools/stage --begin
	@tools/stage unit $(MAKE) -j$(JOBS) unit || true
	@tools/stage unit-linux $(MAKE) -j$(JOBS) unit-linux || true
	@tools/stage sim $(MAKE) -j$(JOBS) sim-check SEEDS=2000 || true
	@tools/stage sim-sanitized $(MAKE) -j$(JOBS) sim-sanitized || true
	@tools/stage mutants $(MAKE) -j$(JOBS) mutants || true
	@tools/stage fuzz $(MAKE) -j$(JOBS) fuzz FUZZ_SECONDS=30 || true
	@tools/stage e2e $(MAKE) -j$(JOBS) e2e CROSS_S=600 || true
	@tools/stage dist $(MAKE) -j$(JOBS) dist-check || true
	@tools/stage --summary

# Both must fail to link: 512 KiB more of static memory, and a function that reaches malloc.
.PHONY: budget-proof
budget-proof: agent ## Check that the agent does not link over its budget or with a heap
	@mkdir -p $(OUT)/proof
	@echo 'char too_much[512 * 1024] = {0};' | $(CC_ARCH) -c -x c - -o $(OUT)/proof/too_much.o
	@printf '#include <stdlib.h>\nvoid *heap_user(void) { return malloc(1); }\n' | \
	    $(CC_ARCH) -c -x c - -o $(OUT)/proof/heap_user.o
	@for symbol in too_much heap_user; do \
	    if $(LINK_AGENT) $(OUT)/proof/$$symbol.o -Wl,-u,$$symbol -o $(OUT)/proof/agent \
	        2>$(OUT)/proof/$$symbol.log; then echo "the agent links with $$symbol"; exit 1; fi; \
	done
	@grep -q 'over its budget' $(OUT)/proof/too_much.log
	@grep -q '__wrap_malloc' $(OUT)/proof/heap_user.log
	@echo '2 passed, 0 failed'

.PHONY: cross syntax reproducible memory-check memory metrics-check metrics
cross: ## Build the agents (and the models of the analysis) for aarch64 and armv7, and read the aggregator for 32 bits
	@$(MAKE) ARCH=aarch64 agent yardstick
	@$(MAKE) ARCH=armv7 agent yardstick syntax
# A size that has 32 bits elsewhere is an error that no 64-bit compiler sees.
syntax: $(GEN) $(BUILD)/.deps-$(ARCH) ## Read the sources of the aggregator as the compiler for ARCH does, without making code
	@printf '%s\n' $(sort $(AGGREGATOR_PARTS)) | xargs -P $(JOBS) -I{} $(CC_ARCH) $(AGGREGATOR_FLAGS) -fsyntax-only {}
	@printf '%s\n' $(HTTP_CURL_SRC) | xargs -P $(JOBS) -I{} $(CC_ARCH) $(HTTP_FLAGS) -fsyntax-only {}
	@echo 'syntax: $(words $(sort $(AGGREGATOR_PARTS)) $(HTTP_CURL_SRC)) files for $(ARCH)'

# Our own sources, twice, from two folders; the dependencies are fixed by their hashes.
reproducible: all ## Check that two clean builds are the same bytes
	@rm -rf $(BUILD)/again
	@$(MAKE) BUILD=$(BUILD)/again -j$(JOBS) all
	@for program in agent aggregator loadgen yardstick; do \
	    cmp $(OUT)/nephos-$$program $(BUILD)/again/$(ARCH)/nephos-$$program; \
	done
	@rm -rf $(BUILD)/again
	@echo 'reproducible: the same bytes twice'

memory: all ## Write docs/MEMORY.md from the programs
	@tools/memory_report $(OUT) > docs/MEMORY.md
metrics: ## Write docs/METRICS.md from proto/metrics.def
	@tools/metrics_report > docs/METRICS.md
metrics-check:
	@tools/metrics_report | diff -u docs/METRICS.md - || \
	    { echo 'docs/METRICS.md is stale: run make metrics and commit it'; exit 1; }

memory-check: all
	@tools/memory_report $(OUT) | diff -u docs/MEMORY.md - || \
	    { echo 'docs/MEMORY.md is stale: run make memory and commit it'; exit 1; }

run: ## Start an aggregator and an agent here and print the dashboard's address
	@$(MAKE) -j$(JOBS) aggregator agent
	@tools/run

.PHONY: clean distclean
clean: ## Remove what was built; dependencies stay
	rm -rf $(BUILD)
distclean: clean ## Remove the dependencies too
	rm -rf $(DEPS)
