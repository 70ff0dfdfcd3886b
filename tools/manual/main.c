/* SPDX-License-Identifier: MIT */
/* make-PROGRAM page|config|bash|zsh|fish [DATE]: writes it to standard output. DATE is that of the page. */
#include <stdio.h>
#include <string.h>

#include "tools/manual/manual.h"

int main(int argc, char *argv[])
{
    static struct manual manual;
    static struct settings settings;
    const char *what = argc > 1 ? argv[1] : "";
    const char *date = argc > 2 ? argv[2] : "January 1, 1970";
    manual_program(&manual, &settings);
    if (strcmp(what, "page") == 0) {
        manual_page(&manual, &settings, date);
    } else if (strcmp(what, "config") == 0) {
        manual_config_page(&manual, &settings, date);
    } else if (strcmp(what, "bash") == 0) {
        manual_bash(&manual, &settings);
    } else if (strcmp(what, "zsh") == 0) {
        manual_zsh(&manual, &settings);
    } else if (strcmp(what, "fish") == 0) {
        manual_fish(&manual, &settings);
    } else {
        fprintf(stderr, "usage: %s page|config|bash|zsh|fish [DATE]\n", argv[0]);
        return 64;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
