# A crossing that is no longer expected leaves its alert open.
# file: aggregator/analysis/predict_tell.c
# unit: analysis/test_predict
# says: a_disk_that_fills_is_foretold
s/        end\(p, of, series\);/        (void)end;/
