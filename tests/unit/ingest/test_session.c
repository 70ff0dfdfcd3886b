/* SPDX-License-Identifier: MIT */
/* Sessions under pressure: deadlines, long messages, a full store, hostile bytes, the end. */
#include "aggregator/ingest/session.c"

#include "tests/unit/ingest/rig.h"

static struct peer one, two, three;

/* --- deadlines --- */

static void who_says_nothing_is_closed(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    rig_open(r);
    struct wire_frame f;
    peer_connect(r, &one, rig_machine(r, "vm-1"), PLAT_TLS);
    assert_int_equal(peer_wait(&one, &f, FIRST_MESSAGE_MS_MAX - 1000), ERR_AGAIN);
    assert_int_equal(peer_wait(&one, &f, 2000), ERR_CLOSED);
    assert_int_equal(rig_stats(r).timeouts, 1);
    (void)peer_begin(r, &two, rig_machine(r, "vm-2"), "vm-2");
    peer_send_dictionary(&two, 0, RIG_SERIES);
    assert_int_equal(peer_wait(&two, &f, SILENCE_MS_MIN - 1000), ERR_AGAIN);
    peer_send_block(&two, 1, 1, RIG_SERIES, false); /* moves the deadline */
    assert_int_equal(peer_wait(&two, &f, 1000), WIRE_ACK);
    assert_int_equal(peer_wait(&two, &f, SILENCE_MS_MIN - 2000), ERR_AGAIN);
    assert_int_equal(peer_wait(&two, &f, 3000), ERR_CLOSED);
    assert_int_equal(rig_stats(r).timeouts, 2);
    assert_int_equal(rig_stats(r).sessions, 0);
    rig_free(r);
}

static void single_bytes_do_not_keep_a_session_alive(void **state)
{
    (void)state;
    struct rig *r = rig_new(2);
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    static const uint8_t header[FRAME_HEADER_SIZE] = {WIRE_BATCH, 0, 8, 0};
    peer_send(&one, header, sizeof header);
    struct wire_frame f;
    int n = ERR_AGAIN;
    for (uint32_t second = 0; n == ERR_AGAIN && second < 70; second++) {
        uint8_t zero = 0;
        (void)plat_send(one.machine, one.conn, &zero, 1);
        n = peer_wait(&one, &f, 1000);
    }
    assert_int_equal(n, ERR_CLOSED);
    rig_free(r);
}

/* --- long messages --- */

static void long_messages_take_turns(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    rig_open(r);
    struct peer *all[3] = {&one, &two, &three};
    static const char *const ids[3] = {"vm-1", "vm-2", "vm-3"};
    for (uint32_t i = 0; i < 3; i++) {
        (void)peer_begin(r, all[i], rig_machine(r, ids[i]), ids[i]);
        peer_send_dictionary(all[i], 0, 200); /* its messages are over 4 KiB themselves */
    }
    /* The one large buffer is taken by a peer that stops in the middle. */
    static const uint8_t header[FRAME_HEADER_SIZE] = {WIRE_BATCH, 0, 0x40, 0};
    peer_send(&three, header, sizeof header);
    rig_run(r, 100);
    for (uint32_t i = 0; i < 2; i++)
        peer_send_block(all[i], 1, 16, 200, true);
    struct wire_frame f;
    assert_int_equal(peer_wait(&one, &f, 1000), ERR_AGAIN);
    assert_true(rig_stats(r).large_waits >= 2);
    peer_close(&three);
    (void)peer_must_be_acknowledged(&one, 16, 2000);
    (void)peer_must_be_acknowledged(&two, 16, 2000);
    assert_int_equal(r->ingest->large_free_count, 1);
    rig_free(r);
}

static void a_stranger_gets_no_large_buffer(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    rig_open(r);
    static const uint8_t header[FRAME_HEADER_SIZE] = {WIRE_ENROLL_REQUEST, 0, 0x40, 0};
    peer_connect(r, &one, rig_machine(r, NULL), PLAT_TLS_PINNED);
    peer_send(&one, header, sizeof header);
    peer_must_be_refused(&one, REFUSE_MALFORMED);
    assert_int_equal(r->ingest->large_free_count, 1);
    rig_free(r);
}

/* --- a full store --- */

