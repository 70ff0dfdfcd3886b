/* SPDX-License-Identifier: MIT */
/* The words of alerts, for who has no store: readers of settings, manuals. */
#include "aggregator/store/store_alerts.h"

const char *const alert_status_names[ALERT_STATUS_COUNT] = {
    [ALERT_ACTIVE] = "active", [ALERT_ACKNOWLEDGED] = "acknowledged", [ALERT_RESOLVED] = "resolved",
};
const char *const alert_severity_names[ALERT_SEVERITY_COUNT] = {
    [ALERT_LOW] = "low", [ALERT_MEDIUM] = "medium", [ALERT_HIGH] = "high", [ALERT_CRITICAL] = "critical",
};
