# The same sample goes into another series of its name when the scale has changed meanwhile.
# file: aggregator/push/push.c
# unit: push/test_push
# says: takes_a_sample_once_in_any_scale
s/if \(r\.has_siblings\)/if (false)/
