# file: aggregator/access/secret.c
# unit: access/test_access
s/difference \|= \(uint8_t\)\(a\[i\] \^ b\[i\]\);/difference = (uint8_t)(a[i] ^ b[i]) \& 0;/
