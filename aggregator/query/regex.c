/* SPDX-License-Identifier: MIT */
/* Thompson's construction over fixed arrays, and the walk of all states at once.
 *
 * A fragment is a stretch of states [from, to) whose way in is `start` and whose loose end is always the
 * last state, a JUMP still without its target: `end`. Groups nest up to DEPTH_MAX, kept in an explicit
 * stack. */
#include "aggregator/query/regex.h"

#include <string.h>

#define DEPTH_MAX 8U
#define REPEAT_MAX 32U
#define WORDS ((REGEX_STATES_MAX + 63) / 64)

enum kind { MATCH, BYTE, ANY, CLASS, SPLIT, JUMP };

struct fragment {
    uint16_t start, end; /* end: a JUMP to be pointed at what follows */
    uint16_t from;       /* first state of it, for copies */
};

/* One open group: alternatives before the last '|', and the sequence since. */
struct level {
    struct fragment chosen, sequence;
    bool has_chosen;
    struct fragment last; /* the atom that a repetition would bind to */
    bool has_last;
    struct fragment before; /* the sequence without that atom */
};

struct compiler {
    struct regex *r;
    const char *at, *end;
    uint32_t depth;
    struct level levels[DEPTH_MAX];
    bool is_full;
};

static uint16_t add(struct compiler *c, enum kind kind, uint8_t byte, uint16_t a, uint16_t b)
{
    if (c->r->count == REGEX_STATES_MAX) {
        c->is_full = true;
        return 0;
    }
    c->r->states[c->r->count] = (struct regex_state){(uint8_t)kind, byte, a, b};
    return c->r->count++;
}

/* A fragment of one state that consumes, or of nothing. */
static struct fragment single(struct compiler *c, enum kind kind, uint8_t byte)
{
    struct fragment f = {.from = c->r->count};
    if (kind == JUMP) {
        f.start = f.end = add(c, JUMP, 0, 0, 0);
        return f;
    }
    f.start = add(c, kind, byte, (uint16_t)(c->r->count + 1), 0);
    f.end = add(c, JUMP, 0, 0, 0);
    return f;
}

static struct fragment join(struct compiler *c, struct fragment x, struct fragment y)
{
    c->r->states[x.end].a = y.start;
    return (struct fragment){x.start, y.end, x.from};
}

static struct fragment either(struct compiler *c, struct fragment x, struct fragment y)
{
    struct fragment f = {.from = x.from};
    f.start = add(c, SPLIT, 0, x.start, y.start);
    f.end = add(c, JUMP, 0, 0, 0);
    c->r->states[x.end].a = c->r->states[y.end].a = f.end;
    return f;
}

static struct fragment optional(struct compiler *c, struct fragment x)
{
    return either(c, x, single(c, JUMP, 0));
}

static struct fragment star(struct compiler *c, struct fragment x, bool at_least_once)
{
    uint16_t split = add(c, SPLIT, 0, x.start, 0);
    uint16_t end = add(c, JUMP, 0, 0, 0);
    c->r->states[split].b = end;
    c->r->states[x.end].a = split;
    return (struct fragment){at_least_once ? x.start : split, end, x.from};
}

/* States [from, to) once more, targets moved along. */
static struct fragment copy(struct compiler *c, struct fragment x, uint16_t to)
{
    uint16_t moved = (uint16_t)(c->r->count - x.from);
    struct fragment f = {(uint16_t)(x.start + moved), (uint16_t)(x.end + moved), c->r->count};
    for (uint16_t i = x.from; i < to; i++) {
        struct regex_state s = c->r->states[i];
        add(c, s.kind, s.byte, (uint16_t)(s.a + moved), (uint16_t)(s.b + moved));
    }
    return f;
}

/* x{min,max}; max UINT32_MAX for no end. */
static struct fragment repeat(struct compiler *c, struct fragment x, uint32_t min, uint32_t max)
{
    uint16_t to = c->r->count;
    struct fragment pristine = x;
    bool is_endless = max == UINT32_MAX;
    uint32_t copies = is_endless ? (min > 0 ? min : 1) : max;
    if (copies == 0)
        return single(c, JUMP, 0);
    struct fragment all = {0};
    for (uint32_t i = 0; i < copies && !c->is_full; i++) {
        /* The first is the original, copied from before it is changed. */
        struct fragment one = i + 1 < copies ? copy(c, pristine, to) : pristine;
        if (c->is_full)
            break;
        if (is_endless && i + 1 == copies)
            one = star(c, one, min > 0);
        else if (i >= min)
            one = optional(c, one);
        all = i == 0 ? one : join(c, all, one);
    }
    all.from = pristine.from;
    return all;
}

/* --- parsing --- */

static void append(struct compiler *c, struct fragment atom)
{
    struct level *l = &c->levels[c->depth];
    l->before = l->sequence;
    l->last = atom;
    l->has_last = true;
    if (!c->is_full)
        l->sequence = join(c, l->sequence, atom);
}

static void set_bit(uint64_t set[static 4], uint8_t byte)
{
    set[byte / 64] |= UINT64_C(1) << (byte % 64);
}

