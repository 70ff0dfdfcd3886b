/* SPDX-License-Identifier: MIT */
/* Whose machine is this? See cloud.h. */
#include "agent/cloud/cloud.h"

#include <string.h>

#include "platform/base/text.h"
#include "platform/base/utf8.h"

#define SIGN(field) offsetof(struct cloud_signs, field)

/* The first that matches, in this order. A sign is compared from its start. */
static const struct {
    enum cloud cloud;
    size_t sign;
    const char *start;
} rules[] = {
    {CLOUD_VULTR, SIGN(system_vendor), "Vultr"},
    {CLOUD_AWS, SIGN(system_vendor), "Amazon EC2"},
    {CLOUD_AWS, SIGN(bios_vendor), "Amazon EC2"},
    {CLOUD_AWS, SIGN(hypervisor_uuid), "ec2"}, /* Xen */
    {CLOUD_AWS, SIGN(board_tag), "i-"},        /* metal and Nitro: the instance id */
    {CLOUD_GCP, SIGN(product), "Google Compute Engine"},
    {CLOUD_GCP, SIGN(bios_vendor), "Google"},
    {CLOUD_AZURE, SIGN(chassis_tag), "7783-7084-3265-9085-8269-3286-77"},
    {CLOUD_DIGITALOCEAN, SIGN(system_vendor), "DigitalOcean"},
    {CLOUD_HETZNER, SIGN(system_vendor), "Hetzner"},
    {CLOUD_LINODE, SIGN(system_vendor), "Linode"},
    {CLOUD_LINODE, SIGN(system_vendor), "Akamai"},
    {CLOUD_OVH, SIGN(system_vendor), "OVHcloud"},
    {CLOUD_ORACLE, SIGN(chassis_tag), "OracleCloud.com"},
    {CLOUD_SCALEWAY, SIGN(system_vendor), "Scaleway"},
    {CLOUD_UPCLOUD, SIGN(system_vendor), "UpCloud"},
    {CLOUD_ALIBABA, SIGN(system_vendor), "Alibaba Cloud"},
    {CLOUD_OPENSTACK, SIGN(product), "OpenStack"},
    {CLOUD_RASPBERRY_PI, SIGN(board_model), "Raspberry Pi"},
};

enum cloud cloud_of(const struct cloud_signs *signs)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (text_starts((const char *)signs + rules[i].sign, rules[i].start))
            return rules[i].cloud;
    return CLOUD_NONE;
}

const char *cloud_name(enum cloud cloud)
{
    static const char *const names[CLOUD_COUNT] = {
        [CLOUD_NONE] = "",
        [CLOUD_VULTR] = "vultr",
        [CLOUD_AWS] = "aws",
        [CLOUD_GCP] = "gcp",
        [CLOUD_AZURE] = "azure",
        [CLOUD_DIGITALOCEAN] = "digitalocean",
        [CLOUD_HETZNER] = "hetzner",
        [CLOUD_LINODE] = "linode",
        [CLOUD_OVH] = "ovh",
        [CLOUD_ORACLE] = "oracle",
        [CLOUD_SCALEWAY] = "scaleway",
        [CLOUD_UPCLOUD] = "upcloud",
        [CLOUD_ALIBABA] = "alibaba",
        [CLOUD_OPENSTACK] = "openstack",
        [CLOUD_RASPBERRY_PI] = "raspberry-pi",
    };
    ASSERT(cloud < CLOUD_COUNT);
    return names[cloud];
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

bool cloud_word(const char *text, uint32_t length, char *to, uint32_t to_size)
{
    struct text t;
    text_init(&t, to, to_size);
    uint32_t at = 0;
    while (at < length && is_space(text[at]))
        at++;
    while (at < length && text[at] != '\n' && text[at] != '\r' && text[at] != '\0') {
        uint32_t n = utf8_character(text + at, length - at);
        if (n == 0 || t.length + n >= to_size) {
            text_clear(&t);
            return false;
        }
        text_put_n(&t, text + at, n);
        at += n;
    }
    while (t.length > 0 && t.at[t.length - 1] == ' ')
        t.at[--t.length] = '\0';
    return t.length > 0;
}
