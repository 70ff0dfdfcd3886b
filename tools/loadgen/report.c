/* SPDX-License-Identifier: MIT */
/* JSON by hand: names are our own, and numbers need no escaping. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/loadgen/report.h"
#include "tools/loadgen/ship.h"

/* TLS 1.3 adds to each record 5 bytes of header, 1 of type, 16 of tag. */
#define TLS_RECORD_EXTRA 22U

static void put_ratio(struct text *out, const char *name, uint64_t a, uint64_t b)
{
    text_printf(out, "  \"%s\": ", name);
    text_put_scaled(out, b == 0 ? 0 : (int64_t)(a * 1000 / b), 1000);
    text_put(out, ",\n");
}

void report_summary(const struct senders *g, uint64_t handshakes_full, uint64_t handshakes_resumed,
                    int64_t elapsed_ms, struct text *out)
{
    const struct sender_totals *t = &g->totals;
    const struct sender_plan *p = &g->plan;
    bool complete = t->done == p->agents;
    uint64_t tls_bytes = t->bytes_sent + t->records_sent * TLS_RECORD_EXTRA;
    const struct {
        const char *name;
        uint64_t value;
    } lines[] = {
        {"seed", p->seed},
        {"agents", p->agents},
        {"series", p->series},
        {"samples_per_agent", p->samples},
        {"samples_sent", t->samples_sent},
        {"samples_resent", t->samples_resent},
        {"samples_acknowledged", t->samples_acked},
        {"values_acknowledged", t->values_acked},
        {"history_samples_acknowledged", t->past_samples_acked},
        {"live_batch_to_ack_ms_p50", ship_latency_ms(g, 500)},
        {"live_batch_to_ack_ms_p99", ship_latency_ms(g, 990)},
        {"live_batch_to_ack_ms_most", ship_latency_ms(g, 1000)},
        {"blocks_sent", t->blocks_sent},
        {"batches_sent", t->batches_sent},
        {"bytes_sent", t->bytes_sent},
        {"bytes_sent_with_tls", tls_bytes},
        {"bytes_received", t->bytes_received},
        {"elapsed_ms", (uint64_t)elapsed_ms},
        {"values_per_second", t->values_acked * 1000 / (uint64_t)(elapsed_ms > 0 ? elapsed_ms : 1)},
        {"enrolled", t->enrolled},
        {"connects", t->connects},
        {"reconnects", t->reconnects},
        {"handshakes_full", handshakes_full},
        {"handshakes_resumed", handshakes_resumed},
        {"reconnect_wait_ms_most", t->wait_ms_most},
        {"away_ms_most", t->away_ms_most},
        {"refused", t->refused},
        {"agents_failed", t->failed},
        {"acknowledged_never_sent", t->wrong_acks},
        {"acknowledged_then_lost", t->lost_acked},
    };
    text_put(out, "{\n");
    for (uint32_t i = 0; i < COUNT_OF(lines); i++)
        text_printf(out, "  \"%s\": %" PRIu64 ",\n", lines[i].name, lines[i].value);
    put_ratio(out, "bytes_per_value", t->bytes_sent, t->samples_sent * p->series);
    put_ratio(out, "bytes_per_value_with_tls", tls_bytes, t->samples_sent * p->series);
    text_printf(out, "  \"complete\": %s\n}\n", complete ? "true" : "false");
}

static void write_agent(const struct senders *g, const struct sender *s, FILE *file)
{
    fprintf(file, "{\"instance\":\"%s\",\"epoch\":\"%016" PRIx64 "\",\"acknowledged\":%" PRIu64
            ",\"first_ms\":%" PRId64 ",\"interval_ms\":%" PRIu32 ",\"series\":[", s->id, s->epoch,
            s->acked_sequence, sender_time_ms(&g->plan, &s->acked, 1), g->plan.interval_ms);
    for (uint32_t i = 0; i < g->plan.series; i++) {
        char tag[TAG_SIZE];
        const struct fleet_series *from = sender_series(i, tag);
        fprintf(file, "%s{\"metric\":\"%s\",\"tag\":\"%s\",\"scale\":%" PRIu32 ",\"fnv\":\"%016"
                PRIx64 "\"}", i > 0 ? "," : "", from->name, tag, from->scale, s->hashes[i]);
    }
    fputs("]}\n", file);
}

int report_ledger(const struct senders *g, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return ERR_SYSTEM;
    for (uint32_t i = 0; i < g->plan.agents; i++)
        write_agent(g, &g->all[i], file);
    bool failed = ferror(file) != 0;
    return fclose(file) != 0 || failed ? ERR_SYSTEM : ERR_OK;
}
