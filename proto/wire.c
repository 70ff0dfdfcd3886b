/* SPDX-License-Identifier: MIT */
/* Frames, and the messages that carry samples, over protobuf-c; see wire.h and nephos.proto. */
#include "proto/wire_message.h"

/* --- frames --- */

int wire_frame_size(const uint8_t *bytes, uint32_t size)
{
    ASSERT(size >= FRAME_HEADER_SIZE);
    uint32_t payload = (uint32_t)bytes[1] | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3] << 16;
    if (bytes[0] == 0 || bytes[0] >= WIRE_TYPE_END || payload > FRAME_PAYLOAD_MAX)
        return ERR_MALFORMED;
    return (int)(FRAME_HEADER_SIZE + payload);
}

int wire_frame(const uint8_t *bytes, uint32_t size, struct wire_frame *out)
{
    if (size < FRAME_HEADER_SIZE)
        return ERR_AGAIN;
    int whole = wire_frame_size(bytes, size);
    if (whole < 0)
        return whole;
    if (size < (uint32_t)whole)
        return ERR_AGAIN;
    *out = (struct wire_frame){
        .type = (enum wire_type)bytes[0],
        .payload = bytes + FRAME_HEADER_SIZE,
        .size = (uint32_t)whole - FRAME_HEADER_SIZE,
    };
    return whole;
}

int wire_put_frame(uint8_t *to, uint32_t size, enum wire_type type, const ProtobufCMessage *message)
{
    size_t payload = protobuf_c_message_get_packed_size(message);
    if (payload > FRAME_PAYLOAD_MAX || payload + FRAME_HEADER_SIZE > size)
        return ERR_FULL;
    to[0] = (uint8_t)type;
    to[1] = (uint8_t)payload;
    to[2] = (uint8_t)(payload >> 8);
    to[3] = (uint8_t)(payload >> 16);
    protobuf_c_message_pack(message, to + FRAME_HEADER_SIZE);
    return (int)(FRAME_HEADER_SIZE + payload);
}

/* --- protobuf-c unpacks into the caller's arena; nothing is freed one by one --- */

static void *take(void *arena, size_t size)
{
    return arena_take(arena, size);
}

static void give_back(void *arena, void *at)
{
    (void)arena;
    (void)at;
}

const void *wire_unpack(const struct wire_frame *f, enum wire_type type, struct arena *scratch,
                        const ProtobufCMessageDescriptor *descriptor)
{
    if (f->type != type)
        return NULL;
    arena_reset(scratch);
    ProtobufCAllocator allocator = {.alloc = take, .free = give_back, .allocator_data = scratch};
    return protobuf_c_message_unpack(descriptor, &allocator, f->size, f->payload);
}

/* --- enrolment --- */

int wire_put_enroll_request(uint8_t *to, uint32_t size, const struct wire_enroll_request *m)
{
    Nephos__EnrollRequest pb;
    nephos__enroll_request__init(&pb);
    pb.token = text_out(m->token);
    pb.instance_id = text_out(m->instance_id);
    pb.name = text_out(m->name);
    pb.request_der = bytes_out(m->request_der);
    return wire_put_frame(to, size, WIRE_ENROLL_REQUEST, &pb.base);
}

int wire_get_enroll_request(const struct wire_frame *f, struct arena *scratch,
                            struct wire_enroll_request *m)
{
    const Nephos__EnrollRequest *pb =
        wire_unpack(f, WIRE_ENROLL_REQUEST, scratch, &nephos__enroll_request__descriptor);
    if (pb == NULL || !fits(pb->token, TOKEN_TEXT_SIZE) || !fits(pb->instance_id, INSTANCE_ID_SIZE) ||
        !fits(pb->name, NAME_SIZE))
        return ERR_MALFORMED;
    *m = (struct wire_enroll_request){
        .token = pb->token,
        .instance_id = pb->instance_id,
        .name = pb->name,
        .request_der = bytes_in(pb->request_der),
    };
    return ERR_OK;
}

int wire_put_enroll_reply(uint8_t *to, uint32_t size, const struct wire_enroll_reply *m)
{
    Nephos__EnrollReply pb;
    nephos__enroll_reply__init(&pb);
    pb.instance_id = text_out(m->instance_id);
    pb.certificate_der = bytes_out(m->certificate_der);
    pb.ca_der = bytes_out(m->ca_der);
    return wire_put_frame(to, size, WIRE_ENROLL_REPLY, &pb.base);
}

