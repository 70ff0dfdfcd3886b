/* SPDX-License-Identifier: MIT */
/* What to do. Commands hold nothing that comes from outside, except numbers and paths of harmless
 * characters. */
#include "aggregator/analysis/words/alert_words.h"

#include "aggregator/analysis/words/phrase.h"

struct advice {
    const char *what, *command; /* %s in a command stands for the part that the tag names */
};
#define ADVICE_MAX 3U

static const struct advice advices[SUBJECT_COUNT][ADVICE_MAX] = {
    [SUBJECT_CPU] =
        {{"See what uses the CPU now.", "ps -eo pid,user,pcpu,etime,comm --sort=-pcpu | head"},
         {"If that is the work it should do, give the host more CPUs or move work elsewhere.", ""}},
    [SUBJECT_LOAD] =
        {{"See whether threads run or wait: R wants a CPU, D waits for a disk.",
          "ps -eo state,pid,comm | awk '$1 ~ /^[RD]/' | sort | uniq -c | sort -rn | head"},
         {"With many in D look at the disks, with many in R at the CPU.", "vmstat 1 5"}},
    [SUBJECT_STEAL] =
        {{"Confirm it: column st.", "vmstat 1 5"},
         {"Ask the provider, or move the host: stop and start often places it on other hardware; a plan with "
          "dedicated CPUs ends it.", ""}},
    [SUBJECT_CPU_PRESSURE] =
        {{"See what competes for the CPU.", "ps -eo pid,user,pcpu,etime,comm --sort=-pcpu | head"},
         {"Give background work a lower priority, or the host more CPUs.", ""}},
    [SUBJECT_MEMORY] =
        {{"See who holds the memory.", "ps -eo pid,user,rss,etime,comm --sort=-rss | head"},
         {"Restart or bound what has grown; if all of it is needed, the host needs more memory.", ""}},
    [SUBJECT_SWAP] =
        {{"See whether the host swaps now: columns si and so.", "vmstat 1 5"},
         {"See who holds the memory.", "ps -eo pid,user,rss,etime,comm --sort=-rss | head"}},
    [SUBJECT_OOM] =
        {{"See which process was killed.", "journalctl -k --since -1h | grep -i 'killed process'"},
         {"Start its service again if nothing did, and bound what grows (MemoryMax= in its unit).", ""}},
    [SUBJECT_SPACE] =
        {{"See what fills it.", "du -xh --max-depth=2 %s 2>/dev/null | sort -h | tail -15"},
         {"Look for files that are deleted and still open: a restart of their owner frees them.",
          "lsof +L1 | sort -k7 -n | tail"},
         {"Remove what is not needed (old logs, images, packages), or enlarge the file system.",
          "journalctl --disk-usage"}},
    [SUBJECT_INODES] =
        {{"See which folders hold most files.", "du --inodes -x --max-depth=2 %s 2>/dev/null | sort -n | "
                                                "tail -15"},
         {"Remove small files that nobody needs: sessions, caches, mail queues.", ""}},
    [SUBJECT_READONLY] =
        {{"See what the kernel says.", "dmesg -T | grep -iE 'error|remount|i/o' | tail -20"},
         {"Make sure that there is a backup before anything is repaired; then check the file system while "
          "it is not mounted.", "findmnt -no SOURCE,FSTYPE,OPTIONS %s"}},
    [SUBJECT_DISK_IO] =
        {{"See which device is slow and whether it reads or writes.", "iostat -xz 1 5"},
         {"See which process does it.", "pidstat -d 1 5"}},
    [SUBJECT_NETWORK_ERRORS] =
        {{"See which counters grow.", "ip -s -s link show %s"},
         {"On a physical host check cable, port and duplex; on a virtual one ask the provider.", ""}},
    [SUBJECT_TRAFFIC] =
        {{"See who talks to whom.", "ss -tunp state established | head -30"},
         {"Check whether it is a backup, a download or an attack.", ""}},
    [SUBJECT_TRANSFER] =
        {{"See what the traffic of this month was on each day.", "vnstat -d"},
         {"Move large transfers to another host, or to the first days of the next month.", ""}},
    [SUBJECT_TCP] =
        {{"See the state of the connections and the queues of the listeners.", "ss -s; ss -ltn"}},
    [SUBJECT_RESPONSE] =
        {{"Ask the service yourself, on the host and from elsewhere, to tell the service from the network.",
          "curl -so /dev/null -w 'connect %{time_connect} first byte %{time_starttransfer} total "
          "%{time_total}\\n' http://localhost/"},
         {"Compare with CPU, disk and the database over the same minutes.", ""}},
    [SUBJECT_HEALTH] =
        {{"See whether the service runs and what it logged.", "systemctl --failed; journalctl -p err "
                                                              "--since -30min"}},
    [SUBJECT_SILENT] =
        {{"See whether the host answers at all; if it does, look at the agent there.",
          "systemctl status nephos-agent; journalctl -u nephos-agent -n 50"},
         {"If it does not, use the provider's console.", ""}},
    [SUBJECT_CLOCK] =
        {{"See whether time is synchronised.", "timedatectl; chronyc tracking"},
         {"Let chrony or systemd-timesyncd run, and UDP port 123 out.", ""}},
    [SUBJECT_TEMPERATURE] =
        {{"See all sensors.", "sensors"}, {"Check fans, dust and the temperature of the room.", ""}},
    [SUBJECT_UNITS] =
        {{"See which units failed.", "systemctl --failed"},
         {"See why, and start them again.", "journalctl -p err --since -1h"}},
    [SUBJECT_AGENT] = {{"See what the agent says.", "journalctl -u nephos-agent -n 50"}},
    [SUBJECT_UNUSUAL] =
        {{"See what changed when it began: deployments, jobs, traffic.", "journalctl --since -1h -p notice"},
         {"If it is meant to be so, acknowledge it: it counts as usual after some days.", ""}},
    [SUBJECT_OTHER] =
        {{"Look at the host's other metrics over the same minutes.", ""},
         {"See what was logged then.", "journalctl -p warning --since -1h"}},
};

