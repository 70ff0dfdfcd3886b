/* SPDX-License-Identifier: MIT */
/* The uplink's states and what leads from one to the other; see uplink.h. What is said stands in
 * uplink_send.c, what is heard in uplink_receive.c. */
#include "agent/uplink.h"

#include <string.h>

#include "agent/enroll.h"
#include "agent/uplink_session.h"

/* 0..n-1 */
static uint64_t chance(const struct uplink *u, uint64_t n)
{
    uint64_t random;
    plat_random(u->parts.plat, &random, sizeof random);
    return random % n;
}

void uplink_init(struct uplink *u, const struct uplink_parts *parts, bool is_enrolled)
{
    memset(u, 0, offsetof(struct uplink, rx));
    u->parts = *parts;
    u->parts.epoch = uplink_draw_epoch(parts->plat);
    u->state = UPLINK_DOWN;
    u->conn = -1;
    u->is_enrolled = is_enrolled;
    u->retry_ms = RETRY_MS_MIN;
    u->retry_at = plat_mono(parts->plat);
    u->outage_since = u->retry_at;
    u->session_end = u->retry_at;
    u->ship_interval_ms = SHIP_INTERVAL_MS_DEFAULT;
    /* Many agents that start together do not ship together. */
    u->ship_at = mono_after_ms(u->retry_at, (int64_t)chance(u, SHIP_INTERVAL_MS_DEFAULT));
}

/* --- losing and finding --- */

/* Says it once for each outage, and again when the aggregator begins to refuse for another reason. */
static void say_lost(struct uplink *u, struct mono now, uint32_t code, const char *why)
{
    bool is_new = !u->outage_said || (code != 0 && code != u->outage_code);
    if (!u->outage_said)
        u->outage_since = now;
    u->outage_said = true;
    u->outage_code = code != 0 ? code : u->outage_code;
    enum log_level level = is_new ? LOG_WARN : LOG_DEBUG;
    plat_log(u->parts.plat, level, "%s %s: %s; samples are kept and sent later",
             code != 0 ? "refused by" : "cannot reach", u->parts.server, why);
}

void uplink_lose(struct uplink *u, struct mono now, uint32_t code, const char *why)
{
    ASSERT(u->state != UPLINK_DOWN);
    say_lost(u, now, code, why);
    if (u->conn >= 0)
        plat_close(u->parts.plat, u->conn);
    u->conn = -1;
    if (u->state == UPLINK_SHIPPING)
        u->session_end = now;
    u->state = UPLINK_DOWN;
    u->losses++;
    uplink_history_reset(u, now, code);
    if (code == REFUSE_REPLACED) /* two machines with one identity would throw each other out */
        u->retry_ms = RETRY_MS_MAX;
    uint32_t pause_ms = u->retry_ms / 2 + (uint32_t)chance(u, u->retry_ms / 2 + 1);
    u->retry_at = mono_after_ms(now, pause_ms);
    u->retry_ms = u->retry_ms > RETRY_MS_MAX / 2 ? RETRY_MS_MAX : u->retry_ms * 2;
}

void uplink_found(struct uplink *u, struct mono now)
{
    if (u->outage_said)
        plat_log(u->parts.plat, LOG_INFO, "connected again to %s after %lld s, %llu samples waiting",
                 u->parts.server, (long long)((now.ns - u->outage_since.ns) / NS_PER_S),
                 (unsigned long long)(u->parts.ring->sample_count + u->parts.spool->sample_count));
    else
        plat_log(u->parts.plat, LOG_INFO, "connected to %s as %s", u->parts.server,
                 u->parts.identity->id);
    u->outage_said = false;
    u->outage_code = 0;
}

/* --- the arrows --- */

static void enter(struct uplink *u, enum uplink_state state, struct mono now)
{
    u->state = state;
    u->progress_at = now;
}

static void dial(struct uplink *u, struct mono now)
{
    u->rx_size = u->tx_size = u->tx_at = 0;
    uplink_history_reset(u, now, 0); /* every session asks anew, however the one before ended */
    enum plat_security security = u->is_enrolled ? PLAT_TLS : PLAT_TLS_PINNED;
    if (!u->is_enrolled) {
        int pinned = enroll_pin(u->parts.plat, u->parts.token);
        ASSERT(pinned == ERR_OK); /* config_check() has read it */
    }
    int conn = plat_connect(u->parts.plat, u->parts.server, security);
    enter(u, UPLINK_CONNECTING, now);
    u->conn = conn;
    if (conn < 0)
        uplink_lose(u, now, 0, conn == ERR_MALFORMED ? "this is no address; mend --server"
                                                     : "the system gives no connection");
}

static void opened(struct uplink *u, struct mono now)
{
    u->hello_epoch = uplink_next_epoch(u, now);
    int size = u->is_enrolled ? uplink_put_hello(u) : uplink_put_enroll_request(u);
    if (size < 0) {
        uplink_lose(u, now, 0, "the key for joining cannot be written to --state");
        return;
    }
    u->tx_size = (uint32_t)size;
    enter(u, u->is_enrolled ? UPLINK_GREETING : UPLINK_ENROLLING, now);
}

