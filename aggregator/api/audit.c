/* SPDX-License-Identifier: MIT */
/* See audit.h. */
#include "aggregator/api/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/api/access.h"
#include "platform/base/utf8.h"

static const char *method_name(enum http_method method)
{
    static const char *const names[] = {[HTTP_GET] = "GET",       [HTTP_HEAD] = "HEAD",
                                        [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
                                        [HTTP_DELETE] = "DELETE", [HTTP_PATCH] = "PATCH",
                                        [HTTP_OPTIONS] = "OPTIONS"};
    return names[method];
}

bool audit(struct exchange *x, const char *format, ...)
{
    char words[sizeof(((struct audit_entry *)0)->what)], path[sizeof(((struct audit_entry *)0)->path)];
    struct audit_entry e = {.time_ms = x->now_ms, .result = 200};
    const struct span *p = &x->request->path;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    uint32_t n = p->length < sizeof(path) - 1 ? p->length : (uint32_t)sizeof(path) - 1;
    memcpy(path, p->at, n);
    path[n] = 0;
    utf8_copy_clean(e.what, sizeof(e.what), words);
    utf8_copy_clean(e.path, sizeof(e.path), path);
    (void)text_copy(e.who, sizeof(e.who), x->who);
    (void)text_copy(e.role, sizeof(e.role), role_name(x->role));
    (void)text_copy(e.address, sizeof(e.address), plat_peer_address(x->world->plat, x->conn));
    (void)text_copy(e.method, sizeof(e.method), method_name(x->request->method));
    if (store_audit(x->world->store, &e) == ERR_OK)
        return true;
    respond_busy(x, 5, "the audit log waits for the disk, and nothing is changed that it does not tell");
    return false;
}
