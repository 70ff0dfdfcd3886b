# file: aggregator/store/outlet.c
# unit: forward/test_outlet
# says: late_windows_do_not_wait_for_the_clock
s/ \|\| place->since_ms > place->noted_ms\)/)/
