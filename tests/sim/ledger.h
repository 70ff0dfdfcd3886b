/* SPDX-License-Identifier: MIT */
/* What really happened to every sample: the judge's own books, kept beside the programs.
 *
 * A record for each epoch of each agent, one entry for each sample taken. The world writes them, from what
 * it sees after each step of an agent and from the frames that agents receive; the laws read them. */
#ifndef NEPHOS_TESTS_SIM_LEDGER_H
#define NEPHOS_TESTS_SIM_LEDGER_H

#include "platform/base/base.h"

struct taken {
    int64_t time_ms;   /* wall clock of the agent */
    uint32_t second;   /* since its boot: what /proc said follows from it */
    uint32_t spooled_s; /* second of the world in which it came to disk; 0: never */
    uint16_t lost_by;  /* process of its agent (1, 2, ...) that gave it up unacknowledged; 0: none */
    uint8_t stored;    /* how often the database has it */
    bool died;         /* with the process that held it, or with the power before it was on disk for good */
    bool found;        /* on disk by the process that starts */
};

struct epoch_record {
    uint64_t epoch;
    uint32_t machine, boot;
    uint32_t start_second;   /* of the boot, when the process began */
    struct taken *samples;   /* sequence 1 is samples[0] */
    uint64_t taken, capacity;
    uint64_t acked;          /* highest that the agent was told */
    /* what is held at the end of a step */
    uint64_t ring_from;      /* in memory from here on, while `alive` */
    uint64_t spool_from, spool_to; /* on disk; none when from > to */
    bool alive;              /* its process runs, and it is the live one */
    struct epoch_record *next;
    struct epoch_record *older; /* of the same machine */
};

struct ledger {
    struct epoch_record *epochs;
    uint64_t epoch_count;
    bool broken;             /* the first law that was broken; the run ends */
    char failure[512];
};

void ledger_init(struct ledger *l);
void ledger_free(struct ledger *l);
/* Notes the first broken law, in words. */
void ledger_break(struct ledger *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct epoch_record *ledger_find(struct ledger *l, uint32_t machine, uint64_t epoch);
struct epoch_record *ledger_begin(struct ledger *l, uint32_t machine, uint32_t boot, uint64_t epoch,
                                  uint32_t start_second, struct epoch_record *older);
void ledger_take(struct epoch_record *e, uint32_t second, int64_t time_ms);
/* The samples from..to have left ring or spool: `process` has given up those above `acked`. */
void ledger_leave(struct epoch_record *e, uint64_t from, uint64_t to, uint16_t process);
struct taken *ledger_sample(struct epoch_record *e, uint64_t sequence); /* NULL: never taken */
/* The second at which the agent looked at /proc the time before that. */
uint32_t ledger_second_before(const struct epoch_record *e, uint64_t sequence);

#endif
