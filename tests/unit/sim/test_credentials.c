/* SPDX-License-Identifier: MIT */
/* Simulated credentials keep the rules of the real ones: who may connect, and what each side learns. */
#include "platform/sim/credentials.c"

#include "tests/unit/unit.h"

#define LIFE_S (INT64_C(90) * 86400) /* of certificates */

static void sha256_of_the_standard(void **state)
{
    (void)state;
    static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf};
    static const uint8_t two_blocks[4] = {0x24, 0x8d, 0x6a, 0x61};
    uint8_t hash[HASH_SIZE];
    plat_sha256(NULL, "abc", 3, hash);
    assert_memory_equal(hash, abc, 4);
    plat_sha256(NULL, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hash);
    assert_memory_equal(hash, two_blocks, 4);
}

struct house {
    struct sim_world *w;
    struct plat *aggregator, *agent;
    int listener;
};

static struct house house(uint64_t seed)
{
    struct house h = {.w = sim_new(seed)};
    h.aggregator = sim_machine(h.w, "aggregator");
    h.agent = sim_machine(h.w, "agent");
    assert_int_equal(plat_listen(h.aggregator, "0.0.0.0:7443", PLAT_TLS), ERR_DENIED);
    assert_int_equal(authority_open(h.aggregator), ERR_OK);
    h.listener = plat_listen(h.aggregator, "0.0.0.0:7443", PLAT_TLS);
    assert_true(h.listener >= 0);
    return h;
}

static void enrol(struct plat *agent, struct plat *authority)
{
    uint8_t request[CERTIFICATE_SIZE_MAX], certificate[CERTIFICATE_SIZE_MAX], ca[CERTIFICATE_SIZE_MAX];
    uint8_t hash[HASH_SIZE];
    int request_size = credential_request(agent, "wish", request, sizeof request);
    int size = authority_sign(authority, request, (uint32_t)request_size, "vm-1", LIFE_S, certificate,
                              sizeof certificate);
    int ca_size = authority_certificate(authority, ca, sizeof ca);
    assert_int_equal(credential_store(agent, certificate, (uint32_t)size, ca, (uint32_t)ca_size),
                     ERR_DENIED); /* no pin yet */
    authority_hash(authority, hash);
    credential_pin(agent, hash);
    certificate[70] ^= 1;
    assert_int_equal(credential_store(agent, certificate, (uint32_t)size, ca, (uint32_t)ca_size),
                     ERR_MALFORMED);
    certificate[70] ^= 1;
    assert_int_equal(credential_store(agent, certificate, (uint32_t)size, ca, (uint32_t)ca_size),
                     ERR_OK);
}

/* What the aggregator learns when the agent connects; ERR_CLOSED when the agent refuses. */
static int meet(struct house *h, enum plat_security security, char id[64])
{
    int here = plat_connect(h->agent, "aggregator:7443", security);
    assert_true(here >= 0);
    sim_advance(h->w, NS_PER_S);
    int there = plat_accept(h->aggregator, h->listener);
    assert_true(there >= 0);
    sim_advance(h->w, NS_PER_S);
    int result = plat_peer_identity(h->aggregator, there, id, 64);
    if (!plat_is_open(h->agent, here)) {
        assert_string_not_equal(plat_why(h->agent, here), "");
        result = ERR_CLOSED;
    } else if (result == ERR_DENIED) {
        assert_string_not_equal(plat_why(h->aggregator, there), "");
    }
    plat_close(h->agent, here);
    plat_close(h->aggregator, there);
    return result;
}

static void an_enrolled_agent_is_known_by_name(void **state)
{
    (void)state;
    struct house h = house(1);
    char id[64];
    assert_int_equal(credential_load(h.agent), ERR_MISSING);
    enrol(h.agent, h.aggregator);
    assert_int_equal(meet(&h, PLAT_TLS, id), 4);
    assert_string_equal(id, "vm-1");
    assert_int_equal(meet(&h, PLAT_TLS_PINNED, id), 0);
    sim_kill(h.agent, SIM_KILL);
    sim_restart(h.agent);
    assert_int_equal(credential_load(h.agent), ERR_OK);
    assert_int_equal(meet(&h, PLAT_TLS, id), 4);
    sim_certificate_expired(h.agent, true);
    assert_int_equal(meet(&h, PLAT_TLS, id), ERR_DENIED);
    sim_free(h.w);
}

