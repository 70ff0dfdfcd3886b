# SPDX-License-Identifier: MIT
# The long run. Included by the Makefile.
#
#   make soak                              30 minutes, 2,000 agents at 1 s, ten kill -9
#   make soak SOAK_S=120 SOAK_AGENTS=300   a short one; SOAK_KILLS, SOAK_SERIES too

.PHONY: soak
soak: aggregator loadgen ## Run 2,000 agents for half an hour through ten kill -9; nothing lost, memory flat
	@BUILD=$(BUILD) $(foreach v,SOAK_S SOAK_AGENTS SOAK_KILLS SOAK_SERIES,$(if $($(v)),$(v)=$($(v)))) \
	    python3 -B tests/soak/soak.py
