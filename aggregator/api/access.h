/* SPDX-License-Identifier: MIT */
/* Who asks, and may they?
 *
 * A request is somebody's by, in this order: the socket of this machine's commands (a keeper);
 * "Authorization: Bearer TOKEN"; for a WebSocket, which browsers open without that header, the
 * subprotocols "nephos" and "bearer." + base64url(TOKEN), or ?token=TOKEN for clients that can only be
 * given an address (elsewhere that is not taken: addresses end up in logs and histories); the cookie of a
 * login. A token is one of the store's (store_access.h), or the one in --api-token-file.
 *
 * While the API is open, which it is only on a loopback address and without --api-token-file, a request
 * without any of these comes from an administrator. So a web page of somebody else must not reach it
 * through the browser of a person who may: Host must be "localhost" or an IP address, which defeats DNS
 * rebinding, and a page from elsewhere gets no CORS permission, no WebSocket, and may change nothing. The
 * same goes for pages that would use the cookie of a login, which is SameSite=Strict besides.
 *
 * Unless the API is open, an address may ask so often and be wrong so often (limiter.h); a token may ask so
 * often, too. */
#ifndef NEPHOS_API_ACCESS_H
#define NEPHOS_API_ACCESS_H

#include "aggregator/access/limiter.h"
#include "aggregator/access/login.h"
#include "aggregator/access/secret.h"
#include "aggregator/api/router.h"

/* Instead of a place in the store: the token in --api-token-file; and none at all. */
#define TOKEN_PLACE_FILE ((int)API_TOKENS_MAX)
#define TOKEN_PLACE_NONE (-1)

void access_reserve_room(struct memory_map *map, struct access *a);
void access_open(struct access *a, struct plat *p, const struct api_options *options);
/* `route` may be NULL: nothing answers there. True when the request may go on; else it has been answered.
 * Sets who, role, token_place, login and is_foreign of the exchange. */
bool access_check(struct exchange *x, const struct route *route, bool is_websocket);
/* The role that a row asks for: its own, or by default VIEWER for reading and ADMIN for everything else. */
enum role access_role_of(const struct route *route);
bool access_allows(enum role held, enum role needed);
/* "viewer"; what `access create --role` takes is what role_read() reads, ROLE_UNSET for other words. */
const char *role_name(enum role role);
enum role role_read(const char *name);
/* Is that token good now? Its place, or ERR_DENIED. */
int access_token(struct exchange *x, const char *text, uint32_t length);
/* The name and role of who holds the token in that place. */
void access_holder(struct exchange *x, int place, const char **name, enum role *role);
/* Eight bytes that another token in the same place does not have. */
const uint8_t *access_token_id(const struct world *w, int place);
/* One more failure of this address; false, and answered with 429, when there were too many. */
bool access_failed(struct exchange *x);
bool access_may_try(struct exchange *x);
/* Is what let this request in still good? Asked for as long as a WebSocket lasts. */
bool access_is_still_good(const struct exchange *x, int64_t now_ms);
/* The page that sent this request, if one did, is of another site. */
bool access_is_foreign(const struct exchange *x);

#endif
