# file: agent/uplink_receive.c
# runs: --seeds 250 --hours 2
s/u->dictionary_sent = m.dictionary_count;/if (u->dictionary_sent == 0) u->dictionary_sent = m.dictionary_count;/
