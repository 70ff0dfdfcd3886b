# file: aggregator/api/http.c
# unit: api/test_http
# says: refuses_smuggling
s/if \(lengths \+ codings > 1\)/if (lengths > 1 || codings > 1)/
