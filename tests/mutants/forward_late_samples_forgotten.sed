# file: aggregator/store/outlet.c
# unit: forward/test_outlet
s/^    note_staged\(s\);/    (void)note_staged;/
