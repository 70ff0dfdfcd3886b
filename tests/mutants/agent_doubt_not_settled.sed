# file: agent/ring.c
# unit: agent/test_ring
s/r->lost_count \+= ring_in_doubt\(r\);//
