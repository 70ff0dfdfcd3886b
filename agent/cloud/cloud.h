/* SPDX-License-Identifier: MIT */
/* Whose machine is this? Told by the firmware's tables (DMI) or the device tree, without any network.
 * Pure. */
#ifndef NEPHOS_CLOUD_H
#define NEPHOS_CLOUD_H

#include "proto/limits.h"

enum cloud {
    CLOUD_NONE,
    /* these have a metadata service that the agent knows to ask (metadata.h) */
    CLOUD_VULTR,
    CLOUD_AWS,
    CLOUD_GCP,
    CLOUD_AZURE,
    CLOUD_DIGITALOCEAN,
    CLOUD_ASKED_END,
    /* of these just the name is told */
    CLOUD_HETZNER = CLOUD_ASKED_END,
    CLOUD_LINODE,
    CLOUD_OVH,
    CLOUD_ORACLE,
    CLOUD_SCALEWAY,
    CLOUD_UPCLOUD,
    CLOUD_ALIBABA,
    CLOUD_OPENSTACK,
    CLOUD_RASPBERRY_PI,
    CLOUD_COUNT
};

/* What the machine says of itself, "" where it says nothing. */
struct cloud_signs {
    char system_vendor[FACT_SIZE];
    char product[FACT_SIZE];
    char bios_vendor[FACT_SIZE];
    char chassis_tag[FACT_SIZE];
    char board_tag[FACT_SIZE];
    char board_model[FACT_SIZE];     /* of the device tree: "Raspberry Pi 4 Model B Rev 1.4" */
    char hypervisor_uuid[FACT_SIZE]; /* of Xen */
};

enum cloud cloud_of(const struct cloud_signs *signs);
/* "vultr", "aws", "gcp", ...; "" for CLOUD_NONE. */
const char *cloud_name(enum cloud cloud);
/* A first line fit to be kept: blanks around it and zeros taken off. False when nothing is left, or it is not
 * printable, or does not fit (then `to` is empty). */
bool cloud_word(const char *text, uint32_t length, char *to, uint32_t to_size);

#endif