int wire_get_enroll_reply(const struct wire_frame *f, struct arena *scratch,
                          struct wire_enroll_reply *m)
{
    const Nephos__EnrollReply *pb =
        wire_unpack(f, WIRE_ENROLL_REPLY, scratch, &nephos__enroll_reply__descriptor);
    if (pb == NULL || !fits(pb->instance_id, INSTANCE_ID_SIZE))
        return ERR_MALFORMED;
    *m = (struct wire_enroll_reply){
        .instance_id = pb->instance_id,
        .certificate_der = bytes_in(pb->certificate_der),
        .ca_der = bytes_in(pb->ca_der),
    };
    return ERR_OK;
}

/* --- greeting --- */

int wire_put_hello(uint8_t *to, uint32_t size, const struct wire_hello *m)
{
    Nephos__Hello pb;
    nephos__hello__init(&pb);
    pb.protocol = m->protocol;
    pb.agent_version = text_out(m->agent_version);
    pb.instance_id = text_out(m->instance_id);
    pb.name = text_out(m->name);
    pb.epoch = m->epoch;
    pb.oldest_sequence = m->oldest_sequence;
    pb.next_sequence = m->next_sequence;
    pb.interval_ms = m->interval_ms;
    pb.sent_ms = m->sent_ms;
    pb.os = text_out(m->os);
    pb.kernel = text_out(m->kernel);
    pb.architecture = text_out(m->architecture);
    pb.cpu_count = m->cpu_count;
    pb.memory_bytes = m->memory_bytes;
    pb.provider = text_out(m->provider);
    pb.region = text_out(m->region);
    pb.instance_type = text_out(m->instance_type);
    return wire_put_frame(to, size, WIRE_HELLO, &pb.base);
}

int wire_get_hello(const struct wire_frame *f, struct arena *scratch, struct wire_hello *m)
{
    const Nephos__Hello *pb = wire_unpack(f, WIRE_HELLO, scratch, &nephos__hello__descriptor);
    if (pb == NULL || !fits(pb->instance_id, INSTANCE_ID_SIZE) || !fits(pb->name, NAME_SIZE))
        return ERR_MALFORMED;
    const char *facts[] = {pb->agent_version, pb->os,     pb->kernel,       pb->architecture,
                           pb->provider,      pb->region, pb->instance_type};
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        if (!fits(facts[i], FACT_SIZE))
            return ERR_MALFORMED;
    *m = (struct wire_hello){
        .protocol = pb->protocol,
        .agent_version = pb->agent_version,
        .instance_id = pb->instance_id,
        .name = pb->name,
        .epoch = pb->epoch,
        .oldest_sequence = pb->oldest_sequence,
        .next_sequence = pb->next_sequence,
        .interval_ms = pb->interval_ms,
        .sent_ms = pb->sent_ms,
        .os = pb->os,
        .kernel = pb->kernel,
        .architecture = pb->architecture,
        .cpu_count = pb->cpu_count,
        .memory_bytes = pb->memory_bytes,
        .provider = pb->provider,
        .region = pb->region,
        .instance_type = pb->instance_type,
    };
    return ERR_OK;
}

int wire_put_welcome(uint8_t *to, uint32_t size, const struct wire_welcome *m)
{
    Nephos__Welcome pb;
    nephos__welcome__init(&pb);
    pb.epoch = m->epoch;
    pb.committed_sequence = m->committed_sequence;
    pb.dictionary_count = m->dictionary_count;
    pb.ship_interval_ms = m->ship_interval_ms;
    pb.sent_ms = m->sent_ms;
    return wire_put_frame(to, size, WIRE_WELCOME, &pb.base);
}

int wire_get_welcome(const struct wire_frame *f, struct arena *scratch, struct wire_welcome *m)
{
    const Nephos__Welcome *pb = wire_unpack(f, WIRE_WELCOME, scratch, &nephos__welcome__descriptor);
    if (pb == NULL || pb->dictionary_count > SLOTS_MAX)
        return ERR_MALFORMED;
    *m = (struct wire_welcome){
        .epoch = pb->epoch,
        .committed_sequence = pb->committed_sequence,
        .dictionary_count = pb->dictionary_count,
        .ship_interval_ms = pb->ship_interval_ms,
        .sent_ms = pb->sent_ms,
    };
    return ERR_OK;
}

/* --- dictionary --- */

