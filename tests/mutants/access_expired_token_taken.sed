# file: aggregator/access/secret.c
# unit: access/test_access
s/HASH_SIZE\) && !is_expired \?/HASH_SIZE) || is_expired ?/
