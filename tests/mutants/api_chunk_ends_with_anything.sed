# file: aggregator/api/chunked.c
# unit: api/test_chunked
# says: refuses_everything_else
s/return c == '.r' \? ERR_AGAIN : ERR_MALFORMED;/return ERR_AGAIN;/
