# file: aggregator/forward/digest.c
# unit: forward/test_silenced
s/    if \(n >= 0 \&\& digest_is_withheld\(o\)\)/    if (false)/
