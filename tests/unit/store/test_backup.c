/* SPDX-License-Identifier: MIT */
/* A backup that is taken while agents send and chunks are sealed is a whole database, with everything that
 * was acknowledged before it ended; and verify finds what is planted in it. */
#include "tests/unit/store/rig.h"

#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_backup.h"
#include "aggregator/store/verify.h"

#define COPY_MAX (64U << 20)
#define VALUES 20U
#define FEEDING 24U /* of the first records of a backup */

struct copy {
    uint8_t *bytes;
    int64_t size; /* -1: the end has not come */
};

static struct crc32c_tables sums;
static uint32_t told;
static char first_told[512];

static void count_line(void *context, const char *line)
{
    (void)context;
    if (told++ == 0)
        snprintf(first_told, sizeof first_told, "%s", line);
}

static void ignore(void *context, uint64_t done, uint64_t all)
{
    (void)context, (void)done, (void)all;
}

static void take(struct copy *c, const uint8_t *from, int size)
{
    struct backup_record r;
    int head = backup_get(&sums, from, (uint32_t)size, &r);
    assert_int_equal(head, BACKUP_RECORD_HEADER_SIZE);
    assert_int_equal(head + (int)r.size, size);
    assert_true(r.offset + r.size <= COPY_MAX);
    if (r.size == 0)
        c->size = r.offset;
    else
        memcpy(c->bytes + r.offset, from + head, r.size);
}

/* Verifies the bytes as a file, on a machine of its own. */
static struct verify_counts verify_bytes(const uint8_t *bytes, int64_t size, int *result)
{
    static const struct verify_sink sink = {.tell = count_line, .progress = ignore};
    struct sim_world *world = sim_new(3);
    struct plat *machine = sim_machine(world, "other");
    struct memory_map map;
    char words[256];
    struct text why;
    struct verify_counts counts = {0};
    text_init(&why, words, sizeof words);
    memory_map_init(&map, NULL, 0);
    (void)verify_reserve(&map, (uint64_t)size);
    uint64_t total = map.used;
    void *block = aligned_alloc(64, (total + 63) / 64 * 64);
    memset(block, 0, total);
    memory_map_init(&map, block, total);
    struct verify *v = verify_reserve(&map, (uint64_t)size);
    sim_disk_put(machine, "copy.db", bytes, size);
    int file = plat_file_open(machine, "copy.db");
    assert_true(file >= 0);
    told = 0;
    *result = verify_run(v, machine, file, 0, &sink, &counts, &why);
    plat_file_close(machine, file);
    free(block);
    sim_free(world);
    return counts;
}

static uint64_t next_sequence = 1;

static void feed(struct rig *r, uint32_t instance, uint32_t blocks)
{
    for (uint32_t i = 0; i < blocks; i++) {
        rig_fill(r, 10, VALUES, RIG_START_MS + (int64_t)next_sequence * 1000);
        int n = rig_send(r, instance, next_sequence);
        if (n == ERR_FULL)
            return;
        assert_int_equal(n, 10);
        rig_remember(r, instance, 77, next_sequence, 0);
        next_sequence += 10;
        rig_step(r, 1000);
    }
}

static struct rig *begin(uint32_t *instance)
{
    crc32c_tables_init(&sums);
    next_sequence = 1;
    struct rig *r = rig_new(5);
    rig_must_open(r);
    *instance = rig_instance(r, "web-1");
    assert_int_equal(store_epoch(r->store, *instance, 77), ERR_OK);
    rig_dictionary(r, *instance, 0, VALUES);
    return r;
}

static void copy_under_load(struct rig *r, uint32_t instance, struct copy *c)
{
    static uint8_t record[BACKUP_RECORD_SIZE_MIN + 4096];
    int n;
    uint32_t records = 0;
    c->bytes = calloc(1, COPY_MAX);
    c->size = -1;
    assert_int_equal(store_backup_begin(r->store), ERR_OK);
    assert_int_equal(store_backup_begin(r->store), ERR_BUSY);
    while ((n = store_backup_next(r->store, record, sizeof record)) != 0) {
        if (n > 0)
            take(c, record, n);
        else
            assert_int_equal(n, ERR_AGAIN);
        if (++records % 4 == 0 && records < FEEDING)
            feed(r, instance, 3);
    }
    store_backup_end(r->store);
    assert_true(c->size > 0 && records > FEEDING + 8);
}

