/* SPDX-License-Identifier: MIT */
/* Failed units; see units.h. */
#include "agent/inputs/units.h"

#define SOCKET_PATH "/run/systemd/io.systemd.Manager"
#define PIECE_SIZE 1024U
#define PIECES_A_STEP 16U

/* With the zero that ends it. */
static const char question[] = "{\"method\":\"io.systemd.Manager.Describe\",\"parameters\":{}}";
void units_init(struct units *u, struct plat *p, struct series *series)
{
    *u = (struct units){.plat = p, .series = series, .conn = -1, .ask_at = plat_mono(p)};
}

void units_ready(struct units *u, int conn)
{
    u->is_ready |= conn == u->conn;
}

void units_close(struct units *u)
{
    if (u->conn >= 0)
        plat_close(u->plat, u->conn);
    u->conn = -1;
}

static void ask(struct units *u, struct mono now)
{
    u->ask_at = mono_after_ms(now, UNITS_MS);
    u->give_up_at = mono_after_ms(now, UNITS_PATIENCE_MS);
    u->conn = plat_connect(u->plat, SOCKET_PATH, PLAT_PLAIN);
    u->is_known &= u->conn >= 0;
    u->is_ready = true;
    u->sent = 0;
    u->search = (struct units_search){0};
}

/* 1 when the number is there, 0 when there is more to come, negative when it will not come. */
static int converse(struct units *u)
{
    char piece[PIECE_SIZE];
    if (!plat_is_open(u->plat, u->conn))
        return plat_why(u->plat, u->conn)[0] == '\0' ? 0 : ERR_CLOSED;
    if (u->sent < sizeof question) {
        int n = plat_send(u->plat, u->conn, question + u->sent, (uint32_t)sizeof question - u->sent);
        if (n < 0)
            return n == ERR_AGAIN ? 0 : n;
        u->sent += (uint32_t)n;
    }
    for (uint32_t i = 0; i < PIECES_A_STEP; i++) {
        int n = plat_recv(u->plat, u->conn, piece, sizeof piece);
        if (n < 0)
            return n == ERR_AGAIN ? 0 : n;
        int found = units_search(&u->search, piece, (uint32_t)n);
        if (found != 0)
            return found;
    }
    return 0; /* the rest is reported again */
}

struct mono units_step(struct units *u, struct mono now)
{
    if (u->conn < 0 && mono_reached(now, u->ask_at))
        ask(u, now);
    if (u->conn < 0)
        return u->ask_at;
    int result = u->is_ready ? converse(u) : 0;
    u->is_ready = false;
    if (result == 0 && mono_reached(now, u->give_up_at))
        result = ERR_AGAIN;
    if (result == 0)
        return u->give_up_at;
    u->is_known = result > 0;
    u->failed = u->search.count;
    units_close(u);
    return u->ask_at;
}

void units_take(const struct units *u, struct sample *out)
{
    int slot = u->is_known ? series_slot(u->series, METRIC_FAILED_UNITS, "") : ERR_MISSING;
    if (slot >= 0)
        sample_put(out, (uint32_t)slot, (int64_t)u->failed);
}
