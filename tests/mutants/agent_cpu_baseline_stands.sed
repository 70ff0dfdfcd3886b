# file: agent/collect/collect_machine.c
s/c->cpu_newest \^= 1;/if (!c->cpu[c->cpu_newest].has_ticks) c->cpu_newest ^= 1;/
