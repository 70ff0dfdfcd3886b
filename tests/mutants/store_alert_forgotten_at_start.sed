# file: aggregator/store/events.c
# unit: store/test_alerts
# says: an_open_alert_survives_a_power_cut_and_takes_the_next_breach
s/return err == ERR_OK \? alerts_load\(s\) : err;/return err;/
