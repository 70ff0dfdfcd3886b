/* SPDX-License-Identifier: MIT */
/* How the agent is doing; see status.h. */
#include "agent/status.h"

static const char *uplink_words(const struct uplink *u)
{
    switch (u->state) {
    case UPLINK_DOWN: return u->has_failed ? "refused for good by" : "not connected to";
    case UPLINK_CONNECTING: return "connecting to";
    case UPLINK_ENROLLING: return "joining";
    case UPLINK_GREETING: return "greeting";
    case UPLINK_SHIPPING: return "connected to";
    }
    return "";
}

void status_line(const struct agent *a, struct text *out)
{
    text_printf(out, "%s %s; %llu samples wait", uplink_words(&a->uplink), a->uplink.parts.server,
                (unsigned long long)(a->ring.sample_count + a->spool.sample_count));
}

static void put_count(struct text *out, const char *name, uint64_t count)
{
    text_printf(out, "%-34s %12llu\n", name, (unsigned long long)count);
}

void status_report(const struct agent *a, struct text *out)
{
    const struct uplink *u = &a->uplink;
    text_printf(out, "nephos-agent: ");
    status_line(a, out);
    text_put(out, "\n");
    put_count(out, "samples in the ring", a->ring.sample_count);
    put_count(out, "blocks in the ring", a->ring.block_count);
    put_count(out, "most bytes ever in the ring", a->ring.high_water);
    put_count(out, "samples lost to a full ring", a->ring.lost_count);
    put_count(out, "samples in the spool", a->spool.sample_count);
    put_count(out, "segments of the spool in use", spool_segments_in_use(&a->spool));
    put_count(out, "samples lost from the spool", a->spool.lost_count);
    put_count(out, "moments without a sample", a->samples_skipped);
    put_count(out, "levels of hints reached", a->hints.reached);
    put_count(out, "samples after them sent at once", a->hints.held);
    put_count(out, "series without room for a hint", a->hints.unwatched);
    put_count(out, "connections", u->sessions);
    put_count(out, "connections lost", u->losses);
    put_count(out, "refusals", u->refusals);
    put_count(out, "malformed messages", u->malformed);
    put_count(out, "batches sent", u->batches);
    put_count(out, "acknowledgements", u->acks);
    put_count(out, "batches of history sent", u->history.batches);
    put_count(out, "bytes sent", u->sent_bytes);
    put_count(out, "certificates renewed", u->renewals);
}
