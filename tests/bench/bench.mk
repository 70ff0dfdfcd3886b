# SPDX-License-Identifier: MIT
# Benchmarks with the shipped programs. Included by the Makefile.
#
#   make bench BENCH=agent     one part (agent, ingest, history); lengths: see tests/bench/run

BENCH ?=
.PHONY: bench
bench: all ## Measure what Nephos costs; figures in build/bench/report.md (six minutes)
	@BUILD=$(BUILD) CC_ARCH=$(CC_ARCH) tests/bench/run $(BENCH)
