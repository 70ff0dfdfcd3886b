/* SPDX-License-Identifier: MIT */
/* Writes the binary seeds of the fuzz targets with the program's own encoders: make_seeds FOLDER.
 *
 * Text seeds are made by hand and stay. Run it again (make fuzz-seeds) when a format has changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/spool.h"
#include "aggregator/store/cell.h"
#include "aggregator/store/chunk.h"
#include "aggregator/store/rollup.h"
#include "aggregator/store/journal.h"
#include "platform/base/bytes.h"
#include "platform/base/crc32c.h"
#include "platform/sim/sim.h"
#include "proto/block.h"
#include "proto/token.h"
#include "proto/wire.h"

static const char *folder;

static void save(const char *target, const char *name, const void *bytes, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(bytes, 1, size, f) != size || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

/* Ten seconds of a small host: a counter, a gauge, a constant, a wild one. */
static int make_block(uint8_t *to, uint32_t size, bool sparse)
{
    static struct block_matrix m;
    m.count = 10;
    m.slot_count = 4;
    for (uint32_t i = 0; i < m.slot_count; i++)
        m.slots[i] = (uint16_t)(sparse ? 3 * i + 1 : i);
    for (uint32_t i = 0; i < m.count; i++) {
        m.time_ms[i] = INT64_C(1768478400000) + 1000 * i + i % 3;
        m.values[0][i] = 100 * (int64_t)i * i;
        m.values[1][i] = i % 2 ? 1250 : 1375;
        m.values[2][i] = INT64_C(8589934592);
        m.values[3][i] = i == 5 ? INT64_MIN : INT64_MAX - (int64_t)i;
    }
    m.processes.id_count = m.processes.use_count = 0;
    for (uint32_t i = 0; i < m.count; i++) {
        const struct process_tops tops = {.count = 1 + i % 3,
                                          .tops = {{1, 100 * (i % 2), 12000, "systemd"},
                                                   {731, 9900 + i, 100000 + 64 * i, "\xc3\xa9 %x"},
                                                   {4000, 0, 700, "kworker/0:1-eve"}}};
        if (block_processes_add(&m.processes, i, &tops) < 0)
            abort();
    }
    return block_encode(&m, to, size);
}

static void save_blocks(void)
{
    uint8_t room[4096];
    room[0] = 10;
    for (int sparse = 0; sparse < 2; sparse++) {
        int n = make_block(room + 1, sizeof room - 1, sparse == 1);
        save("block", sparse ? "sparse" : "dense", room, (size_t)n + 1);
    }
}

static void save_columns(void)
{
    static int64_t values[512];
    static uint8_t room[2 + COLUMN_SIZE_MAX(512)];
    const char *names[] = {"constant", "counter", "noise", "zeros", "extremes"};
    uint64_t state = 1;
    for (uint32_t kind = 0; kind < COUNT_OF(names); kind++) {
        uint32_t count = kind == 2 ? 512 : 60;
        for (uint32_t i = 0; i < count; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
            int64_t made[] = {7, 1000 * (int64_t)i, (int64_t)(state >> 56), i % 20 == 0,
                              i % 2 ? INT64_MAX : INT64_MIN};
            values[i] = made[kind];
        }
        put_u16(room, (uint16_t)(count - 1)); /* top bit clear: bytes to decode */
        int n = column_encode(values, count, room + 2, sizeof room - 2);
        save("column", names[kind], room, (size_t)n + 2);
    }
    put_u16(room, 0x8000 | 99);
    for (uint32_t i = 0; i < 16; i++)
        put_u64(room + 2 + 8 * i, i % 3 ? i * 1000 : 0);
    save("column", "values", room, 2 + 8 * 16);
}

static void save_dense(void)
{
    static int64_t values[1400];
    static struct dense_work work;
    static uint8_t room[2 + COLUMN_SIZE_MAX(1400)];
    const char *names[] = {"noise", "zeros", "slope", "scaled"};
    uint64_t state = 1;
    for (uint32_t kind = 0; kind < COUNT_OF(names); kind++) {
        uint32_t count = kind == 3 ? 1400 : 260;
        for (uint32_t i = 0; i < count; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
            int64_t made[] = {(int64_t)(state >> 50), state >> 60 == 0, (int64_t)(i * i + (state >> 61)),
                              4096 * (int64_t)(state >> 62)};
            values[i] = made[kind];
        }
        put_u16(room, (uint16_t)(count - 1)); /* top bit clear: bytes to decode */
        int n = dense_pack(&work, values, count, room + 2, sizeof room - 2);
        save("dense", names[kind], room, (size_t)n + 2);
    }
}