/* A frame of two blocks with 200 noisy series each, some 50 KB. Returns its size. */
static int noisy_frame(uint64_t sequence, uint8_t *to, uint32_t size)
{
    static struct block_matrix block;
    static uint8_t data[2][BLOCK_DATA_MAX];
    static struct wire_batch batch;
    uint64_t random = sequence;
    batch = (struct wire_batch){.epoch = RIG_EPOCH, .sent_ms = RIG_START_MS, .block_count = 2};
    for (uint32_t b = 0; b < 2; b++, sequence += 16) {
        block.count = 16;
        block.slot_count = 200;
        for (uint32_t i = 0; i < 16; i++)
            block.time_ms[i] = RIG_START_MS + (int64_t)(sequence + i) * 1000;
        for (uint32_t slot = 0; slot < 200; slot++) {
            block.slots[slot] = (uint16_t)slot;
            for (uint32_t i = 0; i < 16; i++)
                block.values[slot][i] = (int64_t)unit_random(&random);
        }
        int n = block_encode(&block, data[b], sizeof data[b]);
        assert_true(n > 0);
        batch.blocks[b] = (struct wire_block){.sequence = sequence, .count = 16,
                                              .data = {data[b], (uint32_t)n}};
    }
    int n = wire_put_batch(to, size, &batch);
    assert_true(n > 0);
    return n;
}

static void a_full_store_holds_senders_back_and_loses_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_new(5);
    rig_open(r);
    static uint8_t frame[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX];
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    peer_send_dictionary(&one, 0, 200);
    sim_disk_full(r->hub, true);
    uint64_t next = 1;
    bool stuck = false;
    uint32_t in_the_middle = 0;
    for (; !stuck && next < 32 * 200; next += 32) {
        int n = noisy_frame(next, frame, sizeof frame);
        for (int sent = 0, tries = 0; sent < n;) {
            int taken = plat_send(one.machine, one.conn, frame + sent, (uint32_t)(n - sent));
            sent += taken > 0 ? taken : 0;
            rig_run(r, 1);
            if (taken < 0 && ++tries == 3000) {
                stuck = true;
                in_the_middle = r->ingest->sessions[0].block_next;
                sim_disk_full(r->hub, false); /* now it goes on, from the middle of the frame */
            }
            assert_true(tries < 10000);
        }
    }
    assert_true(stuck);
    assert_int_equal(in_the_middle, 1); /* the seed makes it so: the staging area ends between blocks */
    assert_true(rig_stats(r).held_back > 0);
    (void)peer_must_be_acknowledged(&one, next - 1, 10000);
    assert_int_equal(rig_stats(r).samples, next - 1);
    assert_int_equal(rig_stats(r).duplicates, 0);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), next - 1);
    rig_free(r);
}

static void a_duplicate_does_not_acknowledge_what_is_not_on_disk(void **state)
{
    (void)state;
    struct rig *r = rig_new(13);
    rig_open(r);
    char token[TOKEN_TEXT_SIZE];
    assert_int_equal(token_create(r->hub, 1, 3600000, token), ERR_OK);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    peer_send_dictionary(&one, 0, RIG_SERIES);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    peer_connect(r, &two, rig_machine(r, NULL), PLAT_TLS_PINNED);
    sim_disk_full(r->hub, true);
    uint8_t request[CERTIFICATE_SIZE_MAX];
    int n = credential_request(two.machine, "vm-2", request, sizeof request);
    const struct wire_enroll_request ask = {.token = token, .instance_id = "vm-2", .name = "vm-2",
                                            .request_der = {request, (uint32_t)n}};
    peer_send(&two, two.tx, wire_put_enroll_request(two.tx, sizeof two.tx, &ask));
    peer_send_block(&one, 11, 10, RIG_SERIES, false);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000); /* the duplicate; nothing newer */
    struct wire_frame f;
    assert_int_equal(peer_wait(&one, &f, 2000), ERR_AGAIN);
    assert_int_equal(peer_wait(&two, &f, 1), ERR_AGAIN);
    sim_disk_full(r->hub, false);
    (void)peer_must_be_acknowledged(&one, 20, 5000);
    assert_int_equal(peer_wait(&two, &f, 5000), WIRE_ENROLL_REPLY);
    rig_free(r);
}

/* --- dictionary --- */

