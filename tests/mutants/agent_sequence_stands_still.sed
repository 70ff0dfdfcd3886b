# file: agent/block_builder.c
s/b->next_sequence\+\+;/if (ring->lost_count == 0) b->next_sequence++;/
