/* SPDX-License-Identifier: MIT */
/* A running agent gives up what it does not need; see plat_linux.h. What a hole in its parsers could be used
 * for ends here: there is no other program to start, no file to change, nobody to signal. */
#include <sys/prctl.h>

#include "platform/linux/confine.h"

static void put_refusal(struct text *t, const char *what, int result)
{
    text_printf(t, "%s: %s", what,
                result == ERR_MISSING ? "this kernel has none" : "this kernel or a sandbox refused it");
}

int plat_linux_confine(struct plat *p, const char *const *paths, uint32_t path_count)
{
    char words[200];
    struct text t;
    text_init(&t, words, sizeof words);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        plat_log(p, LOG_WARN, "not confined: no_new_privs: %s", errno_words(errno));
        return ERR_SYSTEM;
    }
    int version = confine_paths(p, paths, path_count); /* first: its calls are not for a running agent */
    int filter = confine_calls();
    text_put(&t, filter == ERR_OK || version > 0 ? "confined: " : "not confined: ");
    if (filter == ERR_OK)
        text_put(&t, "seccomp");
    else
        put_refusal(&t, "no seccomp", filter);
    text_put(&t, ", ");
    if (version > 0)
        text_printf(&t, "landlock %d", version);
    else
        put_refusal(&t, "no landlock", version);
    plat_log(p, LOG_INFO, "%s", words);
    return filter < 0 ? filter : version < 0 ? version : ERR_OK;
}