static void a_dictionary_has_no_holes_and_no_odd_series(void **state)
{
    (void)state;
    struct rig *r = rig_new(6);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    (void)peer_begin(r, &one, m, "vm-1");
    peer_send_dictionary(&one, 1, 2);
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    static const struct wire_series odd[] = {
        {.metric = "", .tag = "", .unit = "", .scale = 1},
        {.metric = "a\nb", .tag = "", .unit = "", .scale = 1},
        {.metric = "a", .tag = "\xc0\x80", .unit = "", .scale = 1},
        {.metric = "a", .tag = "", .unit = "\x1b[31m", .scale = 1},
        {.metric = "a", .tag = "", .unit = "", .scale = 0},
        {.metric = "a", .tag = "", .unit = "", .scale = 7},
        {.metric = "a", .tag = "", .unit = "", .scale = 4000000000U},
    };
    static struct wire_dictionary d;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        (void)peer_begin(r, &one, m, "vm-1");
        d = (struct wire_dictionary){.epoch = RIG_EPOCH, .first_slot = 0, .count = 1};
        d.series[0] = odd[i];
        int n = wire_put_dictionary(one.tx, sizeof one.tx, &d);
        peer_send(&one, one.tx, n);
        peer_must_be_refused(&one, REFUSE_MALFORMED);
    }
    (void)peer_begin(r, &one, m, "vm-1");
    d.epoch = RIG_EPOCH + 1;
    d.series[0] = (struct wire_series){.metric = "a", .tag = "", .unit = "", .scale = 1000000000};
    peer_send(&one, one.tx, wire_put_dictionary(one.tx, sizeof one.tx, &d));
    peer_must_be_refused(&one, REFUSE_PROTOCOL);
    assert_int_equal(store_dictionary_count(r->store, 0, STREAM_LIVE), 0);
    (void)peer_begin(r, &one, m, "vm-1");
    d.epoch = RIG_EPOCH;
    peer_send(&one, one.tx, wire_put_dictionary(one.tx, sizeof one.tx, &d));
    rig_run(r, 50);
    assert_int_equal(store_dictionary_count(r->store, 0, STREAM_LIVE), 1);
    rig_free(r);
}

static void a_series_too_many_is_left_out_and_the_others_are_kept(void **state)
{
    (void)state;
    struct rig *r = rig_new(7);
    r->store_limits.series_per_instance_max = 2;
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    peer_send_dictionary(&one, 0, RIG_SERIES);
    peer_send_block(&one, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&one, 10, 2000);
    assert_int_equal(store_dictionary_count(r->store, 0, STREAM_LIVE), RIG_SERIES);
    assert_int_equal(store_series_count(r->store, 0), 2);
    assert_int_equal(rig_stats(r).series_refused, RIG_SERIES - 2);
    assert_int_equal(store_instance(r->store, 0)->series_refused, RIG_SERIES - 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_true(store_series(r->store, 0, i)->last_ms > 0);
    rig_free(r);
}

/* --- batches that cannot be --- */

static void odd_batches_are_refused(void **state)
{
    (void)state;
    struct rig *r = rig_new(8);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    static struct wire_batch b;
    static const uint8_t junk[3] = {1, 0, 0xff};
    const struct {
        uint64_t sequence;
        uint32_t count;
    } odd[] = {{0, 1}, {UINT64_MAX, 2}, {INT64_MAX, 16}, {1, 0}, {1, 17}, {1, 1}};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        (void)peer_begin(r, &one, m, "vm-1");
        b = (struct wire_batch){.epoch = RIG_EPOCH, .block_count = 1};
        b.blocks[0] = (struct wire_block){.sequence = odd[i].sequence, .count = odd[i].count,
                                          .data = {junk, sizeof junk}};
        peer_send(&one, one.tx, wire_put_batch(one.tx, sizeof one.tx, &b));
        peer_must_be_refused(&one, REFUSE_MALFORMED);
    }
    (void)peer_begin(r, &one, m, "vm-1");
    peer_send_block(&one, 1, 4, 2, false); /* slots without a dictionary */
    peer_must_be_refused(&one, REFUSE_MALFORMED);
    assert_int_equal(rig_stats(r).malformed, COUNT_OF(odd) + 1);
    assert_int_equal(rig_stats(r).samples, 0);
    rig_free(r);
}

