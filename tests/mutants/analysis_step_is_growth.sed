# A step is taken for steady growth, once as much time has passed as growth is looked for in.
# file: aggregator/analysis/models/forecast.c
# unit: models/test_forecast
# says: a_step_is_no_growth
s/larger\(spread, larger\(turn, step\)\)/larger(spread, turn + 0 * step)/
