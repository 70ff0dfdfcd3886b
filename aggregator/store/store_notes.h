/* SPDX-License-Identifier: MIT */
/* Notes: what people write beside the curves. "Deployed 2.4", from when to when, of one host or of all. */
#ifndef NEPHOS_STORE_NOTES_H
#define NEPHOS_STORE_NOTES_H

#include "aggregator/store/store.h"

#define NOTE_ID_SIZE 40U
#define NOTE_TEXT_SIZE 1024U
#define NOTE_AUTHOR_SIZE 64U

struct note {
    int64_t number;
    uint64_t revision, created_revision;
    char id[NOTE_ID_SIZE];           /* made by the store */
    char instance[INSTANCE_ID_SIZE]; /* "": all */
    char text[NOTE_TEXT_SIZE];
    char author[NOTE_AUTHOR_SIZE];
    int64_t from_ms, to_ms;          /* from <= to; a moment has both the same */
    int64_t created_ms, updated_ms, deleted_ms;
};

/* Stages a new one, when note->id is empty, or a change of the one with that id, and writes id, number and
 * times into `note`. ERR_OK; ERR_MISSING; ERR_MALFORMED without text or with to before from; ERR_FULL when
 * there are store_notes_max(); ERR_AGAIN when a commit must come first. */
int store_note_put(struct store *s, struct note *note);
/* ERR_OK, ERR_MISSING or ERR_AGAIN. */
int store_note_remove(struct store *s, const char *id);
uint32_t store_notes_max(const struct store *s);

/* 1 and the committed note, 0 when there is none, or a storage error. */
int store_note_get(struct store *s, const char *id, struct note *out);
struct note_filter {
    const char *instance;            /* its own notes and those of all; "": every note */
    int64_t from_ms, to_ms;          /* those that touch [from, to) */
    int64_t before_ms, before;       /* from_ms and number of the last of the page before; INT64_MAX */
};
/* Latest first: how many, up to `max`, or a storage error. */
int store_note_list(struct store *s, const struct note_filter *filter, struct note *out, uint32_t max);

#endif