/* Fit to stand in a command without quotes. */
static bool is_harmless(const char *path)
{
    if (path[0] == '\0' || path[0] == '-')
        return false;
    for (const char *c = path; *c != '\0'; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '/' ||
              *c == '.' || *c == '_' || *c == '-'))
            return false;
    return true;
}

/* The command with its %s filled in; "" when the part may not stand there. */
static void put_command(struct alert_action *a, const char *command, const char *part)
{
    struct text t;
    text_init(&t, a->command, sizeof(a->command));
    for (const char *c = command; *c != '\0'; c++) {
        if (c[0] != '%' || c[1] != 's') {
            text_put_char(&t, *c);
            continue;
        }
        if (!is_harmless(part)) {
            text_clear(&t);
            return;
        }
        text_put(&t, part);
        c++;
    }
    if (t.truncated)
        text_clear(&t);
}

static struct alert_action *add(struct alert_words *out, const char *what)
{
    struct alert_action *a = &out->actions[out->action_count++];
    struct text t;
    text_init(&t, a->what, sizeof(a->what));
    text_put(&t, what);
    return a;
}

/* The process that stood out is looked at first. */
static void add_process(const struct alert_facts *f, struct alert_words *out)
{
    const struct alert_process *p = &f->processes[0];
    bool by_cpu = out->subject == SUBJECT_CPU || out->subject == SUBJECT_CPU_PRESSURE ||
                  out->subject == SUBJECT_LOAD;
    bool by_memory = out->subject == SUBJECT_MEMORY || out->subject == SUBJECT_SWAP;
    if (f->process_count == 0 || !(by_cpu || by_memory) || (by_cpu && p->cpu_percent < 20))
        return;
    struct alert_action *a = &out->actions[out->action_count++];
    struct text t;
    text_init(&t, a->what, sizeof(a->what));
    text_put(&t, "Look at what ");
    phrase_name(&t, p->name);
    text_printf(&t, " (PID %u) is doing: it stood out ", p->pid);
    phrase_span(&t, f->processes_from_ms, f->processes_to_ms, f->now_ms);
    text_put_char(&t, '.');
    text_init(&t, a->command, sizeof(a->command));
    text_printf(&t, "ps -o pid,ppid,user,etime,pcpu,rss,args -p %u", p->pid);
}

void alert_words_actions(const struct alert_facts *f, struct alert_words *out)
{
    if (f->state == STATE_RESOLVED) {
        (void)add(out, f->past.count >= 3 ? "Nothing now; it is over. It comes again and again, so its "
                                            "cause is still worth a look."
                                          : "Nothing; it is over.");
        return;
    }
    add_process(f, out);
    const struct advice *advice = advices[out->subject];
    const char *part = tag_value(f->tag);
    for (uint32_t i = 0; i < ADVICE_MAX && advice[i].what != NULL; i++)
        if (out->action_count < ALERT_ACTIONS_MAX)
            put_command(add(out, advice[i].what), advice[i].command, part);
}

void advice_short(enum subject subject, const char *tag, struct text *t)
{
    static const char *const words[SUBJECT_COUNT] = {
        [SUBJECT_CPU] = "see which process uses the CPU",
        [SUBJECT_LOAD] = "see whether threads wait for the CPU or for disks",
        [SUBJECT_STEAL] = "ask the provider about stolen CPU time, or move the host",
        [SUBJECT_CPU_PRESSURE] = "see what competes for the CPU",
        [SUBJECT_MEMORY] = "see which process holds the memory",
        [SUBJECT_SWAP] = "see which process pushes the others into swap",
        [SUBJECT_OOM] = "see which process was killed, and start it again",
        [SUBJECT_SPACE] = "free space or enlarge the file system",
        [SUBJECT_INODES] = "remove small files that nobody needs",
        [SUBJECT_READONLY] = "see why the file system cannot be written",
        [SUBJECT_DISK_IO] = "see which process reads or writes so much",
        [SUBJECT_NETWORK_ERRORS] = "check the link, or ask the provider",
        [SUBJECT_TRAFFIC] = "see who sends or receives so much",
        [SUBJECT_TRANSFER] = "move large transfers elsewhere",
        [SUBJECT_TCP] = "look at the listeners and their queues",
        [SUBJECT_RESPONSE] = "see why the service answers slowly",
        [SUBJECT_HEALTH] = "see whether the service runs",
        [SUBJECT_SILENT] = "see whether the host answers; if it does, whether its agent runs",
        [SUBJECT_CLOCK] = "have its clock synchronised",
        [SUBJECT_TEMPERATURE] = "check fans and the room",
        [SUBJECT_UNITS] = "see which units failed",
        [SUBJECT_AGENT] = "see what its agent says",
        [SUBJECT_UNUSUAL] = "see what changed when it began: deployments, jobs, traffic",
        [SUBJECT_OTHER] = "look at what was reported",
    };
    text_put(t, words[subject]);
    if ((subject == SUBJECT_SPACE || subject == SUBJECT_INODES) && tag_value(tag)[0] != '\0') {
        text_put(t, " of ");
        phrase_foreign(t, tag_value(tag), PHRASE_NAME_MAX);
    }
}
