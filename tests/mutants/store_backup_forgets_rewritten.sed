# file: aggregator/store/vfs.c
# unit: store/test_backup
# says: a_backup_under_load_is_whole
s/w->pages\[w->count\+\+\] = \(uint32_t\)page;/w->count += 0;/
