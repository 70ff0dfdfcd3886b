# Forecasts fall back to the level of the days before while a series grows steadily.
# file: aggregator/analysis/models/forecast.c
# unit: models/test_forecast
# says: steady_growth_goes_on
s/return middle \* clamp\(share, 0, 1\);/return 0 * clamp(share, 0, 1);/