static void save_messages(void)
{
    static uint8_t room[8192], data[4096];
    uint32_t n = (uint32_t)make_block(data, sizeof data, false);
    const struct wire_bytes der = {(const uint8_t *)"\x30\x03\x02\x01\x2a", 5};
    char text[TOKEN_TEXT_SIZE];
    token_write(&(struct token){.id = {1, 2}, .secret = {3, 4}, .ca_hash = {5, 6}}, text);
    save("token", "good", text, strlen(text));
#define SAVE(name, ...)                                                                              \
    save("wire", #name, room,                                                                        \
         (size_t)wire_put_##name(room, sizeof room, &(struct wire_##name){__VA_ARGS__}))
    SAVE(enroll_request, .token = text, .instance_id = "web-1", .name = "web", .request_der = der);
    SAVE(enroll_reply, .instance_id = "web-1", .certificate_der = der, .ca_der = der);
    SAVE(hello, .protocol = 1, .agent_version = "0.1.0", .instance_id = "web-1", .name = "web",
         .epoch = 42, .oldest_sequence = 1, .next_sequence = 11, .interval_ms = 1000,
         .sent_ms = 1768478400000, .os = "Debian", .kernel = "6.1", .architecture = "x86_64",
         .cpu_count = 2, .memory_bytes = 1 << 30, .provider = "vultr", .region = "ewr",
         .instance_type = "vc2-1c-1gb");
    SAVE(welcome, .epoch = 42, .committed_sequence = 10, .dictionary_count = 2,
         .ship_interval_ms = 10000, .sent_ms = 1768478400000);
    SAVE(ack, .epoch = 42, .sequence = 20);
    SAVE(pace, .ship_interval_ms = 1000);
    SAVE(refuse, .code = REFUSE_TOKEN, .reason = "token expired; make another");
    SAVE(dictionary, .epoch = 42, .first_slot = 0, .count = 2,
         .series = {{"cpu_usage", "", "percent", 100, false},
                    {"disk_read_bytes", "device=vda", "bytes", 1, true}});
    SAVE(batch, .epoch = 42, .sent_ms = 1768478400000, .block_count = 2,
         .blocks = {{1, 10, {data, n}}, {11, 10, {data, n}}});
    SAVE(history, .epoch = 41, .oldest_sequence = 3, .next_sequence = 90);
    SAVE(history_welcome, .epoch = 41, .committed_sequence = 12, .dictionary_count = 2);
    SAVE(settings, .sample_interval_ms = 1000, .hint_count = 2,
         .hints = {{"cpu_usage", "", 9000, false}, {"disk_available_bytes", "mount=/", 1 << 30, true}});
    SAVE(renew, .request_der = der);
    SAVE(renewed, .certificate_der = der);
    /* A session's beginning: three frames behind each other. */
    uint32_t at = (uint32_t)wire_put_hello(room, sizeof room,
                                           &(struct wire_hello){.protocol = 1, .instance_id = "a"});
    at += (uint32_t)wire_put_ack(room + at, sizeof room - at, &(struct wire_ack){1, 1});
    at += (uint32_t)wire_put_pace(room + at, sizeof room - at, &(struct wire_pace){1000});
    save("wire", "three", room, at);
}

/* A chunk of two blocks, the second without some series; and two journal entries. */
static void save_disk(void)
{
    static struct chunk_builder b;
    static struct block_matrix m;
    static uint8_t room[1 + CHUNK_SIZE_MAX];
    static struct crc32c_tables sums;
    crc32c_tables_init(&sums);
    static const uint16_t series_of_slot[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    uint8_t data[512];
    chunk_reset(&b);
    for (int sparse = 0; sparse < 2; sparse++) {
        int n = make_block(data, sizeof data, sparse == 1);
        if (block_decode(data, (uint32_t)n, 10, &m) < 0)
            abort();
        chunk_add(&b, &m, 0, 10, series_of_slot, COUNT_OF(series_of_slot));
    }
    room[0] = 'c';
    save("chunk", "two-blocks", room, 1 + chunk_encode(&sums, &b, room + 1, CHUNK_SIZE_MAX));

    uint32_t at = 1;
    room[0] = 'j';
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *entry = room + at;
        int n = make_block(entry + JOURNAL_HEADER_SIZE, 512, i == 1);
        journal_put_header(&sums, &(struct journal_header){.instance = i, .size = (uint32_t)n, .epoch = 42,
                                                    .sequence = 1 + 10 * i, .count = 10,
                                                    .received_ms = 1768478400000}, entry);
        at += JOURNAL_HEADER_SIZE + (uint32_t)n;
    }
    save("chunk", "journal", room, at);
}

/* An hour of three series: one whole, one with gaps, one that stands still. */
static void save_rollup(void)
{
    static struct rollup_builder b;
    static uint8_t room[1 + ROLLUP_SIZE_MAX];
    static struct crc32c_tables sums;
    struct rollup_spec spec = {.start_ms = 1767225600000, .point_ms = 60000, .points = 60};
    crc32c_tables_init(&sums);
    rollup_reset(&b, &spec);
    for (int64_t t = 0; t < 3600; t += 5) {
        int64_t ms = spec.start_ms + t * 1000 + 7;
        cell_add(&rollup_cells(&b, 0)[t / 60], t * t % 977, ms);
        if (t % 7 == 0 && t / 60 % 5 != 0)
            cell_add(&rollup_cells(&b, 3)[t / 60], t * 31, ms);
        cell_add(&rollup_cells(&b, 9)[t / 60], 42, ms);
    }
    room[0] = 'm';
    save("rollup", "hour", room, 1 + rollup_encode(&sums, &b, room + 1, ROLLUP_SIZE_MAX));
}

static void save_websocket(void)
{
    static const char ping[] = "{\"type\":\"ping\"}";
    uint8_t room[128] = {0 /* WEBSOCKET_MESSAGE_MAX */, 0x81, 0x80 | (sizeof ping - 1), 1, 2, 3, 4};
    for (uint32_t i = 0; i + 1 < sizeof ping; i++)
        room[7 + i] = (uint8_t)((uint8_t)ping[i] ^ (1 + i % 4));
    uint32_t at = 7 + sizeof ping - 1;
    save("websocket", "text", room, at);
    static const uint8_t rest[] = {0x01, 0x81, 0, 0, 0, 0, 'a',        /* a fragment */
                                   0x89, 0x80, 9, 9, 9, 9,             /* a ping in between */
                                   0x80, 0x81, 0, 0, 0, 0, 'b',        /* the last fragment */
                                   0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8, /* close 1000 */
                                   0x82, 0xfe, 0, 126, 0, 0, 0, 0};    /* 126 bytes, not all there */
    memcpy(room + at, rest, sizeof rest);
    save("websocket", "all", room, at + sizeof rest);
}

/* Answers that follow the question of fuzz_dns.c, whose own bytes the target puts in. */
static void save_dns(void)
{
    uint8_t a[256] = {'4'}, *m = a + 1;
    const uint32_t question_end = 12 + 24 + 4; /* aggregator.example.org, type, class */
    const uint8_t head[] = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0};
    const uint8_t alias[] = {0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, 'x', 0xc0, 23};
    const uint8_t address[] = {0xc0, 52, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7};
    memcpy(m, head, sizeof head);
    memcpy(m + question_end, alias, sizeof alias);
    memcpy(m + question_end + sizeof alias, address, sizeof address);
    save("dns", "alias-a", a, 1 + question_end + sizeof alias + sizeof address);
    uint8_t six[256] = {'6'};
    memcpy(six + 1, head, sizeof head);
    six[1 + 7] = 1;
    const uint8_t answer[] = {0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 60, 0, 16, 0x20, 1, 13, 0xb8, 0, 0, 0, 0,
                              0,    0,  0, 0,  0, 0, 0, 7};
    memcpy(six + 1 + question_end, answer, sizeof answer);
    save("dns", "aaaa", six, 1 + question_end + sizeof answer);
    six[1 + 3] = 0x83; /* no such name */
    save("dns", "missing", six, 1 + question_end);
}