static void random_bytes_cost_their_own_session_only(void **state)
{
    (void)state;
    struct rig *r = rig_new(9);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1"), *stranger = rig_machine(r, NULL);
    (void)peer_begin(r, &two, rig_machine(r, "vm-2"), "vm-2");
    peer_send_dictionary(&two, 0, RIG_SERIES);
    uint64_t random = 9;
    for (uint32_t round = 0; round < 300; round++) {
        bool known = round % 2 == 0;
        if (known)
            (void)peer_begin(r, &one, m, "vm-1");
        else
            peer_connect(r, &one, stranger, PLAT_TLS_PINNED);
        uint8_t bytes[600];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)unit_random(&random);
        bytes[0] = round % 3 == 0 ? bytes[0] : (uint8_t)(1 + unit_random(&random) % 9);
        bytes[1] = round % 3 == 0 ? bytes[1] : (uint8_t)(unit_random(&random) % 250);
        bytes[2] = (uint8_t)(round % 3 == 0 ? bytes[2] : unit_random(&random) % 2);
        bytes[3] = round % 3 == 0 ? bytes[3] : 0;
        peer_send(&one, bytes, sizeof bytes);
        rig_run(r, 10);
        peer_close(&one);
    }
    peer_send_block(&two, 1, 10, RIG_SERIES, false);
    (void)peer_must_be_acknowledged(&two, 10, 2000);
    assert_int_equal(rig_stats(r).sessions, 1);
    assert_int_equal(r->ingest->large_free_count, 1);
    rig_free(r);
}

/* --- pace and the end --- */

static void a_host_that_is_looked_at_ships_every_second(void **state)
{
    (void)state;
    struct rig *r = rig_new(10);
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    store_instance(r->store, 0)->watched_until_ms = plat_mono(r->hub).ns / NS_PER_MS + 5000;
    struct wire_frame f;
    struct wire_pace pace;
    assert_int_equal(peer_wait(&one, &f, 1500), WIRE_PACE);
    assert_int_equal(wire_get_pace(&f, &one.arena, &pace), ERR_OK);
    assert_int_equal(pace.ship_interval_ms, 1000);
    assert_int_equal(peer_wait(&one, &f, 6000), WIRE_PACE);
    assert_int_equal(wire_get_pace(&f, &one.arena, &pace), ERR_OK);
    assert_int_equal(pace.ship_interval_ms, 10000);
    assert_int_equal(peer_wait(&one, &f, 2000), ERR_AGAIN);
    rig_free(r);
}

static void the_end_is_told(void **state)
{
    (void)state;
    struct rig *r = rig_new(11);
    rig_open(r);
    (void)peer_begin(r, &one, rig_machine(r, "vm-1"), "vm-1");
    ingest_close(r->ingest);
    sim_advance(r->world, NS_PER_S);
    struct wire_frame f;
    struct wire_refuse m;
    assert_true(peer_look(&one, &f) > 0);
    assert_int_equal(f.type, WIRE_REFUSE);
    assert_int_equal(wire_get_refuse(&f, &one.arena, &m), ERR_OK);
    assert_int_equal(m.code, REFUSE_SHUTDOWN);
    rig_free(r);
}

static void skew_is_measured(void **state)
{
    (void)state;
    struct rig *r = rig_new(12);
    rig_open(r);
    struct plat *m = rig_machine(r, "vm-1");
    peer_connect(r, &one, m, PLAT_TLS);
    struct wire_hello hello = rig_hello("vm-1");
    hello.sent_ms = wall_ms(plat_wall(r->hub)) + 90000;
    peer_say_hello(&one, &hello);
    (void)peer_must_be_welcome(&one);
    assert_in_range(store_instance(r->store, 0)->skew_ms, 88000, 90000);
    peer_close(&one);
    peer_connect(r, &one, m, PLAT_TLS);
    hello.sent_ms = INT64_MIN; /* no clock, no skew; and no overflow */
    peer_say_hello(&one, &hello);
    (void)peer_must_be_welcome(&one);
    assert_in_range(store_instance(r->store, 0)->skew_ms, 88000, 90000);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_says_nothing_is_closed),
        cmocka_unit_test(single_bytes_do_not_keep_a_session_alive),
        cmocka_unit_test(long_messages_take_turns),
        cmocka_unit_test(a_stranger_gets_no_large_buffer),
        cmocka_unit_test(a_full_store_holds_senders_back_and_loses_nothing),
        cmocka_unit_test(a_duplicate_does_not_acknowledge_what_is_not_on_disk),
        cmocka_unit_test(a_dictionary_has_no_holes_and_no_odd_series),
        cmocka_unit_test(a_series_too_many_is_left_out_and_the_others_are_kept),
        cmocka_unit_test(odd_batches_are_refused),
        cmocka_unit_test(random_bytes_cost_their_own_session_only),
        cmocka_unit_test(a_host_that_is_looked_at_ships_every_second),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(skew_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
