# file: aggregator/store/tier.c
# unit: store/test_roll
# says: minutes_leave_before_samples_for_their_share
s/#define MINUTES_SIXTEENTHS 4/#define MINUTES_SIXTEENTHS 12/
