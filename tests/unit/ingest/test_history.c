/* SPDX-License-Identifier: MIT */
/* What an agent kept of epochs that have ended, what it is asked for, and its new certificate. */
#include "aggregator/ingest/session.h"

#include "tests/unit/ingest/rig.h"

#define OLD (RIG_EPOCH + 1)

static struct peer one, two, three;

static void ask(struct peer *p, uint64_t epoch, uint64_t oldest, uint64_t next)
{
    const struct wire_history m = {.epoch = epoch, .oldest_sequence = oldest, .next_sequence = next};
    peer_send(p, p->tx, wire_put_history(p->tx, sizeof p->tx, &m));
}

static struct wire_history_welcome must_be_answered(struct peer *p, uint64_t epoch)
{
    struct wire_frame f;
    struct wire_history_welcome m = {0};
    assert_int_equal(peer_wait(p, &f, 2000), WIRE_HISTORY_WELCOME);
    assert_int_equal(wire_get_history_welcome(&f, &p->arena, &m), ERR_OK);
    assert_true(m.epoch == epoch);
    p->epoch = epoch;
    return m;
}

static struct rig *begun(uint64_t seed)
{
    struct rig *r = rig_new(seed);
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    peer_send_dictionary(&one, 0, RIG_SERIES);
    return r;
}

static void history_is_welcomed_stored_and_acknowledged(void **state)
{
    (void)state;
    struct rig *r = begun(1);
    const struct instance *it = store_instance(r->store, 0);
    ask(&one, OLD, 1, 31);
    struct wire_history_welcome w = must_be_answered(&one, OLD);
    assert_true(w.committed_sequence == 0 && w.dictionary_count == 0);
    assert_true(it->catching_up);
    assert_int_equal(it->history_left, 30);
    peer_send_dictionary(&one, 0, RIG_SERIES);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    assert_int_equal(it->history_left, 20);
    /* Each epoch has acknowledgements of its own. */
    one.epoch = RIG_EPOCH;
    peer_send_block(&one, 1, 4, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 4, 2000);
    one.epoch = OLD;
    peer_send_block(&one, 11, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 20, 2000);
    peer_send_block(&one, 1, 10, RIG_SERIES, false); /* again */
    (void)peer_must_be_acknowledged(&one, 20, 2000);
    struct ingest_stats s = rig_stats(r);
    assert_int_equal(s.history_samples, 20);
    assert_int_equal(s.histories, 1);
    assert_int_equal(s.duplicates, 1);
    assert_int_equal(it->history_count, 20);
    ask(&one, 0, 0, 0);
    rig_run(r, 50);
    assert_false(it->catching_up);
    assert_int_equal(store_history_count(r->store), 0);
    ask(&one, OLD, 21, 31); /* it has found more */
    w = must_be_answered(&one, OLD);
    assert_true(w.committed_sequence == 20 && w.dictionary_count == RIG_SERIES);
    peer_close(&one);
    assert_int_equal(store_history_count(r->store), 0);
    rig_free(r);
}

static void history_that_is_not_welcome_is_refused(void **state)
{
    (void)state;
    struct rig *r = begun(2);
    ask(&one, RIG_EPOCH, 1, 2); /* the live one */
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    struct plat *m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    one.epoch = OLD; /* never asked for */
    peer_send_block(&one, 1, 1, RIG_SERIES, false);
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    (void)peer_begin(r, &one, m, "vm-1");
    ask(&one, OLD, 1, 2);
    (void)must_be_answered(&one, OLD);
    ask(&one, 0, 0, 0);
    peer_send_dictionary(&one, 0, RIG_SERIES); /* given up */
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    (void)peer_begin(r, &one, m, "vm-1");
    ask(&one, OLD, 1, 2);
    (void)must_be_answered(&one, OLD);
    peer_send_block(&one, 1, 1, RIG_SERIES, false); /* slots that this epoch does not have yet */
    peer_must_be_refused(&one, REFUSE_MALFORMED);
    assert_int_equal(store_history_count(r->store), 0);
    rig_free(r);
}

