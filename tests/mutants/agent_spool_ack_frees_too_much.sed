# file: agent/spool.c
s/spool_last_sequence\(&s->oldest\) <= sequence\)/s->oldest.sequence <= sequence + 40)/
