/* Checks one case on one device with one solver: values, repeatability, nothing touched that should not be. */
#ifndef AR_CHECK_H
#define AR_CHECK_H

#include "compare.h"
#include "stage.h"

typedef enum ar_outcome { AR_PASSED, AR_FAILED, AR_SKIPPED } ar_outcome;

const char *ar_outcome_name(ar_outcome outcome);

typedef struct ar_check {
    ar_outcome outcome;
    char why[2048];   /* why it failed or was skipped; empty when it passed */
    char repro[1024]; /* the command line that checks just this again */
    char solver[256]; /* the plan's, with its parameters; the asked-for one when there was no plan */
    char choice[16];  /* how the plan chose it */
    bool packed;      /* weights were packed ahead */
    ar_comparison values;
} ar_check;

/* operations: how much arithmetic may go into expected values before elements are sampled; 0: 2e8.
 * A case that the device or solver cannot run is skipped, saying why; every other trouble is a failure. */
void ar_check_case(const ar_stage_spec *spec, double operations, ar_check *check);

/* Compares that set's outputs as they are now; used after timing, on what was timed. */
arete_status ar_check_values(ar_stage *stage, size_t copy, double operations, ar_comparison *comparison);

/* "c[3,5] is 1.5, should be 1.25 (off by 0.2 of the sum of magnitudes 1.25; allowed 1e-6)". */
void ar_comparison_text(const ar_case *of, const ar_comparison *comparison, char *text, size_t bytes);

/* The command that runs spec again. */
void ar_check_repro(const ar_stage_spec *spec, char *text, size_t bytes);

#endif
