/* SPDX-License-Identifier: MIT */
/* An instance in the shape that clients know: what an agent measured of it, and what a client told. */
#include <string.h>

#include "aggregator/api/routes/handlers.h"
#include "aggregator/store/store_told.h"

bool instance_is_told(const struct instance *in)
{
    return store_instance_is_told(in);
}

const char *instance_status(const struct instance *in, int64_t now_ms)
{
    return store_instance_status(in, now_ms);
}

/* The address without its port. */
static void write_address(struct json *j, const char *address)
{
    const char *end = strrchr(address, ':');
    uint32_t length = end == NULL ? (uint32_t)strlen(address) : (uint32_t)(end - address);
    if (length > 1 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length > 0)
        json_text_n(j, "ipAddress", address, length);
}

static void write_fact(struct json *j, const char *key, const char *value)
{
    if (value[0] != 0)
        json_text(j, key, value);
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* As the cloud view of existing clients derives it. */
/* "vultr", "aws", "gcp", "azure" or "other", or as the agent says. */
static const char *provider_of(const struct instance *in)
{
    if (in->provider[0] != 0 && !text_equal(in->provider, "other"))
        return in->provider;
    if (has(in->type, "vultr"))
        return "vultr";
    if (has(in->type, "aws") || text_starts(in->region, "us-"))
        return "aws";
    return has(in->type, "gcp") ? "gcp" : has(in->type, "azure") ? "azure" : "other";
}

static void write_ingested(struct json *j, const struct instance *in)
{
    json_open_object(j, "metadata");
    json_text(j, "source", "vultr");
    json_iso_ms(j, "lastSync", in->last_seen_ms > 0 ? in->last_seen_ms : in->updated_ms);
    json_close_object(j);
}

static void write_measured(struct json *j, const struct instance *in, const struct told *told)
{
    json_open_object(j, "metadata");
    json_text(j, "source", "nephos-agent");
    write_address(j, in->address);
    write_fact(j, "os", in->os);
    write_fact(j, "kernel", in->kernel);
    write_fact(j, "architecture", in->architecture);
    write_fact(j, "agentVersion", in->agent_version);
    json_u64(j, "cpuCount", in->cpu_count);
    json_u64(j, "memoryBytes", in->memory_bytes);
    json_u64(j, "intervalMs", in->interval_ms);
    json_bool(j, "connected", in->connected);
    json_i64(j, "clockSkewMs", in->skew_ms);
    json_u64(j, "samples", in->sample_count);
    json_u64(j, "lostSamples", in->lost_count);
    json_u64(j, "missingSamples", in->gap_count);
    json_u64(j, "repeatedSamples", in->duplicate_count);
    json_bool(j, "catchingUp", in->catching_up);
    json_u64(j, "historySamples", in->history_count);
    json_u64(j, "historyLeft", in->history_left);
    if (in->last_sample_ms > 0)
        json_iso_ms(j, "lastSampleAt", in->last_sample_ms);
    if (told->metadata[0] != 0)
        json_raw(j, "told", told->metadata);
    json_close_object(j);
}

static void write_metadata(struct json *j, const struct instance *in, const struct told *told)
{
    if (!instance_is_told(in))
        write_measured(j, in, told);
    else if (told->metadata[0] != 0)
        json_raw(j, "metadata", told->metadata);
    else if (in->source == INSTANCE_FROM_INGEST)
        write_ingested(j, in);
    else
        json_raw(j, "metadata", "{}");
}

void instance_write(struct json *j, const char *key, struct store *s, uint32_t instance, int64_t now_ms)
{
    const struct instance *in = store_instance(s, instance);
    struct told told = {.endpoint = ""};
    if (in->has_told)
        (void)store_told_get(s, instance, &told); /* unreadable: as if nothing had been told */
    json_open_object(j, key);
    json_text(j, "id", in->id);
    json_text(j, "name", in->name[0] != 0 ? in->name : in->id);
    json_text(j, "type", in->type[0] != 0 ? in->type : "other");
    json_text(j, "status", instance_status(in, now_ms));
    json_text(j, "region", in->region[0] != 0 ? in->region : "unknown");
    json_text(j, "provider", provider_of(in));
    json_text(j, "endpoint", told.endpoint);
    write_metadata(j, in, &told);
    json_iso_ms(j, "createdAt", in->created_ms);
    json_iso_ms(j, "updatedAt", in->updated_ms);
    int64_t check_ms = instance_is_told(in) && in->told_check_ms > 0 ? in->told_check_ms : in->last_seen_ms;
    if (check_ms > 0)
        json_iso_ms(j, "lastHealthCheck", check_ms);
    json_close_object(j);
}


int instance_find(struct exchange *x, const char *id)
{
    int index = store_instance_find(x->world->store, id);
    if (index >= 0 && store_instance(x->world->store, (uint32_t)index)->deleted_ms == 0)
        return index;
    respond_error(x, 404, "Instance not found", "no instance has that id");
    return ERR_MISSING;
}
