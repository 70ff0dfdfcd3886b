/* SPDX-License-Identifier: MIT */
#include "aggregator/query/info.h"

#include <string.h>

void info_add_label(struct labels *l, const char *name, const char *value)
{
    if (value[0] != '\0' && l->count < LABELS_MAX && labels_find(l, name) == NULL)
        l->at[l->count++] = (struct label){name, value, (uint32_t)strlen(value)};
}

void info_add_facts(const struct instance *in, struct labels *out)
{
    info_add_label(out, "name", in->name);
    info_add_label(out, "provider", in->provider);
    info_add_label(out, "region", in->region);
    info_add_label(out, "type", in->type);
}

static void instance_labels(const struct instance *in, struct labels *out)
{
    info_add_label(out, "name", in->name);
    info_add_label(out, "type", in->type);
    info_add_label(out, "provider", in->provider);
    info_add_label(out, "region", in->region);
    info_add_label(out, "agent_version", in->agent_version);
}

/* What `uname` says, under the names that dashboards for node_exporter look for. */
static void uname_labels(const struct instance *in, struct labels *out)
{
    info_add_label(out, "nodename", in->name[0] != 0 ? in->name : in->id);
    info_add_label(out, "sysname", "Linux");
    info_add_label(out, "release", in->kernel);
    info_add_label(out, "machine", in->architecture);
}

const struct info_family info_families[INFO_FAMILIES] = {
    {"nephos_instance_info", "Who an instance is", instance_labels},
    {"node_uname_info", "Name and kernel of a machine", uname_labels},
};
