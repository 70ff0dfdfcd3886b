# file: agent/ring.c
/^void ring_restart/,/^}/s/r->sent_sequence = sequence;//
