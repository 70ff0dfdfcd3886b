/* SPDX-License-Identifier: MIT */
/* Answers of the Nephos API. */
#include "aggregator/forward/aws/answers.h"
#include "aggregator/forward/gateway/gateway.h"

static bool take_id(yyjson_val *object, char id[static OUTLET_ALIAS_SIZE])
{
    const char *text = aws_json_text(object, "id");
    return text[0] != '\0' && text_copy(id, OUTLET_ALIAS_SIZE, text);
}

bool gateway_read_id(const char *body, uint32_t size, uint8_t *pool, char id[static OUTLET_ALIAS_SIZE])
{
    return take_id(aws_json_read(body, size, pool, EXPORT_BODY_SIZE), id);
}

bool gateway_find(const char *body, uint32_t size, const char *ours, uint8_t *pool,
                  char id[static OUTLET_ALIAS_SIZE])
{
    yyjson_val *list = yyjson_obj_get(aws_json_read(body, size, pool, EXPORT_BODY_SIZE), "instances"), *one;
    size_t i, count;
    yyjson_arr_foreach(list, i, count, one)
    {
        if (text_equal(aws_json_text(yyjson_obj_get(one, "metadata"), "nephosId"), ours) && take_id(one, id))
            return true;
    }
    return false;
}
