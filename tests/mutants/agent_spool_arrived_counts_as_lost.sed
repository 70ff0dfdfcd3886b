# file: agent/spool.c
# unit: agent/test_spool_doubt
s/if \(spool_may_have_arrived\(s, &s->oldest\)\)/if (s->oldest.was_sent)/
