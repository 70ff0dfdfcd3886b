# file: aggregator/store/staging.c
# unit: store/test_store
# says: nothing_is_visible_before_its_commit
s/block->values, block->slot_count \* sizeof/block->values, (block->slot_count - 1) * sizeof/