/* A spool of some segments and two epochs, and the same with its end torn off. */
static void save_spool(void)
{
    static struct spool spool;
    static struct series series;
    static uint8_t scratch[SCRATCH_SIZE], data[200];
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "web");
    series_init(&series);
    (void)series_slot(&series, METRIC_LOAD_1, "");
    (void)series_slot(&series, METRIC_DISK_READS, "vda");
    spool_init(&spool, p, &series, scratch, SPOOL_SEGMENTS_LEAST * 4096U);
    spool_open(&spool, "web", plat_mono(p));
    for (uint32_t i = 0; i < 40; i++) {
        const struct ring_block b = {.sequence = 1 + 10 * i, .count = 10, .size = 150 + i, .data = data};
        if (spool_put(&spool, i < 30 ? 7 : 8, &b, i == 3, plat_mono(p)) != ERR_OK)
            exit(1);
    }
    int64_t size;
    const uint8_t *bytes = sim_disk_file(p, "spool", &size);
    save("spool", "three_segments", bytes, 3 * 4096);
    save("spool", "torn", bytes, 4096 + 2000);
    sim_free(w);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_seeds FOLDER\n");
        return 64;
    }
    folder = argv[1];
    save_spool();
    save_blocks();
    save_columns();
    save_dense();
    save_messages();
    save_disk();
    save_rollup();
    save_websocket();
    save_dns();
    return 0;
}
