# file: aggregator/forward/gateway/gateway.c
# unit: forward/test_gateway
s/if \(is_long\)/if (false)/
