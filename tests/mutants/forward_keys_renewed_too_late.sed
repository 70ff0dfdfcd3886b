# file: aggregator/forward/aws/chain.c
# unit: forward/test_aws_chain
s/k->expires_ms - RENEW_MS/k->expires_ms + RENEW_MS/
