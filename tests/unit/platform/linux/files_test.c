/* SPDX-License-Identifier: MIT */
/* platform/linux: what lies in the state directory, the authority's files among it, and the texts of
 * /proc. */
#include "platform/linux/plat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


/* --- files --- */

static void state_files(void)
{
    char directory[128], path[256], buf[64];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    struct stat st;
    CHECK(plat_state_read(p, "a.key", buf, sizeof buf) == ERR_MISSING);
    CHECK(plat_state_write(p, "a.key", "secret", 6) == ERR_OK);
    CHECK(plat_state_write(p, "a.key", "newer", 5) == ERR_OK);
    CHECK(plat_state_read(p, "a.key", buf, sizeof buf) == 5 && memcmp(buf, "newer", 5) == 0);
    CHECK(plat_state_read(p, "a.key", buf, 5) == 5);
    CHECK(plat_state_read(p, "a.key", buf, 4) == ERR_FULL);
    snprintf(path, sizeof path, "%s/a.key", directory);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(plat_state_write(p, "tokens/5d1f", "x", 1) == ERR_OK);
    snprintf(path, sizeof path, "%s/tokens", directory);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    CHECK(plat_state_read(p, "tokens/5d1f", buf, sizeof buf) == 1);
    CHECK(plat_state_delete(p, "tokens/5d1f") == ERR_OK);
    CHECK(plat_state_delete(p, "tokens/5d1f") == ERR_MISSING);
    CHECK(plat_state_write(p, "empty", "", 0) == ERR_OK && plat_state_read(p, "empty", buf, 1) == 0);
    CHECK(plat_state_read(p, "../a.key", buf, sizeof buf) == ERR_MISSING);

    static const char *const bad[] = {"", "/etc/passwd", "..", ".", "a/../b", "a/b/c", "a//b", "a/",
                                      "/a", ".hidden", "a/.b", "a b", "a\nb"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK(!state_name_good(bad[i]));
    CHECK(state_name_good("a-b_c.d") && state_name_good("tokens/0f"));
    end_plat(p);

    snprintf(path, sizeof path, "%s/made", directory); /* absent directories are made, private */
    p = make_plat(path, false, 4, 0);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    end_plat(p);
}

static void random_files(void)
{
    char directory[128];
    uint8_t buf[32];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(!plat_file_exists(p, "nephos.db"));
    int f = plat_file_open(p, "nephos.db");
    CHECK(f >= 0 && plat_file_size(p, f) == 0);
    CHECK(plat_file_write(p, f, 5000, "tail", 4) == ERR_OK && plat_file_size(p, f) == 5004);
    CHECK(plat_file_sync(p, f) == ERR_OK);
    CHECK(plat_file_read(p, f, 4998, buf, sizeof buf) == 6 && memcmp(buf, "\0\0tail", 6) == 0);
    CHECK(plat_file_read(p, f, 6000, buf, sizeof buf) == 0);
    CHECK(plat_file_truncate(p, f, 5002) == ERR_OK && plat_file_size(p, f) == 5002);
    CHECK(plat_file_exists(p, "nephos.db"));
    plat_file_close(p, f);
    CHECK(plat_file_delete(p, "nephos.db") == ERR_OK && !plat_file_exists(p, "nephos.db"));

    CHECK(plat_data_lock(p) == ERR_OK && plat_data_lock(p) == ERR_OK);
    struct plat *second = make_plat(directory, false, 4, 0);
    CHECK(plat_data_lock(second) == ERR_BUSY);
    end_plat(p);
    CHECK(plat_data_lock(second) == ERR_OK);
    end_plat(second);
}

static void put_file(const char *root, const char *name, const char *text, size_t length)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, text, length) == (ssize_t)length);
    close(fd);
}

