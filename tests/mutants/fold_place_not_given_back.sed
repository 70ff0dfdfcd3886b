# file: aggregator/api/routes/across.c
# unit: api/test_across
s|    a->is_taken = false;||
