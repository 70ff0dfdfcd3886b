/* SPDX-License-Identifier: MIT */
/* See store_wording.h. */
#include "aggregator/store/store_wording.h"

#include "aggregator/store/state.h"

struct wordings {
    char model[WORDING_MODEL_SIZE];  /* "": nobody answers */
    struct wording list[WORDINGS_MAX];
};

struct wordings *wordings_reserve(struct memory_map *map)
{
    return memory_reserve(map, "store: wordings", 1, sizeof(struct wordings),
                          "our own words are told");
}

void store_wording_offer(struct store *s, const char *model)
{
    (void)text_copy(s->wordings->model, sizeof s->wordings->model, model);
}

const char *store_wording_model(const struct store *s)
{
    return s->wordings->model;
}

const struct wording *store_wording(const struct store *s, uint64_t key)
{
    for (uint32_t i = 0; i < WORDINGS_MAX; i++) {
        const struct wording *w = &s->wordings->list[i];
        if (w->state != WORDING_NONE && w->key == key)
            return w;
    }
    return NULL;
}

static bool is_good(const struct wording *w, bool is_new, int64_t now_ms)
{
    if (w->state == WORDING_ASKED || w->state == WORDING_TAKEN)
        return true;
    int64_t age_ms = now_ms - w->done_ms;
    int64_t life_ms = w->state == WORDING_FAILED ? WORDING_PAUSE_MS : is_new ? 0 : WORDING_LIFE_MS;
    return age_ms >= 0 && age_ms < life_ms;
}

/* Of that key, or the place of the one asked for longest ago; NULL while all are under way. */
static struct wording *place_for(struct wordings *all, uint64_t key)
{
    struct wording *found = NULL;
    for (uint32_t i = 0; i < WORDINGS_MAX; i++) {
        struct wording *w = &all->list[i];
        if (w->state != WORDING_NONE && w->key == key)
            return w;
        bool is_free = w->state != WORDING_ASKED && w->state != WORDING_TAKEN;
        if (is_free && (found == NULL || w->asked_ms < found->asked_ms))
            found = w;
    }
    return found;
}

const struct wording *store_wording_ask(struct store *s, uint64_t key, const char *prompt, bool is_new,
                                        int64_t now_ms)
{
    if (s->wordings->model[0] == '\0')
        return NULL;
    struct wording *w = place_for(s->wordings, key);
    if (w == NULL || (w->state != WORDING_NONE && w->key == key && is_good(w, is_new, now_ms)))
        return w;
    if (!text_copy(w->prompt, sizeof w->prompt, prompt))
        return w->state = WORDING_NONE, NULL;
    w->state = WORDING_ASKED;
    w->key = key;
    w->asked_ms = now_ms;
    w->text[0] = '\0';
    return w;
}

struct wording *store_wording_next(struct store *s)
{
    struct wording *oldest = NULL;
    for (uint32_t i = 0; i < WORDINGS_MAX; i++) {
        struct wording *w = &s->wordings->list[i];
        if (w->state == WORDING_ASKED && (oldest == NULL || w->asked_ms < oldest->asked_ms))
            oldest = w;
    }
    if (oldest != NULL)
        oldest->state = WORDING_TAKEN;
    return oldest;
}
