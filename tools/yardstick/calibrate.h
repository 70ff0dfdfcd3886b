/* SPDX-License-Identifier: MIT */
/* What may be believed of an alarm of a host: how many of the alarms with such a score lie in a labelled
 * window, or up to an hour beside it. aggregator/analysis/confidence.h has the table that follows from it. */
#ifndef NEPHOS_YARDSTICK_CALIBRATE_H
#define NEPHOS_YARDSTICK_CALIBRATE_H

#include <stdbool.h>
#include <stdint.h>

/* The next row of a machine. Rows that nobody labelled only teach. */
void calibrate_row(int64_t time_s, bool is_labelled, bool is_trouble, double score, double level);
/* The machine's rows are over. */
void calibrate_machine_end(void);
/* Prints the tables. */
void calibrate_print(void);

#endif
