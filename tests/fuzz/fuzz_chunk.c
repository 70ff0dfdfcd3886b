/* SPDX-License-Identifier: MIT */
/* What lies on the disk: sealed chunks and journal entries, after something has overwritten them. First
 * byte: 'c' or 'j'. Checksums are set right first, or nothing behind them would ever be reached.
 *
 * Promises: a chunk that opens has times, columns and processes within their arrays; samples of a sparse
 * column ascend. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/store/chunk.h"
#include "aggregator/store/journal.h"
#include "platform/base/bytes.h"
#include "platform/base/crc32c.h"

#define CHUNK_CRC_AT 8U
#define CHUNK_HEADER_SIZE 12U

static struct crc32c_tables sums;
static struct chunk chunk;
static int64_t times[CHUNK_SAMPLES_MAX], values[CHUNK_SAMPLES_MAX];
static uint16_t sample_of[CHUNK_SAMPLES_MAX];

static void check_column(const struct chunk_column *column)
{
    int n = chunk_values(&chunk, column, values, sample_of);
    FUZZ_CHECK(n == ERR_MALFORMED || (n >= 0 && (uint32_t)n <= chunk.count));
    if (n < 0 || (uint32_t)n == chunk.count)
        return;
    for (int i = 0; i < n; i++)
        FUZZ_CHECK(sample_of[i] < chunk.count && (i == 0 || sample_of[i] > sample_of[i - 1]));
}

static void check_processes(void)
{
    static struct chunk_processes processes;
    int err = chunk_read_processes(&chunk, values, &processes);
    FUZZ_CHECK(err == ERR_OK || err == ERR_MALFORMED);
    const struct processes view = chunk_processes_view(&processes);
    for (uint32_t i = 0; i < chunk.count && err == ERR_OK; i++) {
        struct process_tops tops;
        processes_of_sample(&view, i, &tops);
        FUZZ_CHECK(tops.count <= PROCESS_TOPS_MAX);
        for (uint32_t k = 0; k < tops.count; k++)
            FUZZ_CHECK(memchr(tops.tops[k].name, 0, PROCESS_NAME_SIZE) != NULL);
    }
}

static void check_chunk(uint8_t *bytes, uint32_t size)
{
    if (size >= CHUNK_HEADER_SIZE)
        put_u32(bytes + CHUNK_CRC_AT, crc32c(crc32c(0, bytes, CHUNK_CRC_AT), bytes + CHUNK_HEADER_SIZE,
                                             size - CHUNK_HEADER_SIZE));
    if (chunk_open(&sums, bytes, size, &chunk) < 0)
        return;
    FUZZ_CHECK(chunk.count >= 1 && chunk.count <= CHUNK_SAMPLES_MAX && chunk.column_count <= SLOTS_MAX);
    int err = chunk_times(&chunk, times);
    FUZZ_CHECK(err >= 0 || err == ERR_MALFORMED);
    for (uint32_t i = 0; i < chunk.column_count; i++)
        check_column(&chunk.columns[i]);
    check_processes();
}

static void check_journal(uint8_t *bytes, uint32_t size)
{
    struct journal_header h;
    while (size >= JOURNAL_HEADER_SIZE) {
        journal_peek_header(bytes, &h);
        if (h.size <= size - JOURNAL_HEADER_SIZE)
            journal_put_header(&sums, &h, bytes);
        if (journal_get_header(&sums, bytes, size, &h) < 0)
            return;
        FUZZ_CHECK(h.size <= size - JOURNAL_HEADER_SIZE);
        bytes += JOURNAL_HEADER_SIZE + h.size;
        size -= JOURNAL_HEADER_SIZE + h.size;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crc32c_tables_init(&sums);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return 0;
    uint8_t *copy = fuzz_exact(bytes + 1, size - 1);
    if (bytes[0] == 'j')
        check_journal(copy, (uint32_t)size - 1);
    else
        check_chunk(copy, (uint32_t)size - 1);
    free(copy);
    return 0;
}
