/* SPDX-License-Identifier: MIT */
/* What the agent hears, and what it believes: only what the state allows, about this epoch, and about
 * samples that were sent. Anything else ends the connection. */
#include <string.h>

#include "agent/enroll.h"
#include "agent/uplink_session.h"
#include "platform/base/utf8.h"
#include "platform/credentials.h"

/* The last second of the year 9999: no certificate can say more. */
#define CERTIFICATE_DATE_MS_MAX INT64_C(253402300799000)

static void malformed(struct uplink *u, struct mono now, const char *why)
{
    u->malformed++;
    uplink_lose(u, now, 0, why);
}

static void take_enroll_reply(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                              struct mono now)
{
    int result = enroll_accept(u->parts.plat, f, scratch, u->parts.identity);
    if (result == ERR_OK)
        uplink_enrolled(u, now);
    else if (result == ERR_MALFORMED || result == ERR_DENIED)
        malformed(u, now, "its answer to the join request is not good");
    else
        uplink_lose(u, now, 0, "the certificate cannot be written to --state; is the disk full?");
}

static void pace(struct uplink *u, uint32_t interval_ms, struct mono now)
{
    uint32_t before_ms = u->ship_interval_ms;
    u->ship_interval_ms = interval_ms < SHIP_INTERVAL_MS_MIN   ? SHIP_INTERVAL_MS_MIN
                          : interval_ms > SHIP_INTERVAL_MS_MAX ? SHIP_INTERVAL_MS_MAX
                                                               : interval_ms;
    if (u->ship_interval_ms < before_ms)
        u->ship_at = now;
}

/* The dates of our certificate are by the aggregator's clock, and ours may be far off. */
static void hear_clock(struct uplink *u, int64_t sent_ms, struct mono now)
{
    if (sent_ms <= 0 || sent_ms > CERTIFICATE_DATE_MS_MAX) /* it does not tell */
        sent_ms = wall_ms(plat_wall(u->parts.plat));
    u->peer_ahead_ms = sent_ms - now.ns / NS_PER_MS;
}

static void take_welcome(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                         struct mono now)
{
    struct wire_welcome m;
    if (wire_get_welcome(f, scratch, &m) < 0 || m.epoch != u->hello_epoch) {
        malformed(u, now, "its Welcome does not parse or is for somebody else");
        return;
    }
    bool is_new = m.epoch != u->parts.epoch;
    if (m.committed_sequence > (is_new ? 0 : u->sent_ever) ||
        m.dictionary_count > (is_new ? 0 : u->parts.series->count)) {
        malformed(u, now, "its Welcome is about samples or series that were never sent");
        return;
    }
    if (is_new && !uplink_turn_epoch(u, now)) {
        uplink_lose(u, now, 0, "the spool took no more samples just now; once more");
        return;
    }
    ring_restart(u->parts.ring, m.committed_sequence);
    if (!is_new)
        spool_told(u->parts.spool, m.epoch, m.committed_sequence);
    u->acked_sequence = m.committed_sequence;
    u->dictionary_sent = m.dictionary_count;
    u->renewal_asked = false;
    hear_clock(u, m.sent_ms, now);
    uplink_found(u, now);
    uplink_welcomed(u, now);
    pace(u, m.ship_interval_ms, now);
}

static void take_ack(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                     struct mono now)
{
    struct ring *ring = u->parts.ring;
    struct wire_ack m;
    bool parses = wire_get_ack(f, scratch, &m) == ERR_OK;
    bool is_history = parses && uplink_history_acked(u, &m);
    if (!parses || (m.epoch != u->parts.epoch && !is_history)) {
        malformed(u, now, "its acknowledgement does not parse or is for somebody else");
        return;
    }
    u->acks++;
    u->retry_ms = RETRY_MS_MIN;
    if (m.epoch != u->parts.epoch)
        return;
    if (m.sequence > u->sent_ever) {
        malformed(u, now, "it acknowledged samples that were never sent");
        return;
    }
    /* What arrived over the connection before may be acknowledged over this one. */
    if (m.sequence > ring->sent_sequence)
        ring_sent(ring, m.sequence);
    ring_acknowledge(ring, m.sequence);
    if (m.sequence > u->acked_sequence)
        u->acked_sequence = m.sequence;
}

static void take_history_welcome(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                                 struct mono now)
{
    struct wire_history_welcome m;
    if (wire_get_history_welcome(f, scratch, &m) < 0 || !uplink_history_welcomed(u, &m))
        malformed(u, now, "its HistoryWelcome does not parse or was not asked for");
}

static void take_settings(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                          struct mono now)
{
    struct wire_settings m;
    if (wire_get_settings(f, scratch, &m) < 0) {
        malformed(u, now, "its Settings do not parse");
        return;
    }
    hints_replace(u->parts.hints, &m);
    u->asked_interval_ms = m.sample_interval_ms;
}

