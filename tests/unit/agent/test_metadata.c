/* SPDX-License-Identifier: MIT */
/* The agent and the metadata service of each cloud, question by question, with answers as those services give
 * them; and services that refuse, are silent, or are not there. */
#include "agent/cloud/metadata.c"

#include <stdio.h>

#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

/* What is asked, in order, and what is answered; `with` must stand in the request. */
struct exchange {
    const char *request, *with, *answer;
};

static struct sim_world *world;
static struct plat *p;
static struct metadata m;
static int listener;

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" body
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot found"

static int set_up(void **state)
{
    (void)state;
    world = sim_new(1);
    p = sim_machine(world, "web");
    listener = plat_listen(p, "127.0.0.1:80", PLAT_PLAIN);
    assert_true(listener >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    metadata_close(&m);
    sim_free(world);
    return 0;
}

/* Answers one request; false when there was none to answer yet. */
static bool serve(int *there, const struct exchange *e)
{
    char request[1000];
    if (*there < 0)
        *there = plat_accept(p, listener);
    if (*there < 0)
        return false;
    int n = plat_recv(p, *there, request, sizeof request - 1);
    if (n <= 0)
        return false;
    request[n] = '\0';
    if (strncmp(request, e->request, strlen(e->request)) != 0 || strstr(request, e->with) == NULL)
        fail_msg("not \"%s\" with \"%s\" but: %s", e->request, e->with, request);
    assert_true(plat_send(p, *there, e->answer, (uint32_t)strlen(e->answer)) > 0);
    plat_close(p, *there);
    *there = -1;
    return true;
}

/* The agent's loop until everything is settled: milliseconds. All exchanges must have taken place. */
static int64_t run(enum metadata_mode mode, const struct exchange *exchanges, uint32_t count)
{
    int64_t begin = sim_now(world);
    uint32_t at = 0;
    int there = -1;
    metadata_init(&m, p, mode, "127.0.0.1:80");
    while (!metadata_is_settled(&m)) {
        (void)plat_wait(p, MONO_NEVER);
        for (int conn; (conn = plat_next_ready(p)) >= 0;)
            metadata_ready(&m, conn);
        (void)metadata_step(&m, plat_mono(p));
        if (at < count && serve(&there, &exchanges[at]))
            at++;
        sim_advance(world, NS_PER_MS);
        assert_true(sim_now(world) - begin < 10 * NS_PER_S);
    }
    assert_int_equal(at, count);
    return (sim_now(world) - begin) / NS_PER_MS;
}

static void assert_facts(const char *provider, const char *id, const char *region, const char *type)
{
    assert_string_equal(m.facts.provider, provider);
    assert_string_equal(m.facts.id, id);
    assert_string_equal(m.facts.region, region);
    assert_string_equal(m.facts.type, type);
}

static void vultr(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"GET /v1/instance-v2-id HTTP/1.1", "Host: 127.0.0.1\r\n",
         OK("17b0f286-7f0e-4c1e-9f5e-3f1a2b3c4d5e\n")},
        {"GET /v1/region/regioncode HTTP/1.1", "", OK("EWR")},
    };
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "Vultr\n");
    run(METADATA_AUTO, exchanges, COUNT_OF(exchanges));
    assert_facts("vultr", "17b0f286-7f0e-4c1e-9f5e-3f1a2b3c4d5e", "ewr", "vultr-compute");
}

static void aws_with_a_token(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"PUT /latest/api/token HTTP/1.1", "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nAQAEAToken=="},
        {"GET /latest/meta-data/instance-id HTTP/1.1", "X-aws-ec2-metadata-token: AQAEAToken==\r\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\ni-0abcdef1234567890"},
        {"GET /latest/meta-data/placement/region HTTP/1.1", "X-aws-ec2-metadata-token: AQAEAToken==\r\n",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\neu-west-1\r\n0\r\n\r\n"},
        {"GET /latest/meta-data/instance-type HTTP/1.1", "X-aws-ec2-metadata-token: AQAEAToken==\r\n",
         OK("t3.micro")},
    };
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    run(METADATA_AUTO, exchanges, COUNT_OF(exchanges));
    assert_facts("aws", "i-0abcdef1234567890", "eu-west-1", "t3.micro");
}

static void gcp(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"GET /computeMetadata/v1/instance/id HTTP/1.1",
         "Host: metadata.google.internal\r\n", OK("8087716956832600000")},
        {"GET /computeMetadata/v1/instance/zone HTTP/1.1", "Metadata-Flavor: Google\r\n",
         OK("projects/123456789/zones/us-central1-a")},
        {"GET /computeMetadata/v1/instance/machine-type HTTP/1.1", "Metadata-Flavor: Google\r\n",
         OK("projects/123456789/machineTypes/e2-micro")},
    };
    sim_text(p, "/sys/class/dmi/id/product_name", "Google Compute Engine\n");
    run(METADATA_AUTO, exchanges, COUNT_OF(exchanges));
    assert_facts("gcp", "8087716956832600000", "us-central1", "e2-micro");
}