static void a_backup_under_load_is_whole(void **state)
{
    (void)state;
    uint32_t instance;
    struct copy c;
    int result;
    struct rig *r = begin(&instance);
    feed(r, instance, 150);
    copy_under_load(r, instance, &c);
    uint32_t samples = r->sample_count;
    feed(r, instance, 20); /* not in it */
    rig_close(r);
    struct verify_counts counts = verify_bytes(c.bytes, c.size, &result);
    assert_int_equal(result, ERR_OK);
    if (counts.damages > 0)
        fail_msg("%s", first_told);
    assert_true(counts.chunks > 0 && counts.values >= samples / 2);
    /* In place of the database it holds all that was committed by then, and nothing of later. */
    sim_disk_put(r->machine, "nephos.db", c.bytes, c.size);
    (void)plat_file_delete(r->machine, "nephos.db-wal");
    rig_must_open(r);
    r->sample_count = samples;
    rig_check_all(r, 0, 300);
    free(c.bytes);
    rig_free(r);
}

static void whoever_reads_too_slowly_is_told(void **state)
{
    (void)state;
    static uint8_t record[BACKUP_RECORD_SIZE_MIN];
    uint32_t instance;
    struct rig *r = begin(&instance);
    feed(r, instance, 50);
    assert_int_equal(store_backup_begin(r->store), ERR_OK);
    int n = store_backup_next(r->store, record, sizeof record);
    assert_true(n > 0);
    store_backup_end(r->store); /* in the middle: the next one begins anew */
    assert_int_equal(store_backup_begin(r->store), ERR_OK);
    n = store_backup_next(r->store, record, sizeof record);
    struct backup_record first;
    assert_true(backup_get(&sums, record, (uint32_t)n, &first) > 0);
    assert_int_equal(first.offset, 0);
    rig_free(r);
}

static void a_flipped_bit_in_a_chunk_is_found(void **state)
{
    (void)state;
    uint32_t instance, found = 0;
    struct copy c;
    int result;
    struct rig *r = begin(&instance);
    feed(r, instance, 150);
    copy_under_load(r, instance, &c);
    rig_close(r);
    for (uint32_t i = 0; i < 60; i++) {
        int64_t at = (int64_t)rig_random(r, (uint64_t)c.size);
        uint8_t bit = (uint8_t)(1U << rig_random(r, 8));
        c.bytes[at] ^= bit;
        struct verify_counts counts = verify_bytes(c.bytes, c.size, &result);
        found += result != ERR_OK || counts.damages > 0;
        assert_true(result != ERR_OK || counts.damages == 0 || told > 0);
        c.bytes[at] ^= bit;
    }
    /* The rest fell on bytes that hold nothing. */
    assert_in_range(found, 20, 60);
    free(c.bytes);
    rig_free(r);
}

/* A row of a table without sums: what it says cannot be. */
static void verify_finds_records_that_cannot_be(void **state)
{
    (void)state;
    static const char words[] = "the disk of this host is nearly full";
    uint32_t instance;
    struct copy c;
    int result;
    bool was_open;
    struct rig *r = begin(&instance);
    feed(r, instance, 20);
    const struct alert_report report = {.instance = "web-1", .rule = "disk", .tag = "",
                                        .type = "disk_warning", .message = words, .metric = "", .unit = "",
                                        .severity = ALERT_HIGH,
                                        .scale = 1};
    assert_true(store_alert_raise(r->store, &report, &was_open) > 0);
    assert_int_equal(store_commit(r->store), ERR_OK);
    copy_under_load(r, instance, &c);
    rig_close(r);
    struct verify_counts counts = verify_bytes(c.bytes, c.size, &result);
    assert_int_equal(result, ERR_OK);
    assert_int_equal(counts.damages, 0);
    assert_int_equal(counts.records, 1);
    uint32_t changed = 0;
    for (int64_t i = 0; i + (int64_t)sizeof words < c.size; i++)
        if (memcmp(c.bytes + i, words, sizeof words - 1) == 0) {
            c.bytes[i + 3] = 0; /* who reads it sees three letters */
            changed++;
        }
    assert_true(changed > 0);
    told = 0;
    counts = verify_bytes(c.bytes, c.size, &result);
    assert_int_equal(result, ERR_OK);
    assert_int_equal(counts.damages, 1);
    assert_non_null(strstr(first_told, "table alert: row 1 "));
    free(c.bytes);
    rig_free(r);
}

static void records_are_not_trusted(void **state)
{
    (void)state;
    uint8_t record[BACKUP_RECORD_HEADER_SIZE + 4] = {0};
    struct backup_record r;
    crc32c_tables_init(&sums);
    assert_int_equal(backup_get(&sums, record, 15, &r), ERR_AGAIN);
    assert_int_equal(backup_get(&sums, record, sizeof record, &r), ERR_MALFORMED);
    record[8] = 5;
    assert_int_equal(backup_get(&sums, record, sizeof record, &r), ERR_AGAIN);
    record[10] = 2; /* more than a record may have */
    assert_int_equal(backup_get(&sums, record, sizeof record, &r), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_under_load_is_whole),
        cmocka_unit_test(whoever_reads_too_slowly_is_told),
        cmocka_unit_test(a_flipped_bit_in_a_chunk_is_found),
        cmocka_unit_test(verify_finds_records_that_cannot_be),
        cmocka_unit_test(records_are_not_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
