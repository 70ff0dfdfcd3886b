/* SPDX-License-Identifier: MIT */
/* Sessions from the outside: who gets in, what is stored and acknowledged, who is refused and why. */
#include "aggregator/ingest/ingest.c"

#include "tests/unit/ingest/rig.h"

/* Two peers are enough for every story. */
static struct peer one, two;

static void a_sample_is_acknowledged_once_it_is_on_disk(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    struct wire_welcome w = peer_begin(r, &one, m, "vm-1");
    assert_true(w.epoch == RIG_EPOCH && w.committed_sequence == 0 && w.dictionary_count == 0);
    assert_int_equal(w.ship_interval_ms, 10000);
    const struct instance *it = store_instance(r->store, 0);
    assert_true(it->connected);
    assert_string_equal(it->id, "vm-1");
    assert_string_equal(it->address, "10.0.0.2");
    peer_send_dictionary(&one, 0, RIG_SERIES);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    uint64_t commits = store_commit_count(r->store);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    assert_true(store_commit_count(r->store) > commits);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10);
    struct ingest_stats s = rig_stats(r);
    assert_int_equal(s.samples, 10);
    assert_int_equal(s.values, 10 * RIG_SERIES);
    peer_close(&one);
    assert_false(it->connected);
    assert_int_equal(rig_stats(r).sessions, 0);
    rig_free(r);
}

static void many_blocks_of_one_commit_share_an_acknowledgement(void **state)
{
    (void)state;
    struct rig *r = rig_new(2);
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    peer_send_dictionary(&one, 0, RIG_SERIES);
    for (uint64_t n = 0; n < 40; n++)
        peer_send_block(&one, 1 + n * 5, 5, RIG_SERIES, false);
    assert_in_range(peer_must_be_acknowledged(&one, 200, 2000), 1, 4);
    rig_free(r);
}

static void what_is_sent_again_is_recognised_and_acknowledged(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    peer_send_dictionary(&one, 0, RIG_SERIES);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    peer_close(&one);
    struct wire_welcome w = peer_begin(r, &one, m, "vm-1");
    assert_int_equal(w.committed_sequence, 10);
    assert_int_equal(w.dictionary_count, RIG_SERIES);
    peer_send_dictionary(&one, 0, RIG_SERIES); /* known slots are overlooked */
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    assert_int_equal(rig_stats(r).duplicates, 1);
    assert_int_equal(store_instance(r->store, 0)->sample_count, 10);
    rig_free(r);
}

static void a_restart_goes_on_where_the_disk_was(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    peer_send_dictionary(&one, 0, RIG_SERIES);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    sim_kill(r->hub, SIM_KILL);
    rig_close(r);
    sim_restart(r->hub);
    rig_open(r);
    struct wire_welcome w = peer_begin(r, &one, m, "vm-1");
    assert_int_equal(w.committed_sequence, 10);
    assert_int_equal(w.dictionary_count, RIG_SERIES);
    rig_free(r);
}

static void a_lost_database_takes_certified_agents_back(void **state)
{
    (void)state;
    struct rig *r = rig_new(5);
    rig_open(r);
    assert_int_equal(store_instance_count(r->store), 0);
    (void)peer_begin(r, &one, rig_machine(r, "vm-9"), "vm-9");
    assert_true(store_instance_find(r->store, "vm-9") >= 0);
    rig_free(r);
}

/* --- enrolment --- */

static void ask_to_enrol(struct peer *p, const char *token, const char *id)
{
    uint8_t request[CERTIFICATE_SIZE_MAX];
    int n = credential_request(p->machine, id, request, sizeof request);
    assert_true(n > 0);
    const struct wire_enroll_request m = {.token = token, .instance_id = id, .name = id,
                                          .request_der = {request, (uint32_t)n}};
    peer_send(p, p->tx, wire_put_enroll_request(p->tx, sizeof p->tx, &m));
}

static void a_token_buys_one_certificate(void **state)
{
    (void)state;
    struct rig *r = rig_new(6);
    rig_open(r);
    char token[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(r->hub, 1, 3600000, token), ERR_OK);
    struct plat *m = rig_machine(r, NULL);
    peer_connect(r, &one, m, PLAT_TLS_PINNED);
    ask_to_enrol(&one, token, "vm-1");
    struct wire_frame f;
    struct wire_enroll_reply reply;
    assert_int_equal(peer_wait(&one, &f, 2000), WIRE_ENROLL_REPLY);
    assert_int_equal(wire_get_enroll_reply(&f, &one.arena, &reply), ERR_OK);
    assert_int_equal(credential_store(m, reply.certificate_der.at, reply.certificate_der.size,
                                      reply.ca_der.at, reply.ca_der.size), ERR_OK);
    peer_close(&one);
    (void)peer_begin(r, &one, m, "vm-1");
    assert_int_equal(rig_stats(r).enrolled, 1);
    peer_connect(r, &two, rig_machine(r, NULL), PLAT_TLS_PINNED);
    ask_to_enrol(&two, token, "vm-2");
    peer_must_be_refused(&two, REFUSE_TOKEN);
    assert_true(store_instance_find(r->store, "vm-2") < 0);
    rig_free(r);
}