static void places_go_in_turn(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    r->store_limits.histories_max = 1;
    rig_open(r);
    struct wire_frame f;
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    (void)peer_begin(r, &two, rig_machine(r, "vm-2"), "vm-2");
    (void)peer_begin(r, &three, rig_machine(r, "vm-3"), "vm-3");
    ask(&one, OLD, 1, 100);
    (void)must_be_answered(&one, OLD);
    ask(&two, OLD, 1, 100);
    rig_run(r, 20);
    ask(&three, OLD, 1, 100);
    assert_int_equal(peer_wait(&two, &f, 1500), ERR_AGAIN);
    assert_int_equal(rig_stats(r).histories_waiting, 2);
    peer_send_dictionary(&two, 0, RIG_SERIES); /* live samples go on meanwhile */
    peer_send_block(&two, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&two, 10, 2000);
    peer_send_dictionary(&one, 0, RIG_SERIES);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    peer_close(&one); /* with something staged: the place is free after the commit */
    (void)must_be_answered(&two, OLD);
    assert_int_equal(peer_wait(&three, &f, 1500), ERR_AGAIN);
    ask(&two, OLD + 1, 1, 100); /* the next epoch: at the end of the queue */
    (void)must_be_answered(&three, OLD);
    assert_int_equal(peer_wait(&two, &f, 1500), ERR_AGAIN);
    ask(&three, 0, 0, 0);
    (void)must_be_answered(&two, OLD + 1);
    rig_free(r);
}

static void a_place_is_for_who_sends(void **state)
{
    (void)state;
    struct rig *r = begun(4);
    ask(&one, OLD, 1, 100);
    (void)must_be_answered(&one, OLD);
    peer_send_dictionary(&one, 0, RIG_SERIES);
    for (uint64_t n = 0;; n++) { /* live samples keep the session, history the place */
        one.epoch = RIG_EPOCH;
        peer_send_block(&one, 1 + n, 1, RIG_SERIES, false);
        (void)peer_must_be_acknowledged(&one, 1 + n, 2000);
        if (n < 3) {
            one.epoch = OLD;
            peer_send_block(&one, 1 + n, 1, RIG_SERIES, false);
            (void)peer_must_be_acknowledged(&one, 1 + n, 2000);
        }
        if (n == 3)
            break;
        rig_run(r, HISTORY_SILENCE_MS_MAX / 2);
    }
    rig_run(r, HISTORY_SILENCE_MS_MAX / 2);
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    assert_int_equal(rig_stats(r).timeouts, 1);
    assert_int_equal(store_history_count(r->store), 0);
    rig_free(r);
}

/* --- settings --- */

static struct wire_settings must_be_settings(struct peer *p)
{
    struct wire_frame f;
    struct wire_settings m = {0};
    assert_int_equal(peer_wait(p, &f, 2000), WIRE_SETTINGS);
    assert_int_equal(wire_get_settings(&f, &p->arena, &m), ERR_OK);
    return m;
}

static void live_samples_behind_history_wait_for_room_only(void **state)
{
    (void)state;
    struct rig *r = begun(5);
    ask(&one, OLD, 1, 1000);
    (void)must_be_answered(&one, OLD);
    peer_send_dictionary(&one, 0, RIG_SERIES);
    uint64_t sent = 0;
    uint32_t longest_ms = 0;
    for (uint64_t live = 1; live <= 20; live++) {
        uint64_t held = rig_stats(r).held_back;
        one.epoch = OLD;
        while (rig_stats(r).held_back == held) { /* as much as the store has room for, and one more */
            peer_send_block(&one, ++sent, 1, RIG_SERIES, false);
            rig_run(r, 1);
        }
        one.epoch = RIG_EPOCH;
        peer_send_block(&one, live, 1, RIG_SERIES, false);
        uint32_t ms = 0;
        for (; store_committed_sequence(r->store, 0, STREAM_LIVE) < live; ms++)
            rig_run(r, 1);
        longest_ms = ms > longest_ms ? ms : longest_ms;
    }
    assert_true(longest_ms < 300); /* two commits, not a sweep */
    rig_free(r);
}