static void a_wrong_pin_and_a_foreign_authority_are_refused(void **state)
{
    (void)state;
    struct house h = house(2);
    struct plat *stranger = sim_machine(h.w, "stranger");
    char id[64];
    assert_int_equal(authority_open(stranger), ERR_OK);
    uint8_t hash[HASH_SIZE];
    authority_hash(stranger, hash);
    credential_pin(h.agent, hash);
    assert_int_equal(meet(&h, PLAT_TLS_PINNED, id), ERR_CLOSED);
    sim_kill(h.agent, SIM_KILL);
    sim_restart(h.agent);
    enrol(h.agent, stranger);
    assert_int_equal(meet(&h, PLAT_TLS, id), ERR_CLOSED);
    /* A client that does not look is still not let in by its foreign certificate. */
    memcpy(h.agent->credential.ca, h.aggregator->credential.authority, CA_SIZE);
    assert_int_equal(meet(&h, PLAT_TLS, id), ERR_DENIED);
    sim_free(h.w);
}

static void a_certificate_ends_unless_it_is_renewed(void **state)
{
    (void)state;
    struct house h = house(3);
    uint8_t request[256], der[256], old[256];
    char id[64];
    assert_int_equal(credential_renewal(h.agent, request, sizeof request), ERR_MISSING);
    assert_true(credential_expires_ms(h.agent) == 0 && credential_issued_ms(h.agent) == 0);
    enrol(h.agent, h.aggregator);
    int64_t first_ms = credential_expires_ms(h.agent);
    assert_int_equal(first_ms - credential_issued_ms(h.agent), 91 * DAY_MS);
    memcpy(old, h.agent->credential.certificate, SIM_CERTIFICATE_SIZE);
    sim_advance(h.w, 60 * DAY_MS * NS_PER_MS);
    int n = credential_renewal(h.agent, request, sizeof request);
    assert_int_equal(n, REQUEST_SIZE);
    int size = authority_sign(h.aggregator, request, (uint32_t)n, "vm-2", LIFE_S, der, sizeof der);
    assert_int_equal(credential_renew(h.agent, der, (uint32_t)size), ERR_MALFORMED); /* not our name */
    size = authority_sign(h.aggregator, request, (uint32_t)n, "vm-1", LIFE_S, der, sizeof der);
    der[20] ^= 1;
    assert_int_equal(credential_renew(h.agent, der, (uint32_t)size), ERR_MALFORMED);
    der[20] ^= 1;
    sim_disk_full(h.agent, true);
    assert_int_equal(credential_renew(h.agent, der, (uint32_t)size), ERR_FULL);
    assert_true(credential_expires_ms(h.agent) == first_ms);
    sim_disk_full(h.agent, false);
    assert_int_equal(credential_renew(h.agent, der, (uint32_t)size), ERR_OK);
    assert_int_equal(credential_expires_ms(h.agent) - first_ms, 60 * DAY_MS);
    assert_int_equal(credential_renew(h.agent, old, (uint32_t)size), ERR_MALFORMED); /* an older one */
    sim_kill(h.agent, SIM_KILL);
    sim_restart(h.agent);
    assert_int_equal(credential_load(h.agent), ERR_OK);
    sim_advance(h.w, 89 * DAY_MS * NS_PER_MS);
    assert_int_equal(meet(&h, PLAT_TLS, id), 4);
    sim_advance(h.w, 2 * DAY_MS * NS_PER_MS);
    assert_int_equal(meet(&h, PLAT_TLS, id), ERR_DENIED);
    sim_free(h.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_the_standard),
        cmocka_unit_test(an_enrolled_agent_is_known_by_name),
        cmocka_unit_test(a_wrong_pin_and_a_foreign_authority_are_refused),
        cmocka_unit_test(a_certificate_ends_unless_it_is_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
