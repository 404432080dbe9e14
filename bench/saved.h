/* Saved runs (README.md, "A saved run"): read back, checked, compared. */
#ifndef AR_SAVED_H
#define AR_SAVED_H

#include <jansson.h>
#include <stdio.h>

#include "roofs.h"

/* Appends the run or runs of a file to the array. ARETE_E_IO; ARETE_E_FORMAT names file, line and column where the
 * text is no JSON, file and field where a value is not what it should be. */
arete_status ar_runs_load(const char *path, json_t *runs);

/* The roofs of a run, as if they had just been measured; for arete_device_set_roofs(), ar_bench_spec. */
arete_status ar_run_roofs(const json_t *run, ar_measured_roofs *roofs);

/* Something that two runs both have. */
typedef struct ar_comparison_row {
    char name[600];       /* "matmul m=1 ...", "f32 peak" */
    double before, after; /* seconds of cases, rates of roofs; 0: not there */
    double change;        /* how many times as good: above 1, the second is faster */
    double noise;         /* relative; a change within it is none */
    bool is_case;
    bool regressed, improved; /* beyond the threshold and beyond the noise, or lost */
    char why[160];            /* of a case that ran before, and does no more */
} ar_comparison_row;

typedef struct ar_run_comparison {
    ar_comparison_row *rows;
    size_t count, room;
    size_t cases, regressed, improved;
    bool roofs_count; /* neither has cases, so roofs decide */
} ar_run_comparison;

/* Cases by operation and text; roofs by name. threshold: 0.05 for 5%. A case that passed before and failed, was
 * skipped or is missing after counts as regressed. Roofs are compared, but decide only where there are no cases:
 * they drift with the machine. ARETE_E_MEMORY. */
arete_status ar_runs_compare(const json_t *before, const json_t *after, double threshold, ar_run_comparison *into);
void ar_run_comparison_free(ar_run_comparison *comparison);
void ar_run_comparison_print(FILE *to, const ar_run_comparison *comparison, double threshold, bool colour);
json_t *ar_run_comparison_json(const ar_run_comparison *comparison, double threshold);

#endif
