# file: agent/spool.c
# unit: agent/test_spool
s/from.segment = SPOOL_NOWHERE; \/\* there is no record.*/from = s->oldest.next;/
