# file: aggregator/store/tier.c
# unit: store/test_roll
# says: minutes_leave_before_samples_for_their_share
s/s->tiers\[TIER_MINUTES\]\.bytes > share.*/false)/
