# file: aggregator/store/push.c
# runs: --seeds 4 --hours 1
# says: law 9
s/if \(is_late\)/if (false)/
