# file: agent/uplink_history.c
# unit: agent/test_uplink_history
s/h->state = HISTORY_ASKED;/h->state = HISTORY_OPEN; h->known_slots = 0; h->at = spool_start(u->parts.spool, epoch);/
