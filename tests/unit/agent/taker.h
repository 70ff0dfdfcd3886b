/* SPDX-License-Identifier: MIT */
/* A peer that takes what an agent sends as an aggregator does, the live epoch and the one before, and looks
 * that nothing is missing, out of order, or said before its time. */
#ifndef NEPHOS_TESTS_AGENT_TAKER_H
#define NEPHOS_TESTS_AGENT_TAKER_H

#include "tests/unit/agent/rig.h"

#define MINUTE_MS 60000

static inline void meet(struct rig *r)
{
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    uint8_t frame[200];
    const struct wire_welcome m = {.epoch = hello.epoch, .ship_interval_ms = 10000};
    peer_say(r, frame, wire_put_welcome(frame, sizeof frame, &m));
}

static inline void outage(struct rig *r, int64_t ms)
{
    sim_partition(r->world, r->host, r->hub, sim_now(r->world) + ms * NS_PER_MS);
    rig_run(r, ms);
}

static inline void say_ack(struct rig *r, uint64_t epoch, uint64_t sequence)
{
    uint8_t frame[64];
    const struct wire_ack m = {.epoch = epoch, .sequence = sequence};
    peer_say(r, frame, wire_put_ack(frame, sizeof frame, &m));
}

static inline void say_history_welcome(struct rig *r, uint64_t epoch, uint64_t committed, uint32_t known)
{
    uint8_t frame[64];
    const struct wire_history_welcome m = {
        .epoch = epoch, .committed_sequence = committed, .dictionary_count = known};
    peer_say(r, frame, wire_put_history_welcome(frame, sizeof frame, &m));
}

struct taken {
    uint64_t live, history;        /* newest of the live epoch, of the one before */
    uint64_t history_epoch;
    uint32_t history_slots, live_slots;
    int64_t first_live_ns, history_end_ns;
    uint32_t asked, ends, bytes;
    bool welcomes, acks;
};

static inline void take_batch(struct rig *r, struct taken *t, const struct wire_frame *f)
{
    struct wire_batch m;
    assert_int_equal(wire_get_batch(f, &r->arena, &m), ERR_OK);
    bool is_live = m.epoch == r->agent->uplink.parts.epoch;
    uint64_t *newest = is_live ? &t->live : &t->history;
    if (!is_live) {
        assert_true(m.epoch == t->history_epoch && t->welcomes);
        t->bytes += f->size;
    } else if (t->first_live_ns == 0) {
        t->first_live_ns = sim_now(r->world);
    }
    for (uint32_t i = 0; i < m.block_count; i++) {
        static struct block_matrix block;
        assert_true(m.blocks[i].sequence == *newest + 1);
        assert_int_equal(block_decode(m.blocks[i].data.at, m.blocks[i].data.size, m.blocks[i].count,
                                      &block), ERR_OK);
        assert_true(block.slots[block.slot_count - 1] < (is_live ? t->live_slots : t->history_slots));
        *newest += m.blocks[i].count;
    }
    if (is_live || t->acks)
        say_ack(r, m.epoch, *newest);
}

static inline void take_dictionary(struct rig *r, struct taken *t, const struct wire_frame *f)
{
    struct wire_dictionary m;
    assert_int_equal(wire_get_dictionary(f, &r->arena, &m), ERR_OK);
    uint32_t *slots = m.epoch == r->agent->uplink.parts.epoch ? &t->live_slots : &t->history_slots;
    assert_int_equal(m.first_slot, *slots);
    *slots += m.count;
}

static inline void take_history(struct rig *r, struct taken *t, const struct wire_frame *f)
{
    struct wire_history m;
    assert_int_equal(wire_get_history(f, &r->arena, &m), ERR_OK);
    if (m.epoch == 0) {
        t->ends++;
        t->history_end_ns = sim_now(r->world);
        return;
    }
    t->asked++;
    assert_true(m.epoch != r->agent->uplink.parts.epoch && m.oldest_sequence < m.next_sequence);
    if (m.epoch != t->history_epoch)
        t->history = m.oldest_sequence - 1;
    t->history_epoch = m.epoch;
    if (t->welcomes)
        say_history_welcome(r, m.epoch, t->history, t->history_slots);
}

static inline void listen(struct rig *r, struct taken *t, int64_t ms)
{
    int64_t end = sim_now(r->world) + ms * NS_PER_MS;
    struct wire_frame f;
    while (sim_now(r->world) < end && peer_hear(r, &f, (end - sim_now(r->world)) / NS_PER_MS + 1)) {
        arena_init(&r->arena, r->scratch, sizeof r->scratch);
        if (f.type == WIRE_BATCH)
            take_batch(r, t, &f);
        else if (f.type == WIRE_DICTIONARY)
            take_dictionary(r, t, &f);
        else if (f.type == WIRE_HISTORY)
            take_history(r, t, &f);
        else
            fail_msg("frame of type %d", (int)f.type);
    }
}

static inline struct taken patient(void)
{
    return (struct taken){.welcomes = true, .acks = true};
}

#endif
