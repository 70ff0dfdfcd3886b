# file: agent/spool_file.c
# unit: agent/test_spool
s/check != record_check\(place.chain, bytes\) \|\| //
