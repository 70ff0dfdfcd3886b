/* SPDX-License-Identifier: MIT */
/* One simulated agent: enrols, connects, ships the samples of one host of the fleet, and keeps account of
 * what was acknowledged.
 *
 *   IDLE --retry_at--> ENROLLING --reply--> IDLE --> GREETING --Welcome--> SHIPPING --all acked--> DONE
 *     ^______________________any end of the connection________________________|        (fatal) FAILED
 *
 * It keeps no sample. Two copies of the host's generator run one behind the other: `ahead` makes the
 * blocks that are sent, `acked` follows the acknowledgements and hashes each value that the aggregator
 * says is safe. After a reconnect `ahead` starts again from `acked`. */
#ifndef NEPHOS_LOADGEN_SENDER_H
#define NEPHOS_LOADGEN_SENDER_H

#include "platform/base/memory_map.h"
#include "platform/credentials.h"
#include "proto/block.h"
#include "proto/token.h"
#include "proto/wire.h"
#include "tools/loadgen/fleet.h"

/* A block of so many series fits into a batch whatever they are. */
#define SENDER_SERIES_MAX (BLOCK_VALUES_SURE / BLOCK_SAMPLES_MAX)
#define SENDER_TX_SIZE (FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX)

struct sender_plan { /* the same for all */
    char server[128];
    char token[TOKEN_TEXT_SIZE];
    uint8_t ca_hash[HASH_SIZE];
    uint64_t seed;
    uint32_t agents, series;
    uint64_t samples;          /* of each agent, in all */
    int64_t start_ms;          /* wall clock of the first sample of a host with phase 0 */
    uint32_t interval_ms;
    uint32_t block_samples;
    uint32_t batch_blocks;     /* at most so many in one message */
    uint32_t window_blocks;    /* at most so many unacknowledged */
    uint64_t past_samples;     /* of each agent, of an epoch before: sent as history */
    uint32_t past_batch, past_rate; /* blocks in a message; bytes a second, at most */
    bool paced;                /* a sample is sent when its time has come, not before */
};

struct sender_totals {
    uint64_t samples_sent, blocks_sent, batches_sent, samples_resent;
    uint64_t samples_acked, values_acked, past_samples_acked;
    uint64_t bytes_sent, bytes_received, records_sent;
    uint64_t connects, reconnects, enrolled, refused, failed, done;
    uint64_t wait_ms_most;     /* from connecting to the Welcome of those who came back */
    uint64_t away_ms_most;     /* from the end of a connection to the next Welcome */
    uint64_t wrong_acks;       /* of samples never sent */
    uint64_t lost_acked;       /* acknowledged before, gone at a later Welcome */
};

enum sender_state {
    SENDER_IDLE,
    SENDER_ENROLLING,
    SENDER_GREETING,
    SENDER_SHIPPING,
    SENDER_DONE,
    SENDER_FAILED,
};

#define OPENING_FIRST_MAX 64U /* connections that are being opened at one time, of agents that are new */
#define SENDER_LATENCIES 10000U /* of a millisecond each */

/* The epoch before the live one; see past.h. */
struct past {
    bool open;
    uint32_t known_slots;
    uint64_t acked_sequence, sent_sequence;
    struct mono send_at;
    struct fleet_host ahead;
};

struct sender {
    enum sender_state state;
    uint32_t number;
    char id[INSTANCE_ID_SIZE];
    uint64_t epoch;
    bool enrolled, hello_sent;
    bool met;                  /* said Hello before */
    bool cut_off;              /* was welcome, and lost its connection */
    struct mono cut_off_at, asked_at; /* then; when it began to connect this time */
    int conn;                  /* -1: none */
    struct mono retry_at;
    uint32_t failures;         /* in a row */
    struct fleet_host acked, ahead;
    uint64_t acked_sequence, sent_sequence, most_sent;
    uint64_t timed_sequence;   /* a batch whose acknowledgement is timed; 0: none */
    struct mono timed_at;
    struct past past;
    uint64_t *hashes;          /* of each series: FNV-1a over the acknowledged values, little-endian */
    uint8_t *tx;
    uint32_t tx_used, tx_sent;
    uint8_t rx[WIRE_REPLY_MAX];
    uint32_t rx_used;
};

struct senders {
    struct plat *plat;
    struct sender_plan plan;
    struct sender_totals totals;
    void (*use_credential)(struct plat *p, uint32_t index);
    struct sender *all;
    uint64_t *hashes;
    uint8_t *tx;
    int32_t *sender_of_conn;
    uint32_t conns_max;
    uint32_t opening;          /* connections that are not open yet */
    uint32_t opening_max;
    bool shipping;             /* everybody has a certificate: go */
    uint64_t random;
    uint64_t latencies[SENDER_LATENCIES], latency_count;
    uint32_t refusals_told;    /* bit by code: each reason is told once */
    bool outage_told;
    /* scratch */
    struct arena arena;
    uint8_t scratch[WIRE_REPLY_SCRATCH_SIZE];
    struct block_matrix block;
    uint8_t block_bytes[FRAME_PAYLOAD_MAX];
    struct wire_dictionary dictionary;
    char tags[DICTIONARY_SERIES_MAX][TAG_SIZE];
};

struct senders *senders_reserve(struct memory_map *map, uint32_t agents, uint32_t series,
                                uint32_t conns_max);
/* The plan is complete; nobody has connected yet. */
void senders_open(struct senders *g, struct plat *p);
/* The connection has something to do. */
void senders_ready(struct senders *g, int conn, struct mono now);
/* Begins connections whose time has come and sends blocks that are due. */
void senders_step(struct senders *g, struct mono now);
/* Everybody has a certificate, or has given up. */
bool senders_enrolled(const struct senders *g);
/* From now on samples are sent; the first one's wall clock makes the epoch, too. */
void senders_ship(struct senders *g, int64_t start_ms);
/* The run ends with the samples that are due now, whatever was planned. */
void senders_enough(struct senders *g);
bool senders_finished(const struct senders *g);
void senders_close(struct senders *g);

/* The metric name and tag of a slot; `tag` holds at least TAG_SIZE. */
const struct fleet_series *sender_series(uint32_t slot, char *tag);
/* Wall clock of a sample. */
int64_t sender_time_ms(const struct sender_plan *plan, const struct fleet_host *h, uint64_t sequence);

#endif
