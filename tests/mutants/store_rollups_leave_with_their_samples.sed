# file: aggregator/store/retention.c
# unit: store/test_roll
s/int64_t keep = keep_ms\(s, tier\)/int64_t keep = keep_ms(s, TIER_SECONDS)/
