/* Whole-number expressions of workload files: + - * / ( ), numbers and parameters. */
#include <ctype.h>
#include <string.h>

#include "error.h"
#include "workload.h"

typedef struct reader {
    const char *at, *end;
    const char *text;
    size_t length;
    const ar_workload_param *params;
    size_t count;
    int depth;
} reader;

static arete_status sum(reader *r, int64_t *value);

static void skip(reader *r) {
    while (r->at < r->end && isspace((unsigned char)*r->at))
        r->at++;
}

static bool take(reader *r, char c) {
    skip(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static arete_status wrong(const reader *r, const char *why) {
    return ar_fail(ARETE_E_FORMAT, "'{%.*s}': %s", (int)r->length, r->text, why);
}

static arete_status named(reader *r, int64_t *value) {
    const char *from = r->at;
    while (r->at < r->end && (isalnum((unsigned char)*r->at) || *r->at == '_'))
        r->at++;
    size_t length = (size_t)(r->at - from);
    for (size_t i = 0; i < r->count; i++)
        if (strlen(r->params[i].name) == length && strncmp(r->params[i].name, from, length) == 0) {
            *value = r->params[i].value;
            return ARETE_OK;
        }
    return ar_fail(ARETE_E_FORMAT, "'{%.*s}': there is no parameter '%.*s' above this line", (int)r->length,
                   r->text, (int)length, from);
}

static arete_status atom(reader *r, int64_t *value) {
    skip(r);
    if (take(r, '(')) {
        if (++r->depth > 20)
            return wrong(r, "too many parentheses");
        arete_status status = sum(r, value);
        r->depth--;
        return status != ARETE_OK || take(r, ')') ? status : wrong(r, "a ')' is missing");
    }
    if (r->at == r->end || !(isalnum((unsigned char)*r->at) || *r->at == '_'))
        return wrong(r, "a number or a parameter is missing");
    if (!isdigit((unsigned char)*r->at))
        return named(r, value);
    for (*value = 0; r->at < r->end && isdigit((unsigned char)*r->at); r->at++) {
        if (*value > INT64_MAX / 10 - 9)
            return wrong(r, "a number is too large");
        *value = *value * 10 + (*r->at - '0');
    }
    return ARETE_OK;
}

static arete_status product(reader *r, int64_t *value) {
    arete_status status = atom(r, value);
    while (status == ARETE_OK) {
        int64_t right = 0;
        bool times = take(r, '*');
        if (!times && !take(r, '/'))
            break;
        status = atom(r, &right);
        if (status != ARETE_OK)
            break;
        if (!times && right == 0)
            return wrong(r, "a division by 0");
        if (!times)
            *value /= right;
        else if (right && (*value > INT64_MAX / 2 / right || *value < 0 || right < 0))
            return wrong(r, "the product is negative or too large");
        else
            *value *= right;
    }
    return status;
}

static arete_status sum(reader *r, int64_t *value) {
    arete_status status = product(r, value);
    while (status == ARETE_OK) {
        int64_t right = 0;
        bool plus = take(r, '+');
        if (!plus && !take(r, '-'))
            break;
        status = product(r, &right);
        if (status == ARETE_OK && plus && *value > INT64_MAX / 2 - right)
            return wrong(r, "the sum is too large");
        *value += plus ? right : -right;
    }
    return status;
}

arete_status ar_expression(const char *text, size_t length, const ar_workload_param *params, size_t count,
                           int64_t *value) {
    reader r = {text, text + length, text, length, params, count, 0};
    arete_status status = sum(&r, value);
    skip(&r);
    if (status == ARETE_OK && r.at != r.end)
        status = wrong(&r, "+ - * / or the end was expected");
    if (status == ARETE_OK && *value < 0)
        status = wrong(&r, "the value is negative");
    return status;
}
