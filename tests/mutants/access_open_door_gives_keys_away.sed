# file: aggregator/api/access.c
# unit: api/test_access
s/    x->role = ROLE_ADMIN;/    x->role = ROLE_KEEPER;/
