/* SPDX-License-Identifier: MIT */
/* See answer.h. */
#include "aggregator/forward/snowflake/answer.h"

#include <string.h>

#include "platform/base/utf8.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

static const char *text_member(yyjson_val *object, const char *name)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, name));
    return text != NULL ? text : "";
}

/* A handle goes into a path. */
static void take_handle(struct snowflake_answer *out, const char *handle)
{
    size_t length = strspn(handle, "0123456789abcdefABCDEF-");
    if (handle[length] == '\0' && length < sizeof out->handle)
        (void)text_copy(out->handle, sizeof out->handle, handle);
}

void snowflake_answer_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size,
                           struct snowflake_answer *out)
{
    yyjson_alc alc;
    /* Without the in-situ flag the parser copies the text and does not write to it. */
    union {
        const char *from;
        char *to;
    } text = {.from = bytes};
    *out = (struct snowflake_answer){0};
    if (size == 0 || !yyjson_alc_pool_init(&alc, pool, pool_size))
        return;
    yyjson_doc *doc = yyjson_read_opts(text.to, size, YYJSON_READ_NOFLAG, &alc, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root))
        return;
    out->is_json = true;
    utf8_copy_clean(out->code, sizeof out->code, text_member(root, "code"));
    utf8_copy_clean(out->state, sizeof out->state, text_member(root, "sqlState"));
    utf8_copy_clean(out->message, sizeof out->message, text_member(root, "message"));
    take_handle(out, text_member(root, "statementHandle"));
    out->cell = yyjson_get_str(yyjson_arr_get_first(yyjson_arr_get_first(yyjson_obj_get(root, "data"))));
}

enum snowflake_fault snowflake_fault_of(const struct snowflake_answer *a)
{
    if (text_equal(a->code, "002003") || text_equal(a->code, "002043") || text_equal(a->state, "42S02"))
        return FAULT_TABLE;
    if (text_equal(a->code, "000604") || text_equal(a->code, "000630") || text_equal(a->state, "57014"))
        return FAULT_PASSING;
    /* SQLSTATE's classes: 22 data, 23 constraints. */
    if (text_starts(a->state, "22") || text_starts(a->state, "23"))
        return FAULT_ROW;
    return FAULT_OTHER;
}