static void azure(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"GET /metadata/instance/compute/vmId?api-version=2021-02-01&format=text", "Metadata: true\r\n",
         OK("02aab8a4-74ef-476e-8182-f6d2ba4166a6")},
        {"GET /metadata/instance/compute/location?", "Metadata: true\r\n", OK("westeurope")},
        {"GET /metadata/instance/compute/vmSize?", "Metadata: true\r\n", OK("Standard_B1s")},
    };
    sim_text(p, "/sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n");
    run(METADATA_AUTO, exchanges, COUNT_OF(exchanges));
    assert_facts("azure", "02aab8a4-74ef-476e-8182-f6d2ba4166a6", "westeurope", "Standard_B1s");
}

static void digitalocean(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"GET /metadata/v1/id HTTP/1.1", "", OK("2756294")},
        {"GET /metadata/v1/region HTTP/1.1", "", OK("nyc3")},
    };
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "DigitalOcean\n");
    run(METADATA_AUTO, exchanges, COUNT_OF(exchanges));
    assert_facts("digitalocean", "2756294", "nyc3", "droplet");
}

static void one_answer_missing(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"GET /v1/instance-v2-id", "", OK("id-7")},
        {"GET /v1/region/regioncode", "", NOT_FOUND},
    };
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "Vultr\n");
    run(METADATA_AUTO, exchanges, COUNT_OF(exchanges));
    assert_facts("vultr", "id-7", "", "vultr-compute");
}

static void a_service_that_refuses(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"PUT /latest/api/token", "", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"},
    };
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    run(METADATA_AUTO, exchanges, COUNT_OF(exchanges));
    assert_facts("aws", "", "", "");
}

static void hostile_answers(void **state)
{
    (void)state;
    static const struct exchange token[] = {
        {"PUT /latest/api/token", "", OK("a\x07token")},
    };
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    run(METADATA_AUTO, token, COUNT_OF(token));
    static const struct exchange blank[] = {
        {"PUT /latest/api/token", "", OK("a token: with blanks")}, /* would be a header of its own */
    };
    run(METADATA_AUTO, blank, COUNT_OF(blank));
    assert_facts("aws", "", "", "");
    static const struct exchange id[] = {
        {"GET /metadata/v1/id", "", OK("../../etc/passwd <script>")},
    };
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "DigitalOcean\n");
    run(METADATA_AUTO, id, COUNT_OF(id));
    assert_facts("digitalocean", "", "", "droplet");
}

static void silence_is_bounded(void **state)
{
    (void)state;
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "Vultr\n");
    assert_in_range(run(METADATA_AUTO, NULL, 0), METADATA_MS_MAX, METADATA_MS_MAX + 20);
    assert_facts("vultr", "", "", "vultr-compute");
    plat_close(p, listener);
    assert_in_range(run(METADATA_AUTO, NULL, 0), 0, 100); /* nobody listens */
}

static void nobody_is_asked_without_a_sign(void **state)
{
    (void)state;
    assert_int_equal(run(METADATA_AUTO, NULL, 0), 0);
    assert_facts("", "", "", "");
    sim_text(p, "/sys/class/dmi/id/sys_vendor", "Vultr\n");
    assert_int_equal(run(METADATA_OFF, NULL, 0), 0);
    assert_facts("vultr", "", "", "vultr-compute");
    sim_text(p, "/sys/class/dmi/id/sys_vendor", NULL);
    sim_text(p, "/sys/firmware/devicetree/base/model", "Raspberry Pi 4 Model B Rev 1.4");
    assert_int_equal(run(METADATA_ON, NULL, 0), 0);
    assert_facts("raspberry-pi", "", "", "Raspberry Pi 4 Model B Rev 1.4");
}

static void all_are_tried_when_told_so(void **state)
{
    (void)state;
    static const struct exchange exchanges[] = {
        {"GET /v1/instance-v2-id", "", NOT_FOUND},
        {"PUT /latest/api/token", "", NOT_FOUND},
        {"GET /computeMetadata/v1/instance/id", "", NOT_FOUND},
        {"GET /metadata/instance/compute/vmId", "", NOT_FOUND},
        {"GET /metadata/v1/id", "", OK("99")},
        {"GET /metadata/v1/region", "", OK("fra1")},
    };
    run(METADATA_ON, exchanges, COUNT_OF(exchanges));
    assert_facts("digitalocean", "99", "fra1", "droplet");
    run(METADATA_ON, exchanges, 4); /* and then silence */
    assert_facts("", "", "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vultr, set_up, tear_down),
        cmocka_unit_test_setup_teardown(aws_with_a_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gcp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(azure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(digitalocean, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_answer_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_service_that_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_is_asked_without_a_sign, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_are_tried_when_told_so, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