static void settings_are_told_at_once_and_when_they_change(void **state)
{
    (void)state;
    struct rig *r = rig_new(5);
    rig_open(r);
    struct ingest_hint hints[HINTS_MAX + 1] = {{.metric = "cpu_usage", .level = 9000}};
    assert_int_equal(ingest_set_settings(r->ingest, 0, hints, 1), ERR_OK);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    struct wire_settings m = must_be_settings(&one);
    assert_int_equal(m.sample_interval_ms, 0);
    assert_int_equal(m.hint_count, 1);
    assert_string_equal(m.hints[0].metric, "cpu_usage");
    assert_int_equal(m.hints[0].level, 9000);
    struct wire_frame f;
    assert_int_equal(peer_wait(&one, &f, 1500), ERR_AGAIN); /* once */
    /* The longest there can be: more than a send buffer holds. */
    for (uint32_t i = 0; i < HINTS_MAX; i++) {
        memset(hints[i].metric, 'm', METRIC_SIZE - 1);
        memset(hints[i].tag, 't', TAG_SIZE - 1);
        hints[i].level = INT64_MIN;
        hints[i].below = true;
        hints[i].hold_s = HINT_HOLD_S_MAX;
    }
    assert_int_equal(ingest_set_settings(r->ingest, 5000, hints, HINTS_MAX + 1), ERR_FULL);
    assert_int_equal(ingest_set_settings(r->ingest, 5000, hints, HINTS_MAX), ERR_OK);
    m = must_be_settings(&one);
    assert_int_equal(m.sample_interval_ms, 5000);
    assert_int_equal(m.hint_count, HINTS_MAX);
    assert_true(m.hints[15].below && m.hints[15].hold_s == HINT_HOLD_S_MAX && m.hints[15].level == INT64_MIN);
    assert_int_equal(r->ingest->large_free_count, 1); /* and it has been given back */
    (void)peer_begin(r, &two, rig_machine(r, "vm-2"), "vm-2");
    assert_int_equal(must_be_settings(&two).hint_count, HINTS_MAX);
    rig_free(r);
}

/* --- renewal --- */

static void renew(struct peer *p, const uint8_t *request, int size)
{
    assert_true(size > 0);
    const struct wire_renew m = {.request_der = {request, (uint32_t)size}};
    peer_send(p, p->tx, wire_put_renew(p->tx, sizeof p->tx, &m));
}

static void a_certificate_is_renewed_for_the_same_key(void **state)
{
    (void)state;
    struct rig *r = rig_new(6);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    uint8_t request[CERTIFICATE_SIZE_MAX];
    int size = credential_request(m, "somebody-else", request, sizeof request);
    renew(&one, request, size);
    struct wire_frame f;
    struct wire_renewed renewed;
    assert_int_equal(peer_wait(&one, &f, 2000), WIRE_RENEWED);
    assert_int_equal(wire_get_renewed(&f, &one.arena, &renewed), ERR_OK);
    uint8_t ca[CERTIFICATE_SIZE_MAX];
    int ca_size = authority_certificate(r->hub, ca, sizeof ca);
    assert_int_equal(credential_store(m, renewed.certificate_der.at, renewed.certificate_der.size, ca,
                                      (uint32_t)ca_size), ERR_OK);
    assert_int_equal(rig_stats(r).renewed, 1);
    renew(&one, request, size); /* too soon */
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    (void)peer_begin(r, &one, m, "vm-1"); /* the name of the old one, whatever the request said */

    struct plat *other = rig_machine(r, "vm-2");
    size = credential_request(other, "vm-1", request, sizeof request);
    renew(&one, request, size); /* somebody else's key */
    peer_must_be_refused(&one, REFUSE_MALFORMED);
    (void)peer_begin(r, &one, m, "vm-1");
    renew(&one, (const uint8_t *)"no request", 10);
    peer_must_be_refused(&one, REFUSE_MALFORMED);
    assert_int_equal(rig_stats(r).renewed, 1);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_is_welcomed_stored_and_acknowledged),
        cmocka_unit_test(history_that_is_not_welcome_is_refused),
        cmocka_unit_test(places_go_in_turn),
        cmocka_unit_test(a_place_is_for_who_sends),
        cmocka_unit_test(live_samples_behind_history_wait_for_room_only),
        cmocka_unit_test(settings_are_told_at_once_and_when_they_change),
        cmocka_unit_test(a_certificate_is_renewed_for_the_same_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
