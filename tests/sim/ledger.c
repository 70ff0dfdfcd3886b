/* SPDX-License-Identifier: MIT */
/* The judge's books; see ledger.h. */
#include "tests/sim/ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ledger_init(struct ledger *l)
{
    memset(l, 0, sizeof *l);
}

void ledger_free(struct ledger *l)
{
    while (l->epochs != NULL) {
        struct epoch_record *e = l->epochs;
        l->epochs = e->next;
        free(e->samples);
        free(e);
    }
}

void ledger_break(struct ledger *l, const char *format, ...)
{
    if (l->broken)
        return;
    l->broken = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(l->failure, sizeof l->failure, format, arguments);
    va_end(arguments);
}

struct epoch_record *ledger_find(struct ledger *l, uint32_t machine, uint64_t epoch)
{
    for (struct epoch_record *e = l->epochs; e != NULL; e = e->next)
        if (e->machine == machine && e->epoch == epoch)
            return e;
    return NULL;
}

struct epoch_record *ledger_begin(struct ledger *l, uint32_t machine, uint32_t boot, uint64_t epoch,
                                  uint32_t start_second, struct epoch_record *older)
{
    struct epoch_record *e = calloc(1, sizeof *e);
    ASSERT(e != NULL);
    e->epoch = epoch;
    e->machine = machine;
    e->boot = boot;
    e->start_second = start_second;
    e->ring_from = 1;
    e->spool_from = 1;
    e->older = older;
    e->alive = true;
    e->next = l->epochs;
    l->epochs = e;
    l->epoch_count++;
    return e;
}

void ledger_take(struct epoch_record *e, uint32_t second, int64_t time_ms)
{
    if (e->taken == e->capacity) {
        e->capacity = e->capacity ? e->capacity * 2 : 1024;
        e->samples = realloc(e->samples, e->capacity * sizeof *e->samples);
        ASSERT(e->samples != NULL);
    }
    e->samples[e->taken++] = (struct taken){.time_ms = time_ms, .second = second};
}

void ledger_leave(struct epoch_record *e, uint64_t from, uint64_t to, uint16_t process)
{
    for (uint64_t sequence = from > e->acked ? from : e->acked + 1; sequence <= to; sequence++) {
        struct taken *t = &e->samples[sequence - 1];
        if (!t->died && t->lost_by == 0)
            t->lost_by = process;
    }
}

struct taken *ledger_sample(struct epoch_record *e, uint64_t sequence)
{
    return sequence >= 1 && sequence <= e->taken ? &e->samples[sequence - 1] : NULL;
}

uint32_t ledger_second_before(const struct epoch_record *e, uint64_t sequence)
{
    return sequence > 1 ? e->samples[sequence - 2].second : e->start_second;
}
