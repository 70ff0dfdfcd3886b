# file: agent/uplink_history.c
# unit: agent/test_uplink_history
s/m->sequence < h->sent_sequence \? m->sequence : h->sent_sequence/m->sequence/
