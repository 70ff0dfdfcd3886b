# file: agent/spool.c
# unit: agent/test_spool
s/plat_random\(s->plat, &start, sizeof start\);/start = (uint32_t)s->last_number + 1;/
