/* SPDX-License-Identifier: MIT */
/* Who may ask.
 *
 * With a token configured, every request but those for /healthz and the dashboard's own files (which hold
 * no data) must carry it: "Authorization: Bearer TOKEN". Browsers cannot send that header when they
 * open a WebSocket, so a handshake may instead list the subprotocols "nephos" and
 * "bearer." + base64url(TOKEN), or, for clients that can only be given an address, end in ?token=TOKEN.
 * Elsewhere ?token= is not taken: addresses end up in logs and histories.
 *
 * Without a token, whoever can reach the port may read; so a web page of somebody else must not reach it
 * through the browser of a person who may. Host must then be "localhost" or an IP address, which
 * defeats DNS rebinding, and a page from elsewhere gets no CORS permission and no WebSocket. */
#ifndef NEPHOS_API_ACCESS_H
#define NEPHOS_API_ACCESS_H

#include "aggregator/api/exchange.h"

/* True when the request may go on; else it has been answered. Sets x->is_foreign. */
bool access_check(struct exchange *x, bool is_open_route, bool is_websocket);

#endif
