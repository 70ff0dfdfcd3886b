/* SPDX-License-Identifier: MIT */
/* The messages around the samples: pace, goodbye, history, settings, a new certificate; see wire.h. */
#include "proto/wire_message.h"

/* --- steering and goodbye --- */

int wire_put_pace(uint8_t *to, uint32_t size, const struct wire_pace *m)
{
    Nephos__Pace pb;
    nephos__pace__init(&pb);
    pb.ship_interval_ms = m->ship_interval_ms;
    return wire_put_frame(to, size, WIRE_PACE, &pb.base);
}

int wire_get_pace(const struct wire_frame *f, struct arena *scratch, struct wire_pace *m)
{
    const Nephos__Pace *pb = wire_unpack(f, WIRE_PACE, scratch, &nephos__pace__descriptor);
    if (pb == NULL)
        return ERR_MALFORMED;
    *m = (struct wire_pace){.ship_interval_ms = pb->ship_interval_ms};
    return ERR_OK;
}

int wire_put_refuse(uint8_t *to, uint32_t size, const struct wire_refuse *m)
{
    Nephos__Refuse pb;
    nephos__refuse__init(&pb);
    pb.code = m->code;
    pb.reason = text_out(m->reason);
    return wire_put_frame(to, size, WIRE_REFUSE, &pb.base);
}

int wire_get_refuse(const struct wire_frame *f, struct arena *scratch, struct wire_refuse *m)
{
    const Nephos__Refuse *pb = wire_unpack(f, WIRE_REFUSE, scratch, &nephos__refuse__descriptor);
    if (pb == NULL || !fits(pb->reason, REASON_SIZE))
        return ERR_MALFORMED;
    *m = (struct wire_refuse){.code = pb->code, .reason = pb->reason};
    return ERR_OK;
}

/* --- history --- */

int wire_put_history(uint8_t *to, uint32_t size, const struct wire_history *m)
{
    Nephos__History pb;
    nephos__history__init(&pb);
    pb.epoch = m->epoch;
    pb.oldest_sequence = m->oldest_sequence;
    pb.next_sequence = m->next_sequence;
    return wire_put_frame(to, size, WIRE_HISTORY, &pb.base);
}

int wire_get_history(const struct wire_frame *f, struct arena *scratch, struct wire_history *m)
{
    const Nephos__History *pb = wire_unpack(f, WIRE_HISTORY, scratch, &nephos__history__descriptor);
    if (pb == NULL || pb->oldest_sequence > pb->next_sequence)
        return ERR_MALFORMED;
    *m = (struct wire_history){
        .epoch = pb->epoch,
        .oldest_sequence = pb->oldest_sequence,
        .next_sequence = pb->next_sequence,
    };
    return ERR_OK;
}

int wire_put_history_welcome(uint8_t *to, uint32_t size, const struct wire_history_welcome *m)
{
    Nephos__HistoryWelcome pb;
    nephos__history_welcome__init(&pb);
    pb.epoch = m->epoch;
    pb.committed_sequence = m->committed_sequence;
    pb.dictionary_count = m->dictionary_count;
    return wire_put_frame(to, size, WIRE_HISTORY_WELCOME, &pb.base);
}

int wire_get_history_welcome(const struct wire_frame *f, struct arena *scratch,
                             struct wire_history_welcome *m)
{
    const Nephos__HistoryWelcome *pb =
        wire_unpack(f, WIRE_HISTORY_WELCOME, scratch, &nephos__history_welcome__descriptor);
    if (pb == NULL || pb->dictionary_count > SLOTS_MAX)
        return ERR_MALFORMED;
    *m = (struct wire_history_welcome){
        .epoch = pb->epoch,
        .committed_sequence = pb->committed_sequence,
        .dictionary_count = pb->dictionary_count,
    };
    return ERR_OK;
}

/* --- settings --- */

int wire_put_settings(uint8_t *to, uint32_t size, const struct wire_settings *m)
{
    ASSERT(m->hint_count <= HINTS_MAX);
    Nephos__Hint hints[HINTS_MAX];
    Nephos__Hint *at[HINTS_MAX];
    for (uint32_t i = 0; i < m->hint_count; i++) {
        nephos__hint__init(&hints[i]);
        hints[i].metric = text_out(m->hints[i].metric);
        hints[i].tag = text_out(m->hints[i].tag);
        hints[i].level = m->hints[i].level;
        hints[i].below = m->hints[i].below;
        hints[i].hold_s = m->hints[i].hold_s;
        at[i] = &hints[i];
    }
    Nephos__Settings pb;
    nephos__settings__init(&pb);
    pb.sample_interval_ms = m->sample_interval_ms;
    pb.n_hints = m->hint_count;
    pb.hints = at;
    return wire_put_frame(to, size, WIRE_SETTINGS, &pb.base);
}

int wire_get_settings(const struct wire_frame *f, struct arena *scratch, struct wire_settings *m)
{
    const Nephos__Settings *pb = wire_unpack(f, WIRE_SETTINGS, scratch, &nephos__settings__descriptor);
    if (pb == NULL || pb->n_hints > HINTS_MAX)
        return ERR_MALFORMED;
    m->sample_interval_ms = pb->sample_interval_ms;
    m->hint_count = (uint32_t)pb->n_hints;
    for (uint32_t i = 0; i < m->hint_count; i++) {
        const Nephos__Hint *h = pb->hints[i];
        if (!fits(h->metric, METRIC_SIZE) || !fits(h->tag, TAG_SIZE))
            return ERR_MALFORMED;
        m->hints[i] = (struct wire_hint){
            .metric = h->metric,
            .tag = h->tag,
            .level = h->level,
            .below = h->below != 0,
            .hold_s = h->hold_s,
        };
    }
    return ERR_OK;
}

/* --- a new certificate --- */

int wire_put_renew(uint8_t *to, uint32_t size, const struct wire_renew *m)
{
    Nephos__Renew pb;
    nephos__renew__init(&pb);
    pb.request_der = bytes_out(m->request_der);
    return wire_put_frame(to, size, WIRE_RENEW, &pb.base);
}

int wire_get_renew(const struct wire_frame *f, struct arena *scratch, struct wire_renew *m)
{
    const Nephos__Renew *pb = wire_unpack(f, WIRE_RENEW, scratch, &nephos__renew__descriptor);
    if (pb == NULL)
        return ERR_MALFORMED;
    *m = (struct wire_renew){.request_der = bytes_in(pb->request_der)};
    return ERR_OK;
}

int wire_put_renewed(uint8_t *to, uint32_t size, const struct wire_renewed *m)
{
    Nephos__Renewed pb;
    nephos__renewed__init(&pb);
    pb.certificate_der = bytes_out(m->certificate_der);
    return wire_put_frame(to, size, WIRE_RENEWED, &pb.base);
}

int wire_get_renewed(const struct wire_frame *f, struct arena *scratch, struct wire_renewed *m)
{
    const Nephos__Renewed *pb = wire_unpack(f, WIRE_RENEWED, scratch, &nephos__renewed__descriptor);
    if (pb == NULL)
        return ERR_MALFORMED;
    *m = (struct wire_renewed){.certificate_der = bytes_in(pb->certificate_der)};
    return ERR_OK;
}