/* Asks until the aggregator answers, and leaves without a look at the answer. */
static void ask_and_miss_the_answer(struct rig *r, struct plat *m, const char *token, const char *id)
{
    struct wire_frame f;
    peer_connect(r, &one, m, PLAT_TLS_PINNED);
    ask_to_enrol(&one, token, id);
    assert_int_equal(peer_wait(&one, &f, 2000), WIRE_ENROLL_REPLY);
    peer_close(&one);
}

static void a_lost_answer_is_given_again_to_the_same_key(void **state)
{
    (void)state;
    struct rig *r = rig_new(20);
    rig_open(r);
    char token[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(r->hub, 1, 3600000, token), ERR_OK);
    struct plat *m = rig_machine(r, NULL), *other = rig_machine(r, NULL);
    ask_and_miss_the_answer(r, m, token, "vm-1");
    sim_kill(m, SIM_POWER_CUT);
    sim_restart(m);
    uint8_t hash[HASH_SIZE];
    authority_hash(r->hub, hash);
    credential_pin(m, hash);
    sim_kill(r->hub, SIM_KILL);
    rig_close(r);
    sim_restart(r->hub);
    rig_open(r);
    ask_and_miss_the_answer(r, m, token, "vm-1");
    peer_connect(r, &two, other, PLAT_TLS_PINNED); /* another key, the same id */
    ask_to_enrol(&two, token, "vm-1");
    peer_must_be_refused(&two, REFUSE_TOKEN);
    peer_connect(r, &two, m, PLAT_TLS_PINNED); /* the same key, another id */
    ask_to_enrol(&two, token, "vm-2");
    peer_must_be_refused(&two, REFUSE_TOKEN);
    ask_and_miss_the_answer(r, m, token, "vm-1");
    assert_int_equal(store_instance_count(r->store), 1);
    rig_free(r);
}

static void no_certificate_leaves_before_its_commit(void **state)
{
    (void)state;
    struct rig *r = rig_new(7);
    rig_open(r);
    char token[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(r->hub, 1, 3600000, token), ERR_OK);
    peer_connect(r, &one, rig_machine(r, NULL), PLAT_TLS_PINNED);
    sim_disk_full(r->hub, true);
    ask_to_enrol(&one, token, "vm-1");
    struct wire_frame f;
    assert_int_equal(peer_wait(&one, &f, 5000), ERR_AGAIN);
    sim_disk_full(r->hub, false);
    assert_int_equal(peer_wait(&one, &f, 4000), WIRE_ENROLL_REPLY);
    rig_free(r);
}

static void a_disk_that_stays_full_refuses_to_enrol(void **state)
{
    (void)state;
    struct rig *r = rig_new(8);
    rig_open(r);
    char token[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(r->hub, 1, 3600000, token), ERR_OK);
    peer_connect(r, &one, rig_machine(r, NULL), PLAT_TLS_PINNED);
    sim_disk_full(r->hub, true);
    ask_to_enrol(&one, token, "vm-1");
    rig_run(r, 10000);
    peer_must_be_refused(&one, REFUSE_STORAGE);
    sim_disk_full(r->hub, false);
    rig_free(r);
}

static void bad_tokens_and_bad_ids_do_not_enrol(void **state)
{
    (void)state;
    struct rig *r = rig_new(9);
    rig_open(r);
    char good[TOKEN_TEXT_SIZE], expired[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(r->hub, 9, 3600000, good), ERR_OK);
    assert_int_equal(token_create(r->hub, 9, 1000, expired), ERR_OK);
    rig_run(r, 1000);
    static const char *const ids[] = {"", "a b", "vm/1", "\xc3\xa4",
                                      "0123456789012345678901234567890123456789012345678901234567890123"};
    struct plat *m = rig_machine(r, NULL);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        peer_connect(r, &one, m, PLAT_TLS_PINNED);
        ask_to_enrol(&one, good, ids[i]);
        struct wire_frame f;
        assert_int_equal(peer_wait(&one, &f, 2000), WIRE_REFUSE);
        peer_close(&one);
    }
    static const char *const tokens[] = {"", "nph1_", "hello"};
    for (size_t i = 0; i <= COUNT_OF(tokens); i++) {
        peer_connect(r, &one, m, PLAT_TLS_PINNED);
        ask_to_enrol(&one, i < COUNT_OF(tokens) ? tokens[i] : expired, "vm-1");
        peer_must_be_refused(&one, REFUSE_TOKEN);
    }
    assert_int_equal(rig_stats(r).refused_token, COUNT_OF(tokens) + 1);
    assert_int_equal(store_instance_count(r->store), 0);
    rig_free(r);
}