static void texts(void)
{
    char directory[128];
    char *big = malloc(10000), *read_back = malloc(10000);
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(text_copy(p->root, sizeof p->root, directory));
    memset(big, 'a', 10000);
    put_file(directory, "stat", "cpu 1 2 3\n", 10);
    int t = plat_text_open(p, "/stat");
    CHECK(t >= 0 && plat_text_read(p, t, read_back, 100) == 10);
    CHECK(memcmp(read_back, "cpu 1 2 3\n", 10) == 0);
    CHECK(plat_text_read(p, t, read_back, 10) == ERR_FULL); /* it cannot know that this was all */
    put_file(directory, "stat", big, 9000);
    CHECK(plat_text_read(p, t, read_back, 10000) == 9000);
    CHECK(plat_text_read(p, t, read_back, 5000) == ERR_FULL && read_back[4999] == 'a');
    CHECK(plat_text_open(p, "/absent") == ERR_MISSING);
    int others = 0;
    while (plat_text_open(p, "/stat") >= 0)
        others++;
    CHECK(others == 7);
    plat_text_close(p, t);
    CHECK(plat_text_open(p, "/stat") == t);
    end_plat(p);

    p = make_plat(directory, false, 4, 0);
    t = plat_text_open(p, "/proc/self/maps"); /* made of records: more than the kernel gives at once */
    CHECK(t >= 0 && plat_text_read(p, t, read_back, 10000) > 100);
    t = plat_text_open(p, "/proc/stat");
    int n = plat_text_read(p, t, read_back, 10000);
    CHECK(n > 100 && memcmp(read_back, "cpu ", 4) == 0 && read_back[n - 1] == '\n');
    end_plat(p);
    free(big);
    free(read_back);
}

static void host(void)
{
    char directory[128];
    struct plat_host h;
    struct plat_filesystem f;
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    plat_host(p, &h);
    printf("  %s, %s, %s, %s, [%s], %u cpus, %llu bytes\n", h.hostname, h.os, h.kernel, h.architecture,
           h.machine_id, (unsigned)h.cpu_count, (unsigned long long)h.memory_bytes);
    CHECK(h.hostname[0] != '\0' && h.kernel[0] != '\0' && h.cpu_count > 0 && h.memory_bytes > 0);
    CHECK(plat_filesystem(p, "/", &f) == ERR_OK && f.total_bytes >= f.free_bytes && f.total_bytes > 0);
    CHECK(plat_filesystem(p, "/no/such/mount", &f) == ERR_MISSING);
    end_plat(p);
}

/* --- the authority's files --- */

/* Ten processes at once make one CA, whatever the order. */
static void one_authority(void)
{
    char directory[128];
    fresh_directory(directory);
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            uint8_t hash[HASH_SIZE];
            struct plat *p = make_plat(directory, true, 4, 0);
            if (authority_open(p) == ERR_OK) {
                authority_hash(p, hash);
                (void)!write(pipes[1], hash, sizeof hash);
            }
            _exit(0);
        }
    }
    uint8_t first[HASH_SIZE], next[HASH_SIZE];
    for (int i = 0; i < 10; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
        CHECK(read(pipes[0], i == 0 ? first : next, HASH_SIZE) == (ssize_t)HASH_SIZE);
        CHECK(i == 0 || memcmp(first, next, HASH_SIZE) == 0);
    }
    close(pipes[0]);
    close(pipes[1]);
}

/* A kill after any of its files leaves what the next start completes, with the same CA if agents can
 * know it already. */
static void repaired_authority(void)
{
    static const char *const lost[] = {"ca.crt.der", "server.crt.der", "server.key.der", "ticket.key"};
    char directory[128];
    uint8_t hash[HASH_SIZE], again[HASH_SIZE];
    struct plat *p = make_plat(fresh_directory(directory), true, 4, 0);
    CHECK(authority_open(p) == ERR_OK);
    for (size_t i = 0; i < COUNT_OF(lost); i++) {
        authority_hash(p, hash);
        CHECK(plat_state_delete(p, lost[i]) == ERR_OK);
        end_plat(p);
        p = make_plat(directory, true, 4, 0);
        CHECK(authority_open(p) == ERR_OK);
        authority_hash(p, again);
        CHECK(i == 0 || memcmp(hash, again, HASH_SIZE) == 0);
        CHECK(plat_file_exists(p, lost[i]));
    }
    CHECK(plat_state_delete(p, "ca.key.der") == ERR_OK);
    end_plat(p);
    p = make_plat(directory, true, 4, 0);
    CHECK(authority_open(p) == ERR_MISSING); /* never silently another CA */
    end_plat(p);
}

