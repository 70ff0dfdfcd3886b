/* SPDX-License-Identifier: MIT */
/* Temperatures; see temperature.h. */
#include "agent/collect/temperature.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/text.h"
#include "platform/base/utf8.h"

#define MILLI_MIN (-100000)
#define MILLI_MAX 250000

bool temperature_parse(const char *text, uint32_t length, int64_t *milli_celsius)
{
    struct span rest = span_of(text, length), line;
    if (!span_line(&rest, &line) || line.at == line.end)
        return false;
    bool is_negative = *line.at == '-';
    uint64_t value;
    line.at += is_negative;
    if (!span_u64(&line, &value) || line.at != line.end || value > MILLI_MAX)
        return false;
    *milli_celsius = is_negative ? -(int64_t)value : (int64_t)value;
    return *milli_celsius >= MILLI_MIN;
}

/* The first line of it. */
static void put_line(struct text *to, const char *text, uint32_t length)
{
    uint32_t n = 0;
    while (n < length && text[n] != '\n' && text[n] != '\0')
        n++;
    if (n > 0 && to->length > 0)
        text_put_char(to, ' ');
    text_put_n(to, text, n);
}

bool temperature_name(const char *driver, uint32_t driver_length, const char *label, uint32_t label_length,
                      char to[static TEMPERATURE_NAME_SIZE])
{
    char raw[2 * TEMPERATURE_NAME_SIZE];
    struct text t;
    text_init(&t, raw, sizeof raw);
    put_line(&t, driver, driver_length);
    put_line(&t, label, label_length);
    utf8_copy_clean(to, TEMPERATURE_NAME_SIZE, raw);
    return to[0] != '\0';
}