void uplink_welcomed(struct uplink *u, struct mono now)
{
    u->sessions++;
    u->ship_at = now; /* somebody may be waiting to see this machine */
    enter(u, UPLINK_SHIPPING, now);
}

void uplink_enrolled(struct uplink *u, struct mono now)
{
    plat_log(u->parts.plat, LOG_INFO, "joined %s as %s", u->parts.server, u->parts.identity->id);
    plat_close(u->parts.plat, u->conn);
    u->conn = -1;
    u->is_enrolled = true;
    spool_open(u->parts.spool, u->parts.identity->id, now);
    u->retry_ms = RETRY_MS_MIN;
    u->retry_at = now;
    enter(u, UPLINK_DOWN, now);
}

/* --- patience --- */

bool uplink_is_waiting(const struct uplink *u)
{
    uint64_t oldest = ring_oldest_sequence(u->parts.ring);
    return u->tx_at < u->tx_size || (oldest != 0 && oldest <= u->parts.ring->sent_sequence) ||
           u->history.sent_sequence != 0;
}

/* When silence has lasted too long. */
static struct mono patience_end(const struct uplink *u)
{
    switch (u->state) {
    case UPLINK_CONNECTING:
        return mono_after_ms(u->progress_at, CONNECT_MS_MAX);
    case UPLINK_ENROLLING:
    case UPLINK_GREETING:
        return mono_after_ms(u->progress_at, ANSWER_MS_MAX);
    case UPLINK_SHIPPING:
        return uplink_is_waiting(u) ? mono_after_ms(u->progress_at, ANSWER_MS_MAX) : MONO_NEVER;
    case UPLINK_DOWN:
        break;
    }
    return MONO_NEVER;
}

void uplink_ready(struct uplink *u, int conn)
{
    u->is_ready |= conn == u->conn;
}

struct mono uplink_step(struct uplink *u, struct mono now)
{
    bool ready = u->is_ready;
    u->is_ready = false;
    if (u->state == UPLINK_DOWN && !u->is_held && mono_reached(now, u->retry_at))
        dial(u, now);
    if (u->state == UPLINK_CONNECTING && plat_is_open(u->parts.plat, u->conn))
        opened(u, now);
    if (u->state != UPLINK_DOWN && ready)
        uplink_receive(u, now);
    if (u->state > UPLINK_CONNECTING)
        uplink_send(u, now);
    if (mono_reached(now, patience_end(u)))
        uplink_lose(u, now, 0, u->state == UPLINK_CONNECTING ? "no answer; is it the right address?"
                                                             : "it does not answer any more");
    if (u->state == UPLINK_DOWN)
        return u->is_held ? MONO_NEVER : u->retry_at;
    return mono_earlier(patience_end(u), uplink_history_due(u));
}

/* --- keeping --- */

/* While a session begins the ring holds what was told in its Hello. */
static bool may_spill(const struct uplink *u)
{
    return u->is_enrolled && (u->state == UPLINK_DOWN || u->state == UPLINK_CONNECTING);
}

void uplink_keep(struct uplink *u, struct mono now)
{
    const struct ring *ring = u->parts.ring;
    if (ring->block_count == 0)
        return;
    bool is_crowded = ring_used(ring) > ring->size / 2;
    if (may_spill(u) && (is_crowded || mono_reached(now, mono_after_ms(u->session_end, SPOOL_AFTER_MS))))
        uplink_spill(u, now);
    else if (u->state == UPLINK_SHIPPING && is_crowded && !uplink_is_in_order(u) &&
             spool_is_ready(u->parts.spool, now))
        uplink_lose(u, now, 0, "it takes samples more slowly than they come");
}

void uplink_keep_all(struct uplink *u, struct mono now)
{
    if (u->is_enrolled)
        uplink_spill(u, now);
}

bool uplink_is_heard(const struct uplink *u)
{
    return u->state == UPLINK_SHIPPING;
}

bool uplink_ship_due(struct uplink *u, struct mono now)
{
    /* Half a sample early is in time: the clock does not tick exactly with the samples. */
    if (!uplink_is_heard(u) || !mono_reached(mono_after_ms(now, u->parts.interval_ms / 2),
                                                     u->ship_at))
        return false;
    u->ship_at = mono_after_ms(now, u->ship_interval_ms);
    return true;
}

bool uplink_is_settled(const struct uplink *u)
{
    return u->state != UPLINK_SHIPPING || (u->parts.ring->block_count == 0 && u->tx_at == u->tx_size);
}

void uplink_restart(struct uplink *u, struct mono now, uint32_t interval_ms)
{
    if (u->has_failed)
        return;
    if (u->conn >= 0)
        plat_close(u->parts.plat, u->conn);
    u->conn = -1;
    if (u->state == UPLINK_SHIPPING)
        u->session_end = now;
    u->parts.interval_ms = interval_ms;
    u->retry_ms = RETRY_MS_MIN;
    u->retry_at = now;
    enter(u, UPLINK_DOWN, now);
}

void uplink_close(struct uplink *u)
{
    if (u->conn >= 0)
        plat_close(u->parts.plat, u->conn);
    u->conn = -1;
    u->state = UPLINK_DOWN;
    u->retry_at = MONO_NEVER;
}
