# file: agent/hints.c
# unit: agent/test_hints
# says: what_stays_beyond_is_held_for_a_while
s/ && now_s <= w->held_until_s//
