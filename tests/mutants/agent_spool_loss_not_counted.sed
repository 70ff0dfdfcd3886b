# file: agent/spool.c
# unit: agent/test_spool
s/^ +s->lost_count \+= s->oldest.count;/            ;/
