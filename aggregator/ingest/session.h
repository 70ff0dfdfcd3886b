/* SPDX-License-Identifier: MIT */
/* What the files of this room share: the session slot and its life. Private to aggregator/ingest.
 *
 *     ingest_accept                      first frame: who is it?
 *   FREE ------------> WAITING_FIRST ---------------------------------------------+
 *    ^                  |          | EnrollRequest, no certificate (enroll.c)      |
 *    |                  |          +-------------> ENROLLING --commit, reply--+    | anything else
 *    |                  | Hello, certificate (hello.c)                        |    |
 *    |                  v                                                     v    v
 *    |               GREETED --epoch set, Welcome--> SHIPPING --any refusal--> CLOSING
 *    |                                               (batch.c)                    |
 *    +-----------------peer closed, or a deadline passed (session.c)--------------+
 *
 * Beside SHIPPING, the history of the instance (history.c):
 *
 *          History          a place is free, HistoryWelcome         History 0, or the session ends
 *   NONE ----------> ASKED --------------------------------> OPEN ---------------------------------> NONE
 *                      ^                                       |
 *                      +---------- History of another epoch ---+
 *
 * ASKED keeps its turn in `asking`: first come, first served. OPEN has a deadline: a place is for who sends.
 * Live samples go on in either state.
 *
 * WAITING_FIRST has a deadline of 5 s once the connection is open. GREETED lasts while the store cannot
 * make the epoch current. In SHIPPING every whole message moves the silence deadline. CLOSING has
 * said its last word and throws away what still comes, so that the word is not lost to a reset.
 *
 * A session is paused (plat_pause) while it enrols; when the store is full (then the frame at the
 * start of rx is tried again after the next commit and at every sweep); and when its next frame needs
 * one of the large buffers. The last two keep a list, so no step looks at every session. */
#ifndef NEPHOS_INGEST_SESSION_H
#define NEPHOS_INGEST_SESSION_H

#include "aggregator/ingest/ingest.h"
#include "platform/credentials.h"
#include "proto/wire.h"

#define SESSION_RX_SIZE 4096U
#define SESSION_TX_SIZE 512U /* Refuse has 200 bytes of reason; what is longer borrows a large buffer */
#define LARGE_FRAME_SIZE (FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX)
/* The platform ends who is silent or slow much earlier; who waits for its turn behind thousands may wait. */
#define HANDSHAKE_MS_MAX 60000
#define FIRST_MESSAGE_MS_MAX 5000
#define ENROLL_MS_MAX 10000
#define SILENCE_MS_MIN 60000
#define SEND_MS_MAX 10000
#define CLOSING_MS_MAX 2000
#define HISTORY_SILENCE_MS_MAX 60000 /* others wait for the place */
#define RENEW_PAUSE_MS 10000 /* signing costs as much as a handshake */
#define SWEEP_MS 500
#define REFUSALS_LOGGED_PER_SWEEP 20U
#define NO_SLOT UINT32_MAX
static_assert(REASON_SIZE + 32U <= SESSION_TX_SIZE, "a refusal must fit");
static_assert(2U * CERTIFICATE_SIZE_MAX + INSTANCE_ID_SIZE + 32U <= SESSION_RX_SIZE,
              "an EnrollReply must fit in the receive buffer");

enum session_state {
    SESSION_FREE,
    SESSION_WAITING_FIRST,
    SESSION_ENROLLING,
    SESSION_GREETED,
    SESSION_SHIPPING,
    SESSION_CLOSING,
};

enum session_history { HISTORY_NONE, HISTORY_ASKED, HISTORY_OPEN };

/* What this session has given to the store of one of its streams, and told the agent about it. */
struct session_stream {
    uint64_t epoch;
    uint64_t staged_sequence;    /* newest sample of this session given to the store */
    uint64_t acked_sequence;
    bool ack_owed;               /* even when there is nothing newer: it was resent */
};

struct session {
    enum session_state state;
    int conn;
    bool open;                   /* handshake done */
    struct mono deadline;        /* closed when it passes; what it means depends on the state */
    struct mono send_deadline;   /* MONO_NEVER while nothing waits to be sent */

    /* hello.c */
    char identity[INSTANCE_ID_SIZE]; /* of the certificate; "" for none */
    uint32_t instance;               /* NO_SLOT before Hello */
    uint32_t pace_ms;                /* what the agent was told last */
    bool surplus_said;               /* that it has more series than are kept */
    uint32_t settings_told;          /* the number of the settings that it has; 0: none */
    struct mono renew_next;          /* not before */
    struct session_stream streams[2]; /* by enum store_stream */

    /* history.c */
    enum session_history history;
    uint64_t history_end;        /* one more than the newest sample that will come */
    struct mono history_deadline;

    /* session.c: receiving */
    uint8_t *rx;                 /* own buffer, or a large one while `large` is not NO_SLOT */
    uint32_t rx_size, rx_used;
    uint32_t large;
    bool paused;

    /* batch.c */
    struct mono batch_at;        /* of the newest live batch */
    uint32_t block_next;         /* blocks of the batch at the start of rx that are staged already */
    enum store_stream held_stream; /* whose block found no room, while it is held back in SESSION_SHIPPING */

    /* enroll.c */
    uint64_t commit_awaited;

    /* session.c: sending */
    uint8_t *tx;                 /* own buffer, a large one, or the receive buffer for an EnrollReply */
    uint32_t tx_used, tx_sent, tx_size;
    uint32_t tx_large;           /* NO_SLOT: none; given back once everything is sent */
};

/* A set of session slots in the order of arrival. A slot may leave its state while it is listed: who
 * walks the list looks again. */
