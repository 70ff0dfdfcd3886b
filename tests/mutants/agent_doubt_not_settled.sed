# file: agent/ring.c
s/r->lost_count \+= ring_in_doubt\(r\);//
