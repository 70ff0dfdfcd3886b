/* SPDX-License-Identifier: MIT */
/* Asking the cloud; see metadata.h. */
#include "agent/cloud/metadata.h"

#include <string.h>

#include "proto/instance_id.h"

enum fact { FACT_SECRET, FACT_ID, FACT_REGION, FACT_TYPE };

struct question {
    enum fact fact;
    const char *method, *path;
};

#define QUESTIONS_MAX 4U

/* How each cloud wants to be asked. `header` goes with every question; a secret is put behind it. */
struct service {
    const char *host, *header, *secret_header, *type;
    struct question questions[QUESTIONS_MAX];
};

static const struct service services[CLOUD_ASKED_END] = {
    [CLOUD_VULTR] = {
        .header = "", .type = "vultr-compute", /* it does not tell the plan */
        .questions = {{FACT_ID, "GET", "/v1/instance-v2-id"},
                      {FACT_REGION, "GET", "/v1/region/regioncode"}},
    },
    [CLOUD_AWS] = { /* IMDSv2 */
        .header = "", .secret_header = "X-aws-ec2-metadata-token: ",
        .questions = {{FACT_SECRET, "PUT", "/latest/api/token"},
                      {FACT_ID, "GET", "/latest/meta-data/instance-id"},
                      {FACT_REGION, "GET", "/latest/meta-data/placement/region"},
                      {FACT_TYPE, "GET", "/latest/meta-data/instance-type"}},
    },
    [CLOUD_GCP] = {
        .host = "metadata.google.internal", .header = "Metadata-Flavor: Google\r\n",
        .questions = {{FACT_ID, "GET", "/computeMetadata/v1/instance/id"},
                      {FACT_REGION, "GET", "/computeMetadata/v1/instance/zone"},
                      {FACT_TYPE, "GET", "/computeMetadata/v1/instance/machine-type"}},
    },
    [CLOUD_AZURE] = {
        .header = "Metadata: true\r\n",
        .questions = {{FACT_ID, "GET", "/metadata/instance/compute/vmId?api-version=2021-02-01&format=text"},
                      {FACT_REGION, "GET",
                       "/metadata/instance/compute/location?api-version=2021-02-01&format=text"},
                      {FACT_TYPE, "GET",
                       "/metadata/instance/compute/vmSize?api-version=2021-02-01&format=text"}},
    },
    [CLOUD_DIGITALOCEAN] = {
        .header = "", .type = "droplet",
        .questions = {{FACT_ID, "GET", "/metadata/v1/id"},
                      {FACT_REGION, "GET", "/metadata/v1/region"}},
    },
};

/* --- what the machine says itself --- */

static void read_sign(struct plat *p, const char *path, char to[static FACT_SIZE])
{
    char text[200];
    int n = plat_text_once(p, path, text, sizeof text);
    to[0] = '\0';
    if (n > 0)
        (void)cloud_word(text, (uint32_t)n, to, FACT_SIZE);
}

static void read_signs(struct plat *p, struct cloud_signs *signs)
{
    read_sign(p, "/sys/class/dmi/id/sys_vendor", signs->system_vendor);
    read_sign(p, "/sys/class/dmi/id/product_name", signs->product);
    read_sign(p, "/sys/class/dmi/id/bios_vendor", signs->bios_vendor);
    read_sign(p, "/sys/class/dmi/id/chassis_asset_tag", signs->chassis_tag);
    read_sign(p, "/sys/class/dmi/id/board_asset_tag", signs->board_tag);
    read_sign(p, "/sys/firmware/devicetree/base/model", signs->board_model);
    read_sign(p, "/sys/hypervisor/uuid", signs->hypervisor_uuid);
}

/* --- what it is told --- */

/* "projects/7/zones/us-central1-a" -> "us-central1"; "projects/7/machineTypes/e2-micro" -> "e2-micro" */
static void shorten_gcp(char *word, enum fact fact)
{
    char *slash = strrchr(word, '/');
    if (slash != NULL)
        memmove(word, slash + 1, strlen(slash + 1) + 1);
    char *dash = strrchr(word, '-');
    if (fact == FACT_REGION && dash != NULL)
        *dash = '\0';
}

static void lower(char *word)
{
    for (; *word != '\0'; word++)
        if (*word >= 'A' && *word <= 'Z')
            *word = (char)(*word | 0x20);
}

