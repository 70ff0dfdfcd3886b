# file: aggregator/forward/digest.c
# unit: forward/test_forward
s/    if \(n >= 0 \&\& digest_is_withheld\(o\)\)/    if (false)/
