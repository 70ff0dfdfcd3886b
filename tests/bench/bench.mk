# SPDX-License-Identifier: MIT
# Benchmarks with the shipped programs. Included by the Makefile.
#
#   make bench BENCH=agent     one part (agent, ingest, history, store, tls); lengths: see tests/bench/run

BENCH ?=
.PHONY: bench
bench: all $(BUILD)/bench/store $(OUT)/bench/tls ## Measure what Nephos costs; figures in build/bench/report.md (six minutes)
	@BUILD=$(BUILD) CC_ARCH=$(CC_ARCH) tests/bench/run $(BENCH)

$(BUILD)/bench/store: tests/bench/bench_store.c tools/loadgen/fleet.c $(HOST)/fast/libnephos.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_FLAGS) -Wno-frame-larger-than -O2 $^ -o $@

.PHONY: bench-packages
bench-packages: ## Fetch the peers that `make bench` compares with (unpacked, not installed)
	@tools/deps peers
