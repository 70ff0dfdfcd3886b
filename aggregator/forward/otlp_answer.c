/* SPDX-License-Identifier: MIT */
/* What a receiver of OTLP answers. */
#include <string.h>

#include "aggregator/forward/otlp.h"
#include "platform/base/utf8.h"
#include "proto/fields.h"

enum { RESPONSE_PARTIAL = 1, PARTIAL_REJECTED = 1, PARTIAL_WORDS = 2, STATUS_WORDS = 2 };

static void take_words(struct bytes from, struct otlp_answer *out)
{
    char words[sizeof out->words];
    uint32_t n = from.size < sizeof words ? from.size : (uint32_t)sizeof words - 1;
    memcpy(words, from.at, n);
    words[n] = '\0';
    utf8_copy_clean(out->words, sizeof out->words, words);
}

static void read_partial(struct bytes message, struct otlp_answer *out)
{
    struct fields f = fields_of(message);
    while (fields_next(&f)) {
        if (fields_is(&f, PARTIAL_REJECTED, FIELD_VARINT) && (int64_t)f.value > 0)
            out->rejected = f.value;
        else if (fields_is(&f, PARTIAL_WORDS, FIELD_BYTES))
            take_words(f.bytes, out);
    }
}

void otlp_answer_read(const uint8_t *bytes, uint32_t size, uint32_t status, struct otlp_answer *out)
{
    struct fields f = fields_of((struct bytes){bytes, size});
    *out = (struct otlp_answer){0};
    while (fields_next(&f)) {
        if (status < 300 && fields_is(&f, RESPONSE_PARTIAL, FIELD_BYTES))
            read_partial(f.bytes, out);
        else if (status >= 400 && fields_is(&f, STATUS_WORDS, FIELD_BYTES))
            take_words(f.bytes, out);
    }
}
