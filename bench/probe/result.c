#include "result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "os.h"

ar_probe_result *ar_result_add(ar_probe_part *part, ar_quantity quantity, const char *format, ...) {
    ar_probe_result *results =
        ar_grown(part->results, &part->room, part->count, sizeof *results, "a probe's results");
    if (!results)
        return NULL;
    part->results = results;
    ar_probe_result *made = &part->results[part->count++];
    memset(made, 0, sizeof *made);
    made->quantity = quantity;
    va_list args;
    va_start(args, format);
    vsnprintf(made->name, sizeof made->name, format, args);
    va_end(args);
    return made;
}

void ar_result_settle(ar_probe_result *result) {
    const ar_statistics *s = &result->series.seconds;
    result->ok = s->count > 0 && s->min > 0 && result->amount > 0;
    if (!result->ok)
        return;
    bool rate = result->quantity != AR_SECONDS;
    result->value = rate ? result->amount / s->median : s->median / result->amount;
    result->best = rate ? result->amount / s->min : s->min / result->amount;
}

void ar_result_fail(ar_probe_result *result) {
    result->ok = false;
    snprintf(result->why, sizeof result->why, "%.250s", arete_error_text());
}

void ar_part_free(ar_probe_part *part) {
    ar_os_free(part->results);
    json_decref(part->facts);
    part->results = NULL;
    part->facts = NULL;
}

void ar_part_end(ar_probe_part *part, arete_status status) {
    part->outcome = status == ARETE_OK ? AR_PASSED : status == ARETE_E_UNSUPPORTED ? AR_SKIPPED : AR_FAILED;
    if (status != ARETE_OK)
        snprintf(part->why, sizeof part->why, "%.500s", arete_error_text());
}

void ar_part_fact(ar_probe_part *part, const char *key, double value) {
    if (!part->facts)
        part->facts = json_object();
    if (isfinite(value))
        json_object_set_new(part->facts, key, json_real(value));
}
