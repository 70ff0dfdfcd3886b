# file: aggregator/store/retention.c
# unit: store/test_roll
# says: what_is_coarser_stays_as_long
s/o->horizon_ms > s->tiers\[\*tier - 1\]\.horizon_ms\)/false)/