/* A secret goes back as it came, in a header. */
static bool is_good_secret(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

/* False when the answer is none. */
static bool keep(struct metadata *m, enum fact fact, struct span body)
{
    char word[METADATA_SECRET_SIZE];
    uint32_t size = fact == FACT_SECRET ? METADATA_SECRET_SIZE : fact == FACT_ID ? INSTANCE_ID_SIZE
                                        : m->cloud == CLOUD_GCP                  ? METADATA_SECRET_SIZE
                                                                                 : FACT_SIZE;
    if (!cloud_word(body.at, span_length(body), word, size))
        return false;
    if (m->cloud == CLOUD_GCP)
        shorten_gcp(word, fact);
    if (m->cloud == CLOUD_VULTR)
        lower(word);
    switch (fact) {
    case FACT_SECRET: return is_good_secret(word) && text_copy(m->secret, sizeof m->secret, word);
    case FACT_ID: return instance_id_allowed(word) && text_copy(m->facts.id, sizeof m->facts.id, word);
    case FACT_REGION: return text_copy(m->facts.region, sizeof m->facts.region, word);
    case FACT_TYPE: return text_copy(m->facts.type, sizeof m->facts.type, word);
    }
    return false;
}

/* --- asking --- */

static void settle(struct metadata *m)
{
    http_close(&m->http);
    m->is_settled = true;
    if (m->is_trying) /* nobody has answered */
        m->cloud = CLOUD_NONE;
    if (m->facts.provider[0] == '\0')
        text_copy(m->facts.provider, sizeof m->facts.provider, cloud_name(m->cloud));
    if (m->facts.type[0] == '\0' && m->cloud < CLOUD_ASKED_END && services[m->cloud].type != NULL)
        text_copy(m->facts.type, sizeof m->facts.type, services[m->cloud].type);
    if (m->facts.id[0] != '\0')
        plat_log(m->plat, LOG_INFO, "the cloud says: %s %s in %s, %s", m->facts.provider, m->facts.id,
                 m->facts.region, m->facts.type);
}

static void ask(struct metadata *m)
{
    const struct service *service = &services[m->cloud];
    const struct question *q = &service->questions[m->question];
    struct text request = http_request(&m->http);
    text_printf(&request, "%s %s HTTP/1.1\r\nHost: ", q->method, q->path);
    if (service->host != NULL)
        text_put(&request, service->host);
    else
        text_put_n(&request, m->address, (uint32_t)strcspn(m->address, ":"));
    text_printf(&request, "\r\nUser-Agent: nephos-agent/" NEPHOS_VERSION
                "\r\nAccept: */*\r\nConnection: close\r\n%s", service->header);
    if (q->fact == FACT_SECRET)
        text_put(&request, "X-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\n");
    else if (m->secret[0] != '\0')
        text_printf(&request, "%s%s\r\n", service->secret_header, m->secret);
    text_put(&request, "\r\n");
    if (http_begin(&m->http, &request, m->address, PLAT_PLAIN, false, m->deadline) < 0)
        settle(m);
}

static void ask_next(struct metadata *m, bool was_answered)
{
    const struct question *asked = &services[m->cloud].questions[m->question];
    bool was_first = m->question == 0;
    if (was_answered && asked->fact == FACT_ID)
        m->is_trying = false;
    m->question++;
    if (was_first && !was_answered && m->is_trying && m->cloud + 1 < CLOUD_ASKED_END) {
        m->cloud++;
        m->question = 0;
    } else if ((was_first && !was_answered) || m->question == QUESTIONS_MAX ||
               services[m->cloud].questions[m->question].path == NULL) {
        settle(m);
        return;
    }
    ask(m);
}

void metadata_init(struct metadata *m, struct plat *p, enum metadata_mode mode, const char *address)
{
    memset(m, 0, offsetof(struct metadata, http));
    http_init(&m->http, p);
    m->plat = p;
    m->address = address;
    m->deadline = mono_after_ms(plat_mono(p), METADATA_MS_MAX);
    struct cloud_signs signs;
    read_signs(p, &signs);
    m->cloud = cloud_of(&signs);
    text_copy(m->facts.provider, sizeof m->facts.provider, cloud_name(m->cloud));
    if (m->cloud == CLOUD_RASPBERRY_PI)
        text_copy(m->facts.type, sizeof m->facts.type, signs.board_model);
    m->is_trying = m->cloud == CLOUD_NONE && mode == METADATA_ON;
    if (m->is_trying)
        m->cloud = CLOUD_VULTR;
    if (mode == METADATA_OFF || m->cloud == CLOUD_NONE || m->cloud >= CLOUD_ASKED_END)
        settle(m);
    else
        ask(m);
}

void metadata_ready(struct metadata *m, int conn)
{
    http_ready(&m->http, conn);
}

struct mono metadata_step(struct metadata *m, struct mono now)
{
    struct http_reply reply;
    if (m->is_settled)
        return MONO_NEVER;
    int result = http_step(&m->http, now, &reply);
    if (result == ERR_OK) {
        enum fact fact = services[m->cloud].questions[m->question].fact;
        ask_next(m, reply.status == 200 && keep(m, fact, reply.body));
    } else if (result != ERR_AGAIN) {
        plat_log(m->plat, LOG_WARN, "the metadata service at %s does not answer; going on without "
                 "(--metadata=off does not ask)", m->address);
        settle(m);
    }
    return http_deadline(&m->http);
}

bool metadata_is_settled(const struct metadata *m)
{
    return m->is_settled;
}

void metadata_close(struct metadata *m)
{
    http_close(&m->http);
}
