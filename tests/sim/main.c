/* SPDX-License-Identifier: MIT */
/* Runs many seeds of the simulated house, some at a time, and says which broke a law.
 *
 *   sim [--seeds N] [--first N] [--seed N] [--agents N] [--hours N] [--minutes N] [--jobs N]
 *       [--known FILE] [--record] [--twice N] [--stop]
 *
 * --seed N replays one seed with a readable log. --known FILE lists seeds that run before the others;
 * with --record a seed that fails is added to it. The first seeds (--twice) run twice and must leave the
 * same trace. --stop ends at the first failure. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/world.h"

#define GROUP 10U
#define KNOWN_MAX 1000U

struct plan {
    struct options options;
    uint64_t first, count;
    uint32_t jobs, twice;
    bool one, record, stop;
    const char *known_path;
    uint64_t known[KNOWN_MAX];
    uint64_t known_count;
};

/* Written by the processes that run seeds, read by the one that started them. */
struct board {
    uint64_t next;            /* index of the next seed to run */
    uint64_t running[64];     /* index plus one that job n runs; 0 none */
    uint64_t passed, failed, taken, stored, lost, steps, deaths, power_cuts, partitions, resets;
};

static uint64_t seed_at(const struct plan *plan, uint64_t index)
{
    return index < plan->known_count ? plan->known[index] : plan->first + index - plan->known_count;
}

static uint64_t seed_count(const struct plan *plan)
{
    return plan->known_count + plan->count;
}

static void read_known(struct plan *plan)
{
    FILE *f = plan->known_path ? fopen(plan->known_path, "r") : NULL;
    char line[64];
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (line[0] >= '0' && line[0] <= '9' && plan->known_count < KNOWN_MAX)
            plan->known[plan->known_count++] = strtoull(line, NULL, 10);
    if (f != NULL)
        fclose(f);
}

static void record_seed(const struct plan *plan, uint64_t seed)
{
    for (uint64_t i = 0; i < plan->known_count; i++)
        if (plan->known[i] == seed)
            return;
    FILE *f = plan->record && plan->known_path ? fopen(plan->known_path, "a") : NULL;
    if (f != NULL) {
        fprintf(f, "%" PRIu64 "\n", seed);
        fclose(f);
    }
}

/* --- one seed --- */

static bool run_seed(const struct plan *plan, uint64_t seed, struct board *board, uint64_t *trace)
{
    struct world *w = calloc(1, sizeof *w);
    ASSERT(w != NULL);
    struct options options = plan->options;
    options.seed = seed;
    bool good = world_run(w, &options);
    *trace = sim_trace(w->sim);
    if (!good)
        w->seen.stored = 0; /* the judge did not come to the end */
    if (!good)
        printf("seed %" PRIu64 " FAILED at %" PRId64 " s: %s\n    replay: make sim SEED=%" PRIu64 "\n", seed,
               sim_now(w->sim) / NS_PER_S, w->ledger.failure, seed);
    if (board != NULL) {
        __atomic_add_fetch(&board->taken, w->seen.taken, __ATOMIC_RELAXED);
        __atomic_add_fetch(&board->stored, w->seen.stored, __ATOMIC_RELAXED);
        __atomic_add_fetch(&board->lost, w->seen.lost, __ATOMIC_RELAXED);
        __atomic_add_fetch(&board->steps, w->seen.steps, __ATOMIC_RELAXED);
        __atomic_add_fetch(&board->deaths, w->seen.kills, __ATOMIC_RELAXED);
        __atomic_add_fetch(&board->power_cuts, w->seen.power_cuts, __ATOMIC_RELAXED);
        __atomic_add_fetch(&board->partitions, w->seen.partitions, __ATOMIC_RELAXED);
        __atomic_add_fetch(&board->resets, w->seen.resets, __ATOMIC_RELAXED);
    } else {
        printf("seed %" PRIu64 ": %" PRIu64 " taken, %" PRIu64 " stored, %" PRIu64 " lost, %" PRIu64
               " epochs, %" PRIu64 " deaths, %" PRIu64 " to disk, %" PRIu64 " found there, %" PRIu64
               " histories, trace %016" PRIx64 "\n", seed, w->seen.taken, w->seen.stored, w->seen.lost,
               w->seen.epochs, w->seen.kills + w->seen.power_cuts, w->seen.spooled, w->seen.survived,
               w->seen.histories, *trace);
    }
    world_free(w);
    free(w);
    return good;
}

static void run_index(const struct plan *plan, uint64_t index, struct board *board)
{
    uint64_t seed = seed_at(plan, index), trace, again;
    bool good = run_seed(plan, seed, board, &trace);
    if (good && index < plan->twice) {
        good = run_seed(plan, seed, board, &again) && trace == again;
        if (!good)
            printf("seed %" PRIu64 " FAILED: two runs left traces %016" PRIx64 " and %016" PRIx64 "\n", seed,
                   trace, again);
    }
    if (!good)
        record_seed(plan, seed);
    __atomic_add_fetch(good ? &board->passed : &board->failed, 1, __ATOMIC_RELAXED);
    fflush(stdout);
}

