/* What a probe leaves behind: its outcome, and a figure for each thing it tried, with all samples. */
#ifndef AR_RESULT_H
#define AR_RESULT_H

#include <jansson.h>

#include "check.h"
#include "error.h"
#include "series.h"

typedef enum ar_quantity { AR_PER_SECOND_OPERATIONS, AR_PER_SECOND_BYTES, AR_SECONDS } ar_quantity;

typedef struct ar_probe_result {
    char name[48]; /* "16 lanes x 12, chain", "read 64K" */
    ar_quantity quantity;
    double amount;      /* operations, bytes or steps of one sample */
    double value, best; /* by the median and by the shortest sample: amount / seconds, or seconds / amount */
    ar_series series;
    bool ok;      /* false: could not be measured; why says it */
    bool suspect; /* measured, but not to be believed; why says it */
    char why[256];
} ar_probe_result;

typedef struct ar_probe_part {
    const char *name;  /* "peak-f32" */
    const char *title; /* "f32 arithmetic" */
    ar_outcome outcome;
    char why[512];     /* of a probe that failed or was skipped */
    char summary[256]; /* a line for people */
    double seconds;    /* it took */
    ar_probe_result *results;
    size_t count, room;
    int winner;    /* index of a result; -1: none */
    json_t *facts; /* an object: what was derived from the results */
} ar_probe_part;

/* A new result, zeroed but for its name; NULL: no memory. Pointers to earlier ones are void. */
ar_probe_result *ar_result_add(ar_probe_part *part, ar_quantity quantity, const char *format, ...) AR_PRINTF(3, 4);
/* Fills value and best from the series; ok when there is a median. */
void ar_result_settle(ar_probe_result *result);
/* Notes what went wrong in this result: this thread's error text. */
void ar_result_fail(ar_probe_result *result);
void ar_part_free(ar_probe_part *part);
/* part's outcome from a status: passed when ARETE_OK, skipped when ARETE_E_UNSUPPORTED, else failed with the text.
 */
void ar_part_end(ar_probe_part *part, arete_status status);
/* A number among the facts. */
void ar_part_fact(ar_probe_part *part, const char *key, double value);

#endif
