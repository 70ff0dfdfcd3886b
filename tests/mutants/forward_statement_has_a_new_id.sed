# file: aggregator/forward/snowflake/snowflake.c
# unit: forward/test_snowflake
s/    if (!is_again) {/    if (true) {/
