/* SPDX-License-Identifier: MIT */
/* See answers.h. */
#include "aggregator/forward/aws/answers.h"

#include <string.h>

#include "platform/base/json_depth.h"
#include "platform/base/timestamp.h"

#define NESTING_MAX 32U

static yyjson_val *read_json_with(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size,
                                  yyjson_read_flag flags)
{
    yyjson_alc alc;
    /* Without the in-situ flag the parser copies the text and does not write to it. */
    union {
        const char *from;
        char *to;
    } text = {.from = bytes};
    if (size == 0 || json_depth(bytes, size) > NESTING_MAX || !yyjson_alc_pool_init(&alc, pool, pool_size))
        return NULL;
    yyjson_doc *doc = yyjson_read_opts(text.to, size, flags, &alc, NULL);
    return doc != NULL ? yyjson_doc_get_root(doc) : NULL;
}

yyjson_val *aws_json_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size)
{
    return read_json_with(bytes, size, pool, pool_size, YYJSON_READ_NOFLAG);
}

yyjson_val *aws_json_read_raw(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size)
{
    return read_json_with(bytes, size, pool, pool_size, YYJSON_READ_NUMBER_AS_RAW);
}

const char *aws_json_text(yyjson_val *object, const char *name)
{
    yyjson_val *v = yyjson_obj_get(object, name);
    const char *text = yyjson_get_str(v);
    return text != NULL && strlen(text) == yyjson_get_len(v) ? text : "";
}

/* --- times --- */

int64_t aws_time_ms(const char *text)
{
    int64_t ms;
    return strchr(text, 'T') != NULL && timestamp_parse(text, &ms) == ERR_OK && ms >= 0 ? ms : -1;
}

/* --- keys --- */

static bool keep(yyjson_val *root, const char *name, char *to, uint32_t size)
{
    if (!text_copy(to, size, aws_json_text(root, name)))
        return false;
    for (const char *at = to; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return true;
}

int aws_keys_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size, struct aws_keys *out)
{
    yyjson_val *root = aws_json_read(bytes, size, pool, pool_size);
    const char *code = aws_json_text(root, "Code");
    memset(out, 0, sizeof *out);
    bool is_good = (code[0] == '\0' || text_equal(code, "Success")) &&
                   keep(root, "AccessKeyId", out->id, sizeof out->id) &&
                   keep(root, "SecretAccessKey", out->secret, sizeof out->secret) &&
                   keep(root, "Token", out->token, sizeof out->token) && out->id[0] != '\0' &&
                   out->secret[0] != '\0';
    const char *expiration = aws_json_text(root, "Expiration");
    if (expiration[0] != '\0')
        out->expires_ms = aws_time_ms(expiration);
    if (is_good && out->expires_ms >= 0)
        return ERR_OK;
    memset(out, 0, sizeof *out);
    return ERR_MALFORMED;
}

/* --- partly taken --- */

/* One of {"PutRequest":{"Item":{"id":{"S":ID}}}} and {"DeleteRequest":{"Key":{"id":{"S":ID}}}}. */
static const char *id_of(yyjson_val *operation)
{
    yyjson_val *put = yyjson_obj_get(yyjson_obj_get(operation, "PutRequest"), "Item");
    yyjson_val *removal = yyjson_obj_get(yyjson_obj_get(operation, "DeleteRequest"), "Key");
    return aws_json_text(yyjson_obj_get(put != NULL ? put : removal, "id"), "S");
}

uint32_t aws_unprocessed_ids(yyjson_val *root, const char **ids, uint32_t ids_max)
{
    yyjson_obj_iter tables;
    yyjson_val *table;
    uint32_t count = 0;
    if (!yyjson_obj_iter_init(yyjson_obj_get(root, "UnprocessedItems"), &tables))
        return 0;
    while ((table = yyjson_obj_iter_next(&tables)) != NULL) {
        size_t i, n;
        yyjson_val *operation;
        yyjson_arr_foreach (yyjson_obj_iter_get_val(table), i, n, operation) {
            if (count < ids_max)
                ids[count++] = id_of(operation);
        }
    }
    return count;
}

int aws_failed_records(yyjson_val *root, uint32_t count, uint64_t *failed, const char **code)
{
    yyjson_val *records = yyjson_obj_get(root, "Records"), *record;
    size_t i, n;
    int result = 0;
    memset(failed, 0, (count + 63) / 64 * sizeof *failed);
    if (yyjson_arr_size(records) != count)
        return ERR_MALFORMED;
    yyjson_arr_foreach (records, i, n, record) {
        const char *its = aws_json_text(record, "ErrorCode");
        if (its[0] == '\0' && aws_json_text(record, "SequenceNumber")[0] != '\0')
            continue;
        failed[i / 64] |= UINT64_C(1) << i % 64;
        *code = its;
        result++;
    }
    return result;
}

/* --- errors --- */

static void keep_words(const char *from, size_t length, char *to, uint32_t size)
{
    uint32_t n = 0;
    for (size_t i = 0; i < length && n + 1 < size; i++)
        to[n++] = (unsigned char)from[i] >= 0x20 && (unsigned char)from[i] < 0x7f ? from[i] : ' ';
    to[n] = '\0';
}

/* A code is a word; anything else is not AWS speaking. */
static void keep_code(const char *from, size_t length, char *to, uint32_t size)
{
    to[0] = '\0';
    for (size_t i = 0; i < length; i++) {
        char c = from[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
        if (!is_word)
            return;
    }
    if (length < size)
        keep_words(from, length, to, size);
}

static void read_json(yyjson_val *root, struct aws_error *out)
{
    static const char *const codes[] = {"__type", "code", "Code"}, *const words[] = {"message", "Message"};
    for (uint32_t i = 0; i < COUNT_OF(codes) && out->code[0] == '\0'; i++) {
        const char *type = aws_json_text(root, codes[i]), *hash = strrchr(type, '#');
        const char *code = hash != NULL ? hash + 1 : type;
        keep_code(code, strcspn(code, ":"), out->code, sizeof out->code);
    }
    for (uint32_t i = 0; i < COUNT_OF(words) && out->message[0] == '\0'; i++) {
        const char *text = aws_json_text(root, words[i]);
        keep_words(text, strlen(text), out->message, sizeof out->message);
    }
}

/* What stands between <name> and the next <; NULL when there is none. */
static const char *find_element(const char *bytes, uint32_t size, const char *name, size_t *length)
{
    size_t tag = strlen(name);
    for (uint32_t i = 0; i + tag + 2 <= size; i++) {
        const char *at = bytes + i;
        if (at[0] != '<' || memcmp(at + 1, name, tag) != 0 || at[tag + 1] != '>')
            continue;
        const char *from = at + tag + 2, *end = memchr(from, '<', (size_t)(bytes + size - from));
        if (end == NULL)
            return NULL;
        *length = (size_t)(end - from);
        return from;
    }
    return NULL;
}

void aws_error_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size,
                    struct aws_error *out)
{
    size_t length;
    memset(out, 0, sizeof *out);
    yyjson_val *root = size > 0 && bytes[0] == '<' ? NULL : aws_json_read(bytes, size, pool, pool_size);
    if (yyjson_is_obj(root)) {
        read_json(root, out);
        return;
    }
    const char *code = find_element(bytes, size, "Code", &length);
    if (code != NULL)
        keep_code(code, length, out->code, sizeof out->code);
    const char *words = out->code[0] != '\0' ? find_element(bytes, size, "Message", &length) : NULL;
    if (words != NULL)
        keep_words(words, length, out->message, sizeof out->message);
}
