/* SPDX-License-Identifier: MIT */
/* The dashboard's files: by their own names asked for each time, by their hashed names kept for ever. */
#define _GNU_SOURCE
#include "tests/unit/api/room.h"

#include "aggregator/api/assets.h"

static const struct asset *find(const char *name)
{
    for (uint32_t i = 0; i < asset_count; i++)
        if (text_equal(assets[i].name, name))
            return &assets[i];
    fail_msg("%s is not there", name);
    return NULL;
}

static bool says(const struct asset *page, const char *words)
{
    return memmem(page->plain, page->plain_size, words, strlen(words)) != NULL;
}

static void pages_name_files_by_their_content(void **state)
{
    (void)state;
    const struct asset *page = find("index.html");
    char path[128];
    for (uint32_t i = 0; i < asset_count; i++) {
        const struct asset *a = &assets[i];
        assert_non_null(strstr(a->hashed, a->hash));
        snprintf(path, sizeof(path), "/assets/%s\"", a->name);
        assert_false(says(page, path));
    }
    snprintf(path, sizeof(path), "/assets/%s\"", find("app.js")->hashed);
    assert_true(says(page, path));
}

static bool answer_says(const char *name, const char *words)
{
    static const struct api_limits small = {
        .connections_max = 4, .websockets_max = 2, .instances_max = 8, .series_per_instance_max = 64};
    struct room *m = room_new(&small, "");
    struct client *c = client_new(m);
    char head[256];
    int n = snprintf(head, sizeof(head), "HEAD /assets/%s HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n\r\n", name);
    client_send(c, head, (size_t)n);
    for (uint32_t i = 0; i < 2000 && strstr(c->got, "\r\n\r\n") == NULL; i++)
        room_run(m, c, 2);
    bool is_there = strstr(c->got, words) != NULL;
    client_free(c);
    room_free(m);
    return is_there;
}

static void only_hashed_names_are_kept_for_ever(void **state)
{
    (void)state;
    const struct asset *a = find("app.js");
    assert_true(answer_says(a->hashed, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    assert_true(answer_says(a->name, "Cache-Control: no-cache\r\n"));
    assert_true(answer_says("app-0000000000000000.js", " 404 "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_name_files_by_their_content),
        cmocka_unit_test(only_hashed_names_are_kept_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
