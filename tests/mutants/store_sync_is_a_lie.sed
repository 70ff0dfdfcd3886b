# file: aggregator/store/vfs.c
s/return code_of\(plat_file_sync\(f->plat, f->handle\), SQLITE_IOERR_FSYNC\);/(void)f; return SQLITE_OK;/