/* After a restart too, and under whatever name; another directory has another key. */
static void same_key_again(struct plat *p, const uint8_t *first, uint32_t size, const char *directory)
{
    char elsewhere[128];
    uint8_t request[CERTIFICATE_SIZE_MAX], key[HASH_SIZE], again[HASH_SIZE];
    CHECK(authority_request_key(p, first, size, key) == ERR_OK);
    struct plat *agent = make_plat(directory, false, 4, 0);
    int n = credential_request(agent, "another-name", request, sizeof request);
    CHECK(n > 0 && authority_request_key(p, request, (uint32_t)n, again) == ERR_OK);
    CHECK(memcmp(key, again, HASH_SIZE) == 0);
    CHECK(authority_request_key(p, request, (uint32_t)n - 1, again) == ERR_MALFORMED);
    end_plat(agent);
    agent = make_plat(fresh_directory(elsewhere), false, 4, 0);
    n = credential_request(agent, "x", request, sizeof request);
    CHECK(n > 0 && authority_request_key(p, request, (uint32_t)n, again) == ERR_OK);
    CHECK(memcmp(key, again, HASH_SIZE) != 0);
    end_plat(agent);
}

static void requests(void)
{
    char directory[128], other[128];
    uint8_t request[CERTIFICATE_SIZE_MAX], der[CERTIFICATE_SIZE_MAX], hash[HASH_SIZE];
    uint8_t ca[CERTIFICATE_SIZE_MAX];
    struct plat *p = make_plat(fresh_directory(directory), true, 4, 0);
    struct plat *agent = make_plat(fresh_directory(other), false, 4, 0);
    CHECK(authority_open(p) == ERR_OK);
    int n = credential_request(agent, "x", request, sizeof request);
    CHECK(n > 0);
    same_key_again(p, request, (uint32_t)n, other);
    for (int i = 0; i < n; i++) { /* whatever bit is changed, it is no longer signed */
        request[i] ^= 4;
        CHECK(authority_sign(p, request, (uint32_t)n, "x", LIFE_S, der, sizeof der) == ERR_MALFORMED);
        request[i] ^= 4;
    }
    CHECK(authority_sign(p, request, (uint32_t)n - 1, "x", LIFE_S, der, sizeof der) == ERR_MALFORMED);
    CHECK(authority_sign(p, request, (uint32_t)n, "", LIFE_S, der, sizeof der) == ERR_MALFORMED);
    CHECK(authority_sign(p, request, (uint32_t)n, "a,CN=b", LIFE_S, der, sizeof der) == ERR_MALFORMED);
    int size = authority_sign(p, request, (uint32_t)n, "x", LIFE_S, der, sizeof der);
    int ca_size = authority_certificate(p, ca, sizeof ca);
    CHECK(size > 0 && ca_size > 0);
    authority_hash(p, hash);
    hash[0] ^= 1;
    credential_pin(agent, hash);
    CHECK(credential_store(agent, der, (uint32_t)size, ca, (uint32_t)ca_size) == ERR_DENIED);
    hash[0] ^= 1;
    credential_pin(agent, hash);
    CHECK(credential_store(agent, ca, (uint32_t)ca_size, ca, (uint32_t)ca_size) == ERR_MALFORMED);
    der[size - 1] ^= 1;
    CHECK(credential_store(agent, der, (uint32_t)size, ca, (uint32_t)ca_size) == ERR_MALFORMED);
    CHECK(credential_load(agent) == ERR_MISSING);
    der[size - 1] ^= 1;
    CHECK(credential_store(agent, der, (uint32_t)size, ca, (uint32_t)ca_size) == ERR_OK);
    CHECK(plat_state_write(agent, "ca.crt.der", ca, (uint32_t)ca_size - 1) == ERR_OK);
    CHECK(credential_load(agent) == ERR_MALFORMED);
    end_plat(agent);
    end_plat(p);
}

int main(void)
{
    static const struct named_test tests[] = {{"state_files", state_files},
                                              {"random_files", random_files},
                                              {"texts", texts},
                                              {"host", host},
                                              {"one_authority", one_authority},
                                              {"repaired_authority", repaired_authority},
                                              {"requests", requests}};
    return run_tests(tests, COUNT_OF(tests));
}
