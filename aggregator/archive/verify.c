/* SPDX-License-Identifier: MIT */
/* `verify [FILE]`: is a database whole, and if not, what is damaged and what to do. */
#include "aggregator/archive/parts.h"
#include "aggregator/store/verify.h"

void *verify_command_reserve(struct memory_map *map, uint64_t database_size)
{
    return verify_reserve(map, database_size);
}

static void tell(void *context, const char *line)
{
    archive_progress_end(context);
    archive_say("damaged: %s", line);
}

static void show(void *context, uint64_t done, uint64_t all)
{
    archive_progress(context, "verify", done, all);
}

static void advise(const struct verify_counts *n)
{
    if (n->damages > VERIFY_TOLD_MAX)
        archive_say("... and %llu more", (unsigned long long)(n->damages - VERIFY_TOLD_MAX));
    if (n->is_structural)
        archive_say("The file itself is damaged: the aggregator may fail at any moment. Stop it, check "
                    "disk and memory, "
                    "and restore a backup (nephos-aggregator restore). Without one, `export` saves what "
                        "can be read.");
    else
        archive_say("The file holds together: the aggregator serves everything but what is named here%s. "
                    "Restore a backup "
                    "to have that back.", n->lost_values > 0 ? ", and leaves it out of answers" : "");
    if (n->lost_values > 0)
        archive_say("At least %llu values cannot be read.", (unsigned long long)n->lost_values);
}

int verify_named(struct archive *c, struct verify *v, int file, int64_t at, const char *name)
{
    char words[256];
    struct text why;
    struct verify_counts n;
    const struct verify_sink sink = {.context = c, .tell = tell, .progress = show};
    text_init(&why, words, sizeof words);
    int err = verify_run(v, c->plat, file, at, &sink, &n, &why);
    archive_progress_end(c);
    if (err != ERR_OK)
        return archive_fail(c, ARCHIVE_DAMAGED, "%s: %s", name, words);
    if (why.length > 0)
        archive_say("%s", words);
    archive_say("%s: %llu instances, %llu series, %llu chunks, %llu rollups, %llu journal blocks, %llu "
                "values, %llu records: %s", name,
                (unsigned long long)n.instances, (unsigned long long)n.series, (unsigned long long)n.chunks,
                (unsigned long long)n.rollups, (unsigned long long)n.blocks, (unsigned long long)n.values,
                (unsigned long long)n.records, n.damages == 0 ? "good" : "DAMAGED");
    if (n.damages > 0)
        advise(&n);
    return n.damages > 0 ? ARCHIVE_DAMAGED : ARCHIVE_OK;
}

/* A database with a log beside it is somebody's data directory: by itself it is not whole. */
static int check_alone(struct archive *c)
{
    char log[ARCHIVE_PATH_SIZE];
    struct text t;
    text_init(&t, log, sizeof log);
    text_printf(&t, "%s-wal", c->operand);
    if (t.truncated || !plat_linux_exists(log))
        return ARCHIVE_OK;
    return archive_fail(c, ARCHIVE_USAGE, "%s has a log beside it, so it is in use or was left by an "
                        "aggregator: "
                        "verify it with `verify --data DIRECTORY`, or make a `backup` and verify that",
                            c->operand);
}

int verify_command(struct archive *c)
{
    int64_t at = 0, size = 0;
    if (c->operand == NULL) {
        int code = archive_lock(c);
        if (code != ARCHIVE_OK)
            return code;
        if (!plat_file_exists(c->plat, "nephos.db"))
            return archive_fail(c, ARCHIVE_NO_INPUT, "%s holds no database", c->config->data);
        return verify_named(c, c->room, -1, 0, c->config->data);
    }
    int code = check_alone(c);
    if (code != ARCHIVE_OK)
        return code;
    int file = plat_linux_file(c->plat, c->operand, false);
    if (file < 0)
        return archive_fail(c, archive_exit_of(file), "%s: %s", c->operand, archive_words(file));
    if (tar_look(c, file, &at, &size) < 0)
        return archive_fail(c, ARCHIVE_DAMAGED, "%s: it is no database and no backup", c->operand);
    code = verify_named(c, c->room, file, at, c->operand);
    plat_file_close(c->plat, file);
    return code;
}
