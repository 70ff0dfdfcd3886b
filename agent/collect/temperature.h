/* SPDX-License-Identifier: MIT */
/* Temperatures: /sys/class/hwmon/hwmonN/tempK_input with its label (kernel:
 * Documentation/hwmon/sysfs-interface.rst) or, where no driver has one, those of the thermal zones. Many
 * boards tell the same sensor in both places, so zones (/sys/class/thermal) are only looked at when there is
 * nothing else. Most VMs have neither. */
#ifndef NEPHOS_COLLECT_TEMPERATURE_H
#define NEPHOS_COLLECT_TEMPERATURE_H

#include "agent/limits.h"

/* "58000" of a thousandth of a degree; false when it is no number or no temperature (-100 to 250 degrees). */
bool temperature_parse(const char *text, uint32_t length, int64_t *milli_celsius);
/* "coretemp" and "Package id 0" become "coretemp Package id 0", printable; either may be empty or end in a
 * newline. False when nothing is left of them. */
bool temperature_name(const char *driver, uint32_t driver_length, const char *label, uint32_t label_length,
                      char to[static TEMPERATURE_NAME_SIZE]);

#endif
