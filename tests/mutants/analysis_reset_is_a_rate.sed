# A counter that went back to zero gives a rate all the same.
# file: aggregator/analysis/minutes.c
# unit: analysis/test_detect
# says: resets_and_gaps_are_no_news
s/m->is_reset \|\| grown < 0 \|\|//
