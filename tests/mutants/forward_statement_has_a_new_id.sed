# file: aggregator/forward/snowflake/snowflake.c
# unit: forward/test_snowflake
# says: a_doubtful_statement_has_its_id_again
s/    if \(!is_again\) \{/    if (true) {/
