/* SPDX-License-Identifier: MIT */
/* An agent that an administrator has shut out: its session ends, and no certificate, ticket, renewal or join
 * token lets it in again until it is allowed. */
#include "tests/unit/ingest/rig.h"

#include "aggregator/store/store_access.h"

static struct peer one, two;

static void revoke(struct rig *r, const char *id, int64_t at_ms)
{
    int found = store_instance_find(r->store, id);
    assert_true(found >= 0);
    store_instance_revoke(r->store, (uint32_t)found, at_ms);
}

static void its_session_is_cut(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    (void)peer_begin(r, &two, rig_machine(r, "vm-2"), "vm-2");
    revoke(r, "vm-1", 77);
    peer_must_be_refused(&one, REFUSE_BAD_CERTIFICATE);
    assert_int_equal(rig_stats(r).refused_revoked, 1);
    assert_int_equal(rig_stats(r).sessions, 1); /* the other one goes on */
    rig_free(r);
}

static void it_does_not_come_back(void **state)
{
    (void)state;
    struct rig *r = rig_new(2);
    struct plat *m;
    rig_open(r);
    m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    peer_close(&one);
    revoke(r, "vm-1", 77);
    for (uint32_t i = 0; i < 3; i++) {
        struct wire_hello hello = rig_hello("vm-1");
        peer_connect(r, &one, m, PLAT_TLS);
        peer_say_hello(&one, &hello);
        peer_must_be_refused(&one, REFUSE_BAD_CERTIFICATE);
    }
    assert_int_equal(store_instance(r->store, 0)->connected, false);
    revoke(r, "vm-1", 0);
    (void)peer_begin(r, &one, m, "vm-1");
    rig_free(r);
}

static void it_gets_no_new_certificate(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    uint8_t request[CERTIFICATE_SIZE_MAX];
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    int size = credential_request(m, "vm-1", request, sizeof request);
    assert_true(size > 0);
    revoke(r, "vm-1", 77); /* and asks before the next look at all sessions */
    const struct wire_renew renew = {.request_der = {request, (uint32_t)size}};
    peer_send(&one, one.tx, wire_put_renew(one.tx, sizeof one.tx, &renew));
    peer_must_be_refused(&one, REFUSE_BAD_CERTIFICATE);
    assert_int_equal(rig_stats(r).renewed, 0);
    rig_free(r);
}

static void it_does_not_join_again(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    uint8_t request[CERTIFICATE_SIZE_MAX];
    char token[TOKEN_TEXT_SIZE];
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    peer_close(&one);
    revoke(r, "vm-1", 77);
    assert_int_equal(token_create(r->hub, 5, 60000, token), ERR_OK);
    struct plat *m = sim_machine(r->world, "newcomer");
    uint8_t hash[HASH_SIZE];
    authority_hash(r->hub, hash);
    credential_pin(m, hash);
    int size = credential_request(m, "vm-1", request, sizeof request);
    peer_connect(r, &two, m, PLAT_TLS_PINNED);
    const struct wire_enroll_request ask = {.token = token, .instance_id = "vm-1", .name = "vm-1",
                                            .request_der = {request, (uint32_t)size}};
    peer_send(&two, two.tx, wire_put_enroll_request(two.tx, sizeof two.tx, &ask));
    peer_must_be_refused(&two, REFUSE_BAD_CERTIFICATE);
    assert_int_equal(rig_stats(r).enrolled, 0);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_session_is_cut),
        cmocka_unit_test(it_does_not_come_back),
        cmocka_unit_test(it_gets_no_new_certificate),
        cmocka_unit_test(it_does_not_join_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