int wire_put_dictionary(uint8_t *to, uint32_t size, const struct wire_dictionary *m)
{
    ASSERT(m->count <= DICTIONARY_SERIES_MAX);
    Nephos__Series series[DICTIONARY_SERIES_MAX];
    Nephos__Series *at[DICTIONARY_SERIES_MAX];
    for (uint32_t i = 0; i < m->count; i++) {
        nephos__series__init(&series[i]);
        series[i].metric = text_out(m->series[i].metric);
        series[i].tag = text_out(m->series[i].tag);
        series[i].unit = text_out(m->series[i].unit);
        series[i].scale = m->series[i].scale;
        series[i].counter = m->series[i].counter;
        at[i] = &series[i];
    }
    Nephos__Dictionary pb;
    nephos__dictionary__init(&pb);
    pb.epoch = m->epoch;
    pb.first_slot = m->first_slot;
    pb.n_series = m->count;
    pb.series = at;
    return wire_put_frame(to, size, WIRE_DICTIONARY, &pb.base);
}

int wire_get_dictionary(const struct wire_frame *f, struct arena *scratch, struct wire_dictionary *m)
{
    const Nephos__Dictionary *pb =
        wire_unpack(f, WIRE_DICTIONARY, scratch, &nephos__dictionary__descriptor);
    if (pb == NULL || pb->n_series > DICTIONARY_SERIES_MAX || pb->first_slot > SLOTS_MAX ||
        pb->first_slot + pb->n_series > SLOTS_MAX)
        return ERR_MALFORMED;
    m->epoch = pb->epoch;
    m->first_slot = pb->first_slot;
    m->count = (uint32_t)pb->n_series;
    for (uint32_t i = 0; i < m->count; i++) {
        const Nephos__Series *s = pb->series[i];
        if (!fits(s->metric, METRIC_SIZE) || !fits(s->tag, TAG_SIZE) || !fits(s->unit, UNIT_SIZE))
            return ERR_MALFORMED;
        m->series[i] = (struct wire_series){
            .metric = s->metric,
            .tag = s->tag,
            .unit = s->unit,
            .scale = s->scale,
            .counter = s->counter != 0,
        };
    }
    return ERR_OK;
}

/* --- samples --- */

int wire_put_batch(uint8_t *to, uint32_t size, const struct wire_batch *m)
{
    ASSERT(m->block_count <= BATCH_BLOCKS_MAX);
    Nephos__Block blocks[BATCH_BLOCKS_MAX];
    Nephos__Block *at[BATCH_BLOCKS_MAX];
    for (uint32_t i = 0; i < m->block_count; i++) {
        nephos__block__init(&blocks[i]);
        blocks[i].sequence = m->blocks[i].sequence;
        blocks[i].count = m->blocks[i].count;
        blocks[i].data = bytes_out(m->blocks[i].data);
        at[i] = &blocks[i];
    }
    Nephos__Batch pb;
    nephos__batch__init(&pb);
    pb.epoch = m->epoch;
    pb.lost_count = m->lost_count;
    pb.sent_ms = m->sent_ms;
    pb.n_blocks = m->block_count;
    pb.blocks = at;
    return wire_put_frame(to, size, WIRE_BATCH, &pb.base);
}

int wire_get_batch(const struct wire_frame *f, struct arena *scratch, struct wire_batch *m)
{
    const Nephos__Batch *pb = wire_unpack(f, WIRE_BATCH, scratch, &nephos__batch__descriptor);
    if (pb == NULL || pb->n_blocks > BATCH_BLOCKS_MAX)
        return ERR_MALFORMED;
    m->epoch = pb->epoch;
    m->lost_count = pb->lost_count;
    m->sent_ms = pb->sent_ms;
    m->block_count = (uint32_t)pb->n_blocks;
    for (uint32_t i = 0; i < m->block_count; i++) {
        const Nephos__Block *b = pb->blocks[i];
        if (b->sequence == 0 || b->count == 0 || b->count > BLOCK_SAMPLES_MAX ||
            b->sequence > UINT64_MAX - b->count)
            return ERR_MALFORMED;
        m->blocks[i] = (struct wire_block){
            .sequence = b->sequence,
            .count = b->count,
            .data = bytes_in(b->data),
        };
    }
    return ERR_OK;
}

int wire_put_ack(uint8_t *to, uint32_t size, const struct wire_ack *m)
{
    Nephos__Ack pb;
    nephos__ack__init(&pb);
    pb.epoch = m->epoch;
    pb.sequence = m->sequence;
    return wire_put_frame(to, size, WIRE_ACK, &pb.base);
}

int wire_get_ack(const struct wire_frame *f, struct arena *scratch, struct wire_ack *m)
{
    const Nephos__Ack *pb = wire_unpack(f, WIRE_ACK, scratch, &nephos__ack__descriptor);
    if (pb == NULL)
        return ERR_MALFORMED;
    *m = (struct wire_ack){.epoch = pb->epoch, .sequence = pb->sequence};
    return ERR_OK;
}