static void take_renewed(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                         struct mono now)
{
    struct wire_renewed m;
    int e = wire_get_renewed(f, scratch, &m);
    bool was_asked = u->renewal_asked;
    u->renewal_asked = false;
    if (e == ERR_OK && was_asked)
        e = credential_renew(u->parts.plat, m.certificate_der.at, m.certificate_der.size);
    if (!was_asked || e == ERR_MALFORMED || e == ERR_DENIED) {
        malformed(u, now, "its new certificate was not asked for, or is not good");
    } else if (e < 0) {
        plat_log(u->parts.plat, LOG_WARN, "the new certificate cannot be written to --state; is the disk "
                 "full? It is asked for again later");
    } else {
        u->renewals++;
        u->renew_at = mono_after_ms(now, RENEWAL_PAUSE_MS_MIN); /* its life may be another */
        plat_log(u->parts.plat, LOG_INFO, "the certificate was renewed; the next connection uses it");
    }
}

static void take_pace(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                      struct mono now)
{
    struct wire_pace m;
    if (wire_get_pace(f, scratch, &m) < 0)
        malformed(u, now, "its Pace does not parse");
    else
        pace(u, m.ship_interval_ms, now);
}

static void take_refuse(struct uplink *u, const struct wire_frame *f, struct arena *scratch,
                        struct mono now)
{
    struct wire_refuse m;
    if (wire_get_refuse(f, scratch, &m) < 0 || m.code == 0) {
        malformed(u, now, "its refusal does not parse");
        return;
    }
    char reason[REASON_SIZE];
    utf8_copy_clean(reason, sizeof reason, m.reason);
    u->refusals++;
    if (u->state != UPLINK_ENROLLING || (m.code != REFUSE_TOKEN && m.code != REFUSE_IDENTITY)) {
        uplink_lose(u, now, m.code, reason);
        return;
    }
    /* Asking again would get the same answer. */
    plat_log(u->parts.plat, LOG_ERROR, "%s does not let this agent join: %s", u->parts.server, reason);
    uplink_close(u);
    u->has_failed = true;
}

static void take_frame(struct uplink *u, const struct wire_frame *f, struct mono now)
{
    struct arena scratch;
    arena_init(&scratch, u->parts.scratch, WIRE_REPLY_SCRATCH_SIZE);
    u->progress_at = now;
    if (f->type == WIRE_REFUSE)
        take_refuse(u, f, &scratch, now);
    else if (f->type == WIRE_ENROLL_REPLY && u->state == UPLINK_ENROLLING)
        take_enroll_reply(u, f, &scratch, now);
    else if (f->type == WIRE_WELCOME && u->state == UPLINK_GREETING)
        take_welcome(u, f, &scratch, now);
    else if (f->type == WIRE_ACK && u->state == UPLINK_SHIPPING)
        take_ack(u, f, &scratch, now);
    else if (f->type == WIRE_PACE && u->state == UPLINK_SHIPPING)
        take_pace(u, f, &scratch, now);
    else if (f->type == WIRE_HISTORY_WELCOME && u->state == UPLINK_SHIPPING)
        take_history_welcome(u, f, &scratch, now);
    else if (f->type == WIRE_SETTINGS && u->state == UPLINK_SHIPPING)
        take_settings(u, f, &scratch, now);
    else if (f->type == WIRE_RENEWED && u->state == UPLINK_SHIPPING)
        take_renewed(u, f, &scratch, now);
    else
        malformed(u, now, "it sent a message that has no place here");
}

/* Handles the whole frames in rx and moves what is left to the front. False when the connection ended. */
static bool take_frames(struct uplink *u, struct mono now)
{
    uint32_t at = 0;
    struct wire_frame f;
    int n;
    while ((n = wire_frame(u->rx + at, u->rx_size - at, &f)) > 0) {
        at += (uint32_t)n;
        take_frame(u, &f, now);
        if (u->state == UPLINK_DOWN)
            return false;
    }
    u->rx_size -= at;
    memmove(u->rx, u->rx + at, u->rx_size);
    if (n == ERR_MALFORMED || u->rx_size == sizeof u->rx) {
        malformed(u, now, "it does not speak the Nephos protocol");
        return false;
    }
    return true;
}

void uplink_receive(struct uplink *u, struct mono now)
{
    for (;;) {
        int n = plat_recv(u->parts.plat, u->conn, u->rx + u->rx_size,
                          (uint32_t)sizeof u->rx - u->rx_size);
        if (n == ERR_AGAIN || n == 0)
            return;
        if (n < 0) {
            const char *why = plat_why(u->parts.plat, u->conn);
            uplink_lose(u, now, 0, why[0] != '\0' ? why : "it closed the connection");
            return;
        }
        u->rx_size += (uint32_t)n;
        if (!take_frames(u, now))
            return;
    }
}
