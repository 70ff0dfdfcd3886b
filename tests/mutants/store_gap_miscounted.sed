# file: aggregator/store/staging.c
# unit: store/test_store
# says: resent_blocks_are_recognised
s/facts->gap_count \+= gap;/facts->gap_count += gap > 0;/