/* --- many --- */

static void work(const struct plan *plan, struct board *board, uint32_t job)
{
    pid_t parent = getppid();
    while (getppid() == parent) { /* who is alone ends with its seed */
        if (plan->stop && __atomic_load_n(&board->failed, __ATOMIC_RELAXED) > 0)
            break;
        uint64_t index = __atomic_fetch_add(&board->next, 1, __ATOMIC_RELAXED);
        if (index >= seed_count(plan))
            break;
        board->running[job] = index + 1;
        run_index(plan, index, board);
        board->running[job] = 0;
    }
    fflush(stdout);
    _exit(0);
}

static pid_t start_job(const struct plan *plan, struct board *board, uint32_t job)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        work(plan, board, job);
    return pid;
}

static void report_progress(const struct plan *plan, const struct board *board, uint64_t *told)
{
    uint64_t done = board->passed + board->failed;
    if (done == *told || (done / GROUP == *told / GROUP && done < seed_count(plan)))
        return;
    *told = done;
    printf("%4" PRIu64 " of %" PRIu64 " seeds, %.1f million samples taken, %.1f %% stored; %" PRIu64
           " kills, %" PRIu64 " power cuts, %" PRIu64 " partitions, %" PRIu64 " resets\n",
           done, seed_count(plan),
           (double)board->taken / 1e6, 100.0 * (double)board->stored / (double)(board->taken + 1),
           board->deaths, board->power_cuts, board->partitions, board->resets);
    fflush(stdout);
}

/* A process that died on an ASSERT has failed its seed; another goes on with the rest. */
static int run_many(const struct plan *plan)
{
    int how = MAP_SHARED | MAP_ANONYMOUS;
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, how, -1, 0);
    ASSERT(board != MAP_FAILED && plan->jobs <= COUNT_OF(board->running));
    pid_t pids[64];
    uint64_t told = 0;
    uint32_t running = plan->jobs;
    for (uint32_t job = 0; job < plan->jobs; job++)
        pids[job] = start_job(plan, board, job);
    while (running > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        report_progress(plan, board, &told);
        if (pid <= 0) {
            nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
            continue;
        }
        running--;
        for (uint32_t job = 0; job < plan->jobs; job++) {
            if (pids[job] != pid || board->running[job] == 0)
                continue;
            uint64_t seed = seed_at(plan, board->running[job] - 1);
            printf("seed %" PRIu64 " FAILED: the process died (status %d)\n", seed, status);
            printf("    replay: make sim SEED=%" PRIu64 "\n", seed);
            record_seed(plan, seed);
            board->failed++;
            board->running[job] = 0;
            pids[job] = start_job(plan, board, job);
            running++;
        }
    }
    report_progress(plan, board, &told);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", board->passed, board->failed);
    return board->failed == 0 && board->passed > 0 ? 0 : 1;
}

static void read_number(int argc, char *argv[], int *i, const char *flag, uint64_t *to)
{
    if (strcmp(argv[*i], flag) == 0 && *i + 1 < argc)
        *to = strtoull(argv[++*i], NULL, 10);
}

int main(int argc, char *argv[])
{
    static struct plan plan;
    uint64_t seeds = 200, first = 1, seed = UINT64_MAX, agents = 8;
    uint64_t hours = 4, minutes = 0, jobs = 2, twice = 3;
    for (int i = 1; i < argc; i++) {
        int before = i;
        read_number(argc, argv, &i, "--seeds", &seeds);
        read_number(argc, argv, &i, "--first", &first);
        read_number(argc, argv, &i, "--seed", &seed);
        read_number(argc, argv, &i, "--agents", &agents);
        read_number(argc, argv, &i, "--hours", &hours);
        read_number(argc, argv, &i, "--minutes", &minutes);
        read_number(argc, argv, &i, "--jobs", &jobs);
        read_number(argc, argv, &i, "--twice", &twice);
        if (i > before)
            continue;
        if (strcmp(argv[i], "--known") == 0 && i + 1 < argc)
            plan.known_path = argv[++i];
        else if (strcmp(argv[i], "--record") == 0)
            plan.record = true;
        else if (strcmp(argv[i], "--stop") == 0)
            plan.stop = true;
        else {
            fprintf(stderr, "sim: what is %s? The flags are at the top of tests/sim/main.c\n", argv[i]);
            return 2;
        }
    }
    if (agents < 1 || agents > AGENTS_MAX || jobs < 1 || jobs > 64) {
        fprintf(stderr, "sim: --agents is 1 to %u, --jobs 1 to 64\n", AGENTS_MAX);
        return 2;
    }
    plan.options.agents = (uint32_t)agents;
    plan.options.seconds = (uint32_t)(minutes ? minutes * 60 : hours * 3600);
    plan.first = first;
    plan.count = seeds;
    plan.jobs = (uint32_t)jobs;
    plan.twice = (uint32_t)twice;
    if (seed != UINT64_MAX) {
        uint64_t trace;
        plan.options.talk = true;
        return run_seed(&plan, seed, NULL, &trace) ? 0 : 1;
    }
    read_known(&plan);
    return run_many(&plan);
}
