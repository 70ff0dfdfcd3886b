# A change becomes durable, and who made it does not.
# file: aggregator/store/access.c
# unit: store/test_access
s/for \(uint32_t i = 0; err == ERR_OK && i < a->staged_count; i\+\+\)/for (uint32_t i = 1; err == ERR_OK \&\& i < a->staged_count; i++)/