/* \d \w \s and their opposites; false for any other letter. */
static bool put_shorthand(uint64_t set[static 4], char letter)
{
    uint64_t own[4] = {0};
    char lower = (char)(letter | 0x20);
    if (lower != 'd' && lower != 'w' && lower != 's')
        return false;
    for (uint32_t b = 0; b < 256; b++) {
        bool is_digit = b >= '0' && b <= '9';
        bool is_word = is_digit || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '_';
        bool is_blank = b == ' ' || (b >= '\t' && b <= '\r' && b != '\v');
        bool is_in = lower == 'd' ? is_digit : lower == 'w' ? is_word : is_blank;
        if (is_in == (letter == lower))
            set_bit(own, (uint8_t)b);
    }
    for (uint32_t i = 0; i < 4; i++)
        set[i] |= own[i];
    return true;
}

/* The byte that "\x" stands for; ERR_MALFORMED for what we do not know. */
static int escaped(char x)
{
    static const char letters[] = "nrtfv", bytes[] = "\n\r\t\f\v";
    const char *known = x != 0 ? strchr(letters, x) : NULL;
    if (known != NULL)
        return bytes[known - letters];
    bool is_letter = (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9');
    return is_letter || x == 0 ? ERR_MALFORMED : (uint8_t)x;
}

static int add_class(struct compiler *c, const uint64_t set[static 4])
{
    if (c->r->class_count == REGEX_CLASSES_MAX)
        return ERR_FULL;
    memcpy(c->r->classes[c->r->class_count], set, 4 * sizeof(set[0]));
    append(c, single(c, CLASS, c->r->class_count++));
    return ERR_OK;
}

/* One member of "[...]", or the first byte of a range: the byte, or 256 for a shorthand that is in now. */
static int take_member(struct compiler *c, uint64_t set[static 4])
{
    char x = *c->at++;
    if (x != '\\')
        return (uint8_t)x;
    if (c->at == c->end)
        return ERR_MALFORMED;
    x = *c->at++;
    return put_shorthand(set, x) ? 256 : escaped(x);
}

/* Behind '['. */
static int read_class(struct compiler *c)
{
    uint64_t set[4] = {0};
    bool is_negated = c->at < c->end && *c->at == '^';
    c->at += is_negated;
    for (bool is_first = true;; is_first = false) {
        if (c->at == c->end)
            return ERR_MALFORMED;
        if (*c->at == ']' && !is_first)
            break;
        if (*c->at == '[' && c->at + 1 < c->end && c->at[1] == ':')
            return ERR_MALFORMED; /* [[:alpha:]] is not known here */
        int low = take_member(c, set), high = low;
        bool is_range = low >= 0 && low < 256 && c->end - c->at >= 2 && *c->at == '-' && c->at[1] != ']';
        if (is_range) {
            c->at++;
            high = take_member(c, set);
        }
        if (low < 0 || high < low || (is_range && high > 255))
            return ERR_MALFORMED;
        for (int b = low; b <= high && b < 256; b++)
            set_bit(set, (uint8_t)b);
    }
    c->at++;
    for (uint32_t i = 0; is_negated && i < 4; i++)
        set[i] = ~set[i];
    return add_class(c, set);
}

static int read_escape(struct compiler *c)
{
    uint64_t set[4] = {0};
    if (c->at == c->end)
        return ERR_MALFORMED;
    char x = *c->at++;
    if (put_shorthand(set, x))
        return add_class(c, set);
    int byte = escaped(x);
    if (byte < 0)
        return byte;
    append(c, single(c, BYTE, (uint8_t)byte));
    return ERR_OK;
}

static bool take_number(struct compiler *c, uint32_t *out)
{
    const char *start = c->at;
    *out = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9' && *out <= REPEAT_MAX; c->at++)
        *out = *out * 10 + (uint32_t)(*c->at - '0');
    return c->at > start;
}

/* Behind '{'. */
static int read_counts(struct compiler *c, uint32_t *min, uint32_t *max)
{
    if (!take_number(c, min))
        return ERR_MALFORMED;
    *max = *min;
    if (c->at < c->end && *c->at == ',') {
        c->at++;
        if (!take_number(c, max))
            *max = UINT32_MAX;
    }
    if (c->at == c->end || *c->at++ != '}' || *max < *min)
        return ERR_MALFORMED;
    return *min > REPEAT_MAX || (*max != UINT32_MAX && *max > REPEAT_MAX) ? ERR_FULL : ERR_OK;
}

static int read_repetition(struct compiler *c, char sign)
{
    struct level *l = &c->levels[c->depth];
    uint32_t min = sign == '+', max = sign == '?' ? 1 : UINT32_MAX;
    if (!l->has_last)
        return ERR_MALFORMED;
    int err = sign == '{' ? read_counts(c, &min, &max) : ERR_OK;
    if (err != ERR_OK || c->is_full)
        return err;
    if (c->at < c->end && *c->at == '?')
        c->at++; /* a lazy one: the same texts match */
    struct fragment repeated = repeat(c, l->last, min, max);
    if (!c->is_full)
        l->sequence = join(c, l->before, repeated);
    l->has_last = false;
    return ERR_OK;
}

static void begin_level(struct compiler *c)
{
    c->levels[c->depth] = (struct level){.sequence = single(c, JUMP, 0)};
}

/* What the level has become: all its alternatives. */
static struct fragment end_level(struct compiler *c)
{
    struct level *l = &c->levels[c->depth];
    if (!l->has_chosen || c->is_full)
        return l->sequence;
    return either(c, l->chosen, l->sequence);
}

static int read_group(struct compiler *c)
{
    if (c->end - c->at >= 2 && c->at[0] == '?') {
        if (c->at[1] != ':')
            return ERR_MALFORMED; /* flags and names */
        c->at += 2;
    }
    if (c->depth + 1 == DEPTH_MAX)
        return ERR_FULL;
    c->depth++;
    begin_level(c);
    return ERR_OK;
}

static int close_group(struct compiler *c)
{
    if (c->depth == 0)
        return ERR_MALFORMED;
    struct fragment whole = end_level(c);
    c->depth--;
    append(c, whole);
    return ERR_OK;
}

static void next_alternative(struct compiler *c)
{
    struct level *l = &c->levels[c->depth];
    struct fragment so_far = end_level(c);
    *l = (struct level){.chosen = so_far, .has_chosen = true, .sequence = single(c, JUMP, 0)};
}

static int read_one(struct compiler *c)
{
    char x = *c->at++;
    switch (x) {
    case '\\':
        return read_escape(c);
    case '[':
        return read_class(c);
    case '(':
        return read_group(c);
    case ')':
        return close_group(c);
    case '|':
        next_alternative(c);
        return ERR_OK;
    case '*':
    case '+':
    case '?':
    case '{':
        return read_repetition(c, x);
    case '^': /* anchored anyway; elsewhere it could never match */
        return c->at - 1 == c->end - 1 || c->levels[c->depth].has_last || c->depth > 0 ? ERR_MALFORMED
                                                                                      : ERR_OK;
    case '$':
        return c->at == c->end ? ERR_OK : ERR_MALFORMED;
    default:
        append(c, single(c, x == '.' ? ANY : BYTE, (uint8_t)x));
        return ERR_OK;
    }
}

int regex_compile(struct regex *r, const char *pattern, uint32_t length)
{
    struct compiler c = {.r = r, .at = pattern, .end = pattern + length};
    r->count = 0;
    r->class_count = 0;
    begin_level(&c);
    while (c.at < c.end && !c.is_full) {
        int err = read_one(&c);
        if (err != ERR_OK)
            return err;
    }
    if (!c.is_full && c.depth > 0)
        return ERR_MALFORMED;
    struct fragment whole = end_level(&c);
    uint16_t match = add(&c, MATCH, 0, 0, 0);
    if (c.is_full)
        return ERR_FULL;
    r->states[whole.end].a = match;
    r->start = whole.start;
    return ERR_OK;
}

/* --- matching --- */

/* Puts a state and all that it reaches without a byte into the set. */
static void enter(const struct regex *r, uint64_t set[static WORDS], uint16_t state)
{
    uint16_t stack[2 * REGEX_STATES_MAX + 1]; /* each state is entered once and leads to two */
    uint32_t n = 0;
    stack[n++] = state;
    while (n > 0) {
        uint16_t at = stack[--n];
        if (set[at / 64] >> (at % 64) & 1)
            continue;
        set[at / 64] |= UINT64_C(1) << (at % 64);
        const struct regex_state *s = &r->states[at];
        if (s->kind != JUMP && s->kind != SPLIT)
            continue;
        stack[n++] = s->a;
        if (s->kind == SPLIT)
            stack[n++] = s->b;
    }
}

static bool takes(const struct regex *r, const struct regex_state *s, uint8_t byte)
{
    if (s->kind == ANY)
        return byte != '\n';
    if (s->kind == CLASS)
        return r->classes[s->byte][byte / 64] >> (byte % 64) & 1;
    return s->kind == BYTE && s->byte == byte;
}

bool regex_match(const struct regex *r, const char *text, uint32_t length)
{
    uint64_t now[WORDS] = {0};
    enter(r, now, r->start);
    for (uint32_t i = 0; i < length; i++) {
        uint64_t next[WORDS] = {0};
        bool is_alive = false;
        for (uint32_t w = 0; w < WORDS; w++)
            for (uint64_t bits = now[w]; bits != 0; bits &= bits - 1) {
                const struct regex_state *s = &r->states[w * 64 + (uint32_t)__builtin_ctzll(bits)];
                if (!takes(r, s, (uint8_t)text[i]))
                    continue;
                enter(r, next, s->a);
                is_alive = true;
            }
        if (!is_alive)
            return false;
        memcpy(now, next, sizeof(now));
    }
    for (uint32_t i = 0; i < r->count; i++)
        if (r->states[i].kind == MATCH && (now[i / 64] >> (i % 64) & 1))
            return true;
    return false;
}
