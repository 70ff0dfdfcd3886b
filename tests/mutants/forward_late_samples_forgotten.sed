# file: aggregator/store/outlet.c
# test: unit:forward/test_outlet
s/^    note_staged\(s\);/    (void)note_staged;/
