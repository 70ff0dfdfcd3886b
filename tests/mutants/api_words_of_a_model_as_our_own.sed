# file: aggregator/api/routes/rewording.c
# unit: api/test_rewording
# says: words_of_a_model_are_marked
s/is_theirs \? "snowflake-cortex"/false ? ""/