/* --- who may speak --- */

static void without_a_certificate_only_enrolment_is_heard(void **state)
{
    (void)state;
    struct rig *r = rig_new(10);
    rig_open(r);
    peer_connect(r, &one, rig_machine(r, NULL), PLAT_TLS_PINNED);
    struct wire_hello hello = rig_hello("vm-1");
    peer_say_hello(&one, &hello);
    peer_must_be_refused(&one, REFUSE_NO_CERTIFICATE);
    assert_int_equal(rig_stats(r).refused_certificate, 1);
    rig_free(r);
}

static void an_expired_certificate_is_refused(void **state)
{
    (void)state;
    struct rig *r = rig_new(11);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    sim_certificate_expired(m, true);
    peer_connect(r, &one, m, PLAT_TLS);
    struct wire_hello hello = rig_hello("vm-1");
    peer_say_hello(&one, &hello);
    peer_must_be_refused(&one, REFUSE_BAD_CERTIFICATE);
    rig_free(r);
}

static void nobody_speaks_for_another(void **state)
{
    (void)state;
    struct rig *r = rig_new(12);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    peer_connect(r, &one, m, PLAT_TLS);
    struct wire_hello hello = rig_hello("vm-2");
    peer_say_hello(&one, &hello);
    peer_must_be_refused(&one, REFUSE_IDENTITY);
    peer_connect(r, &one, m, PLAT_TLS);
    hello = rig_hello("vm-1");
    hello.protocol = 99;
    peer_say_hello(&one, &hello);
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    peer_connect(r, &one, m, PLAT_TLS);
    peer_send_block(&one, 1, 1, 1, false);
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    assert_int_equal(store_instance_count(r->store), 0);
    rig_free(r);
}

static void the_newer_session_of_an_instance_wins(void **state)
{
    (void)state;
    struct rig *r = rig_new(13);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    (void)peer_begin(r, &two, m, "vm-1");
    peer_must_be_refused(&one, REFUSE_REPLACED);
    assert_int_equal(rig_stats(r).replaced, 1);
    assert_true(store_instance(r->store, 0)->connected);
    peer_send_dictionary(&two, 0, RIG_SERIES);
    peer_send_block(&two, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&two, 10, 2000);
    rig_free(r);
}

static void more_agents_than_places_are_told_so(void **state)
{
    (void)state;
    struct rig *r = rig_new(14);
    r->limits.instances_max = r->store_limits.instances_max = 1;
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    peer_connect(r, &two, rig_machine(r, "vm-2"), PLAT_TLS);
    struct wire_hello hello = rig_hello("vm-2");
    peer_say_hello(&two, &hello);
    peer_must_be_refused(&two, REFUSE_CAPACITY);
    char token[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(r->hub, 1, 3600000, token), ERR_OK);
    peer_connect(r, &two, rig_machine(r, NULL), PLAT_TLS_PINNED);
    ask_to_enrol(&two, token, "vm-3");
    peer_must_be_refused(&two, REFUSE_CAPACITY);
    rig_free(r);
}

static void more_connections_than_sessions_are_closed(void **state)
{
    (void)state;
    struct rig *r = rig_new(15);
    r->limits.sessions_max = 1;
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    struct plat *m = rig_machine(r, "vm-2");
    int conn = plat_connect(m, "hub:7443", PLAT_TLS);
    rig_run(r, 1000);
    uint8_t byte;
    assert_int_equal(plat_recv(m, conn, &byte, 1), ERR_CLOSED);
    assert_int_equal(rig_stats(r).refused_capacity, 1);
    peer_send_dictionary(&one, 0, RIG_SERIES); /* the first does not suffer */
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_acknowledged_once_it_is_on_disk),
        cmocka_unit_test(many_blocks_of_one_commit_share_an_acknowledgement),
        cmocka_unit_test(what_is_sent_again_is_recognised_and_acknowledged),
        cmocka_unit_test(a_restart_goes_on_where_the_disk_was),
        cmocka_unit_test(a_lost_database_takes_certified_agents_back),
        cmocka_unit_test(a_token_buys_one_certificate),
        cmocka_unit_test(a_lost_answer_is_given_again_to_the_same_key),
        cmocka_unit_test(no_certificate_leaves_before_its_commit),
        cmocka_unit_test(a_disk_that_stays_full_refuses_to_enrol),
        cmocka_unit_test(bad_tokens_and_bad_ids_do_not_enrol),
        cmocka_unit_test(without_a_certificate_only_enrolment_is_heard),
        cmocka_unit_test(an_expired_certificate_is_refused),
        cmocka_unit_test(nobody_speaks_for_another),
        cmocka_unit_test(the_newer_session_of_an_instance_wins),
        cmocka_unit_test(more_agents_than_places_are_told_so),
        cmocka_unit_test(more_connections_than_sessions_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
