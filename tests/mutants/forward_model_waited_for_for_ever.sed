# file: aggregator/forward/snowflake/cortex.c
# unit: forward/test_cortex
# says: a_slow_model_is_given_up
s/mono_reached\(now, c->deadline\)/false/