struct session_list {
    uint32_t *slots;
    uint32_t *listed; /* by slot: 1 while it is in the list */
    uint32_t count;
};

struct ingest_scratch {
    uint8_t arena[WIRE_SCRATCH_SIZE];
    uint8_t drained[4096];
    union {
        struct wire_enroll_request enroll;
        struct wire_hello hello;
        struct wire_dictionary dictionary;
        struct wire_batch batch;
        struct wire_history history;
        struct wire_renew renew;
    } message;
    struct block_matrix block;
};

struct ingest {
    struct ingest_limits limits;
    struct plat *plat;
    struct store *store;
    struct mono now;             /* of this pass */
    struct mono sweep_due;
    uint32_t sweeps;
    int64_t silence_ms;          /* without a message for so long a session is closed */
    struct session *sessions;
    uint8_t *rx_buffers, *tx_buffers, *large_buffers;
    uint32_t *session_of_conn;     /* NO_SLOT when it is not ours */
    uint32_t *session_of_instance; /* NO_SLOT when it is not connected */
    uint32_t *free_slots, free_count;
    uint32_t *large_free, large_free_count;
    struct session_list held;      /* waits for a commit, or for room in the store */
    struct session_list waiting;   /* waits for a large buffer */
    struct session_list owing;     /* has staged something that is not acknowledged yet */
    struct session_list asking;    /* waits for a place for its history */
    bool owing_now;                /* an acknowledgement need not wait for the next commit */
    bool asking_now;               /* somebody asks, or a place may be free */
    uint64_t commits_acknowledged, commits_retried;
    uint64_t rooms_seen, rooms_retried; /* store_room_count() */
    struct ingest_scratch *scratch;
    struct arena arena;
    uint8_t settings[WIRE_REPLY_MAX]; /* the message, the same for every agent */
    uint32_t settings_size;
    uint32_t settings_number;      /* grows with every change; 0: nothing to tell */
    uint32_t refusals_logged, refusals_silent; /* since the last sweep */
    struct ingest_stats stats;
    struct memory_line *sessions_line, *large_line;
};

uint32_t session_slot(const struct ingest *g, const struct session *s);
void session_list_add(struct session_list *list, uint32_t slot);

/* Takes a free slot for the connection, or NULL. */
struct session *session_begin(struct ingest *g, int conn);
/* Closes the connection and frees the slot. */
void session_end(struct ingest *g, struct session *s);
/* Bytes can flow: sends what waits, receives, handles whole frames. */
void session_run(struct ingest *g, struct session *s);
/* Handles again what stands in rx after the reason of a pause has gone. */
void session_resume(struct ingest *g, struct session *s);
/* Stops reading; session_hold() until the next commit, session_pause() until somebody resumes it. */
void session_pause(struct ingest *g, struct session *s);
void session_hold(struct ingest *g, struct session *s);

/* Room for one more message, and its sending once it is written there. */
uint8_t *session_tx(struct session *s, uint32_t *room);
/* False when `size` bytes more find no room now, and no large buffer is free either. */
bool session_make_room(struct ingest *g, struct session *s, uint32_t size);
/* Keeps the frame at the start of rx until a large buffer is free. */
void session_wait_large(struct ingest *g, struct session *s);
/* `n` as a wire_put function returned it; false when it did not fit. */
bool session_send(struct ingest *g, struct session *s, int n);
/* Says why, counts, logs, and begins to close. */
void session_refuse(struct ingest *g, struct session *s, enum wire_refusal code,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Everything is said: closes when the peer has, or soon. */
void session_finish(struct ingest *g, struct session *s);

/* --- messages: true when the frame is done with, false to keep it at the start of rx --- */

/* enroll.c */
bool session_enroll(struct ingest *g, struct session *s, const struct wire_frame *f);
/* The commit that holds the enrolment is durable. */
void session_enrolled(struct ingest *g, struct session *s);
/* hello.c */
bool session_hello(struct ingest *g, struct session *s, const struct wire_frame *f);
/* An administrator has shut this instance out: whatever certificate or ticket it shows. */
bool session_is_revoked(struct ingest *g, const char *id);
void session_refuse_revoked(struct ingest *g, struct session *s);
/* GREETED -> SHIPPING when the store can. */
void session_welcome(struct ingest *g, struct session *s);
void session_skew(struct ingest *g, struct session *s, int64_t sent_ms);
/* Tells the agent when the host is looked at, or no longer. */
void session_pace(struct ingest *g, struct session *s);
/* history.c */
bool session_history(struct ingest *g, struct session *s, const struct wire_frame *f);
/* ASKED -> OPEN when the store can: ERR_OK; ERR_FULL while all places are taken, ERR_AGAIN while a commit is
 * awaited. */
int session_history_welcome(struct ingest *g, struct session *s);
/* Notes what is still to come. */
void session_history_progress(struct ingest *g, struct session *s);
/* The place is somebody else's from now on. */
void session_history_end(struct ingest *g, struct session *s);
/* A place that nothing comes through ends the session. */
void session_history_check(struct ingest *g, struct session *s);
/* settings.c */
/* Tells the agent what it does not know yet. */
void session_settings(struct ingest *g, struct session *s);
/* renew.c */
bool session_renew(struct ingest *g, struct session *s, const struct wire_frame *f);
/* batch.c */
bool session_dictionary(struct ingest *g, struct session *s, const struct wire_frame *f);
bool session_batch(struct ingest *g, struct session *s, const struct wire_frame *f);
/* True when nothing is owed any more. */
bool session_acknowledge(struct ingest *g, struct session *s);

#endif
