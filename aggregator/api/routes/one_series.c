/* SPDX-License-Identifier: MIT */
/* See one_series.h. */
#include "aggregator/api/routes/one_series.h"

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

/* The first of its series with that name; the whole machine's before that of a part. */
static int find(const struct store *s, uint32_t instance, const char *name, const char *tag)
{
    int found = ERR_MISSING;
    for (uint32_t i = 0; i < store_series_count(s, instance); i++) {
        const struct store_series *series = store_series(s, instance, i);
        const struct store_metric *m = store_metric(s, series->metric_index);
        if (!text_equal(m->name, name) || (tag[0] != 0 && !text_equal(tag, series->tag)))
            continue;
        bool is_best = series->tag[0] == 0 || text_equal(series->tag, "mount=/");
        if (found < 0 || is_best)
            found = (int)i;
        if (is_best)
            break;
    }
    return found;
}

bool one_series_read(struct exchange *x, const struct one_series_names *names, struct one_series *out)
{
    struct span query = x->request->query;
    struct store *s = x->world->store;
    char id[INSTANCE_ID_SIZE], name[STORE_METRIC_SIZE], tag[TAG_SIZE] = "";
    int has_id = query_text(query, names->instance, id, sizeof(id));
    int has_name = query_text(query, names->metric, name, sizeof(name));
    if (has_id == ERR_MISSING || has_name == ERR_MISSING) {
        respond_error(x, 400, NULL, "say which series: ?%s=ID&%s=NAME[&%s=TAG]", names->instance,
                      names->metric, names->tag);
        return false;
    }
    int index = has_id < 0 ? ERR_MISSING : store_instance_find(s, id);
    if (index < 0 || store_instance(s, (uint32_t)index)->deleted_ms != 0) {
        respond_error(x, 404, "Instance not found", "no instance has that id");
        return false;
    }
    int has_tag = query_text(query, names->tag, tag, sizeof(tag));
    bool is_sound = has_name > 0 && (has_tag > 0 || has_tag == ERR_MISSING);
    int found = is_sound ? find(s, (uint32_t)index, name, tag) : ERR_MISSING;
    if (found < 0) {
        respond_error(x, 404, "Metric not found", "the instance has no such series");
        return false;
    }
    *out = (struct one_series){.instance = (uint32_t)index, .series = (uint16_t)found};
    return true;
}
