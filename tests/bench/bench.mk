# SPDX-License-Identifier: MIT
# Benchmarks with the shipped programs. Included by the Makefile.
#
#   make bench BENCH=agent     one part ; which there are, and how long each takes: see tests/bench/run

BENCH ?=
.PHONY: bench
bench: all $(BUILD)/bench/store $(BUILD)/bench/analysis $(OUT)/bench/tls $(OUT)/bench/collect $(BUILD)/bench/listeners ## Measure what Nephos costs; figures in build/bench/report.md (five minutes)
	@BUILD=$(BUILD) CC_ARCH=$(CC_ARCH) tests/bench/run $(BENCH)

$(BUILD)/bench/store: tests/bench/bench_store.c tools/loadgen/fleet.c $(HOST)/fast/libnephos.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_FLAGS) -Wno-frame-larger-than -O2 $^ -lm -o $@

$(BUILD)/bench/analysis: tests/bench/bench_analysis.c $(HOST)/fast/libnephos.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_FLAGS) -O2 $^ -lm -o $@

$(BUILD)/bench/faults: tests/bench/bench_faults.c $(HOST)/fast/libnephos.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_FLAGS) -Wno-frame-larger-than -O2 -MMD -MP $< $(HOST)/fast/libnephos.a -lcmocka -lm -o $@
-include $(BUILD)/bench/faults.d

$(BUILD)/bench/listeners: tests/bench/listeners.c
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) -O2 -Wall -Wextra -Werror -D_GNU_SOURCE $< -o $@

.PHONY: bench-packages
bench-packages: ## Fetch the peers that `make bench` compares with (unpacked, not installed)
	@tools/deps peers ws prometheus browser

# The agent's objects with its calls to the platform taken apart.
COLLECT_WRAPS := $(foreach f,text_open text_read text_once list filesystem self clock,-Wl,--wrap=plat_$(f))
COLLECT_BENCH_OBJ := $(filter-out %/agent/main.o,$(AGENT_OBJ)) $(OUT)/obj/agent/tests/bench/bench_collect.o
$(OUT)/bench/collect: $(COLLECT_BENCH_OBJ)
	@mkdir -p $(@D)
	$(Q)$(CC_ARCH) $(LINK) $(COLLECT_WRAPS) $^ $(DEPS)/$(ARCH)/agent/lib/libmbedtls.a \
		$(DEPS)/$(ARCH)/lib/libprotobuf-c.a -o $@

# The labelled data and its scorer are not ours: a folder with yardstick.py and data/.
YARDSTICK ?=
.PHONY: bench-faults bench-analysis
bench-faults: $(BUILD)/bench/faults ## Plant troubles into simulated hosts at one second: what is told, how soon, what is told of nothing
	@$<
bench-analysis: yardstick bench-faults ## The same, and detection, alerts and forecasts against labelled data (YARDSTICK=FOLDER)
	@$(if $(YARDSTICK),tests/bench/analysis.py "$(YARDSTICK)" $(OUT)/nephos-yardstick,\
	    echo 'no labelled data: make bench-analysis YARDSTICK=FOLDER scores against it, too')
