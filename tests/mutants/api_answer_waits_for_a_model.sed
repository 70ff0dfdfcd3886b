# file: aggregator/api/routes/rewording.c
# unit: api/test_rewording
# says: without_an_answer_our_own_words_stand
s/return is_under_way && !is_late/return is_under_way/
