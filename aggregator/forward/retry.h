/* SPDX-License-Identifier: MIT */
/* When to try again: exponential delay with full jitter, what the other side asks for, and the breaker that
 * leaves a dead destination alone but for one slow probe. Pure. */
#ifndef NEPHOS_FORWARD_RETRY_H
#define NEPHOS_FORWARD_RETRY_H

#include "platform/base/text.h"

#define RETRY_BASE_MS 500
#define RETRY_CEILING_MS 60000
#define RETRY_AFTER_MAX_MS (INT64_C(3600) * 1000)
/* So many failures one behind the other open the breaker; then one try in this time. */
#define RETRY_FAILURES_DOWN 6U
#define RETRY_PROBE_MS 60000
/* After a refusal that a person must mend. */
#define RETRY_HELD_MS 300000
/* Who refuses so many messages one behind the other, and takes nothing in between, is held: then it is hardly
 * their fault. After each pause so many are tried again. */
#define RETRY_DROPS_MAX 16U

enum verdict {
    VERDICT_DONE,
    VERDICT_AGAIN,  /* with delay */
    VERDICT_HOLD,   /* credentials, address: a person must look; tried again slowly */
    VERDICT_DROP,   /* this message will never be taken */
    VERDICT_MORE,   /* of exporters (exporter.h): another request comes first */
};
/* What an HTTP status means; 0: there was no answer. */
enum verdict retry_judge(uint32_t status);
/* Delay before the next try after `failures` (1 or more) in a row: any time up to a bound that doubles.
 * `random` is any number. `retry_after` in ms wins when it is longer; negative: none. */
int64_t retry_delay_ms(enum verdict verdict, uint32_t failures, int64_t retry_after_ms, uint64_t random);
/* Retry-After in either form: seconds, or a date of RFC 9110 section 5.6.7. Negative when it is neither.
 * Never more than RETRY_AFTER_MAX_MS. */
int64_t retry_after_ms(const char *text, int64_t now_ms);
/* "Sun, 06 Nov 1994 08:49:37 GMT" in ms since 1970; negative when it is not one. The two older forms no
 * server of today sends. */
int64_t retry_date_ms(const char *text);

#endif
