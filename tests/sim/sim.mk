# SPDX-License-Identifier: MIT
# The simulation: whole houses of real programs over platform/sim, and the planted bugs that it must find.

SIM_OBJ = $(patsubst %.c,$(HOST)/fast/%.o,$(wildcard tests/sim/*.c))
SIM_ASAN_OBJ = $(patsubst %.c,$(HOST)/asan/%.o,$(wildcard tests/sim/*.c))
SEEDS ?= 16
SEED ?= 1

$(HOST)/fast/sim: $(SIM_OBJ) $(HOST)/fast/libnephos.a
	$(Q)$(HOST_CC) $^ -lm -o $@
$(HOST)/asan/sim: $(SIM_ASAN_OBJ) $(HOST)/asan/libnephos.a
	$(Q)$(HOST_CC) $(SANITIZE) $^ -lm -o $@
-include $(SIM_OBJ:.o=.d) $(SIM_ASAN_OBJ:.o=.d)

.PHONY: sim sim-check sim-sanitized mutants
sim: $(HOST)/fast/sim ## Replay one simulated house with a readable log: make sim SEED=n
	@$(HOST)/fast/sim --seed $(SEED)
sim-check: $(HOST)/fast/sim ## Run SEEDS (16) simulated houses and judge them
	@$(HOST)/fast/sim --seeds $(SEEDS) --jobs $(JOBS) --known tests/sim/seeds $(if $(CI),,--record)
sim-sanitized: $(HOST)/asan/sim ## A few houses with address and undefined-behaviour sanitizers
	@$(HOST)/asan/sim --seeds 8 --hours 1 --jobs $(JOBS) --known tests/sim/seeds

mutants: $(HOST)/fast/sim ## Plant one-line bugs and check that the simulation catches each
	@CC="$(HOST_CC)" FLAGS='$(subst ',,$(HOST_FLAGS)) -O2' SIM_OBJ="$(SIM_OBJ)" LIBRARY=$(HOST)/fast/libnephos.a \
	    OUT=$(BUILD)/mutants SIM=$(HOST)/fast/sim JOBS=$(JOBS) tests/mutants/run $(MUTANT)
