/* SPDX-License-Identifier: MIT */
/* See session.h. */
#include "aggregator/forward/aws/session.h"

#include <string.h>

#define FILE_SIZE 65536U
#define SKEW_TOLD_MS 240000
#define REFUSED_MAX 3U

bool aws_session_open(struct aws_session *s, const struct export_view *v, enum aws_service service,
                      struct export_request *r)
{
    const struct target *to = v->to;
    const struct aws_wish wish = {.id = to->user,
                                  .secret = to->password,
                                  .token = to->token,
                                  .profile = to->profile,
                                  .credentials_file = to->credentials_file,
                                  .region = to->region};
    struct aws_ask ask = {.method = "GET", .url = &r->url, .headers = &r->headers};
    enum aws_need need = aws_chain_next(&s->chain, &wish, v->aws, v->plat, v->now_ms, (char *)r->scratch,
                                        FILE_SIZE, &ask);
    const char *region = aws_chain_region(&s->chain, &wish, v->aws);
    s->is_asking = need == AWS_ASKS;
    if (s->is_asking) {
        r->method = ask.method;
        r->timeout_ms = AWS_ASK_TIMEOUT_MS;
        return false;
    }
    if (need == AWS_LACKS) {
        text_put(&r->hold, s->chain.why);
        return false;
    }
    if (region[0] == '\0') {
        text_put(&r->hold, "no region is known: write region = eu-west-1, say, or set AWS_REGION");
        return false;
    }
    aws_put_url(&r->url, service, to->url, region, v->aws);
    aws_put_headers(&r->headers, &s->chain, v->now_ms);
    aws_put_scope(&r->aws_scope, service, region);
    r->user = s->chain.keys.id;
    r->password = s->chain.keys.secret;
    return true;
}

/* Words of a refusal that is not about the one item. */
static bool is_about_all(const struct aws_error *error)
{
    static const char *const words[] = {"ismatch for", "Missing the key",  "does not match the schema",
                                        "TableName",   "table/index name", "streamName",
                                        "streamARN"};
    for (uint32_t i = 0; i < COUNT_OF(words); i++)
        if (strstr(error->message, words[i]) != NULL)
            return true;
    return false;
}

static void judge_refusal(struct aws_session *s, const struct export_request *r,
                          const struct aws_error *error, struct export_judgement *j)
{
    s->refused_in_row += r->count <= 1;
    if (!is_about_all(error) && s->refused_in_row <= REFUSED_MAX)
        return;
    j->verdict = VERDICT_HOLD;
    text_put(&j->why, " (it refuses everything: look at schema, and at the names of tables and stream)");
}

bool aws_session_judge(struct aws_session *s, const struct export_view *v, const struct export_request *r,
                       const struct export_answer *a, struct export_judgement *j, struct aws_error *error)
{
    *error = (struct aws_error){.code = ""};
    if (s->is_asking) {
        aws_chain_take(&s->chain, a->status, a->body, a->body_size, r->scratch, EXPORT_BODY_SIZE, v->now_ms);
        j->verdict = VERDICT_MORE;
        return true;
    }
    if (a->status == 0)
        return false;
    if (a->status == 200) {
        aws_chain_accepted(&s->chain);
        s->refused_in_row = 0;
        return false;
    }
    aws_error_read(a->body, a->body_size, r->scratch, EXPORT_BODY_SIZE, error);
    if (aws_chain_refused(&s->chain, error->code, a->date, v->now_ms)) {
        j->verdict = VERDICT_MORE;
        return true;
    }
    aws_judge(a->status, error, &j->verdict, &j->why);
    if (j->verdict == VERDICT_DROP)
        judge_refusal(s, r, error, j);
    int64_t theirs_ms = retry_date_ms(a->date), skew_ms = theirs_ms < 0 ? 0 : theirs_ms - v->now_ms;
    if (j->verdict == VERDICT_HOLD && (skew_ms > SKEW_TOLD_MS || skew_ms < -SKEW_TOLD_MS))
        text_printf(&j->why, " (our clock is %lld s off from theirs)", (long long)(skew_ms / 1000));
    return false;
}
