/* Results against what the family says they must be: which elements are looked at, and how far off they are. */
#ifndef AR_COMPARE_H
#define AR_COMPARE_H

#include "cases.h"
#include "data.h"

/* Elements of an output to look at, as row-major indices in rising order: all of them, or a seeded sample together
 * with the corners and, as far as the limit allows, the edges of the last two dimensions. */
typedef struct ar_elements {
    int64_t *index;
    size_t count;
    bool all;
} ar_elements;

/* Of one output of a case; limit: at most so many (at least 64). A family may have its own choice (casework.h).
 * Freed by ar_elements_free. */
arete_status ar_elements_choose(const ar_case *of, size_t output, uint64_t seed, size_t limit,
                                ar_elements *elements);
void ar_elements_free(ar_elements *elements);

/* How many elements cost about that many operations to compute again, for a case of that cost. */
size_t ar_elements_affordable(const ar_case *of, double flops, double operations);

typedef struct ar_comparison {
    bool passed;
    bool exact;       /* every expected value is a whole number that the accumulator holds: no error is allowed */
    bool all;         /* every element was looked at */
    int64_t checked;  /* elements */
    double max_error; /* relative to the sum of magnitudes, beyond the rounding of the output's type */
    double tolerance;
    size_t operand; /* of the first failing element: its output, row-major index, values */
    int64_t element;
    double got, want, magnitude;
} ar_comparison;

/* Passed, nothing looked at. */
void ar_comparison_start(ar_comparison *comparison);

/* Adds one output: values got[i] of elements->index[i]. host: the operands' data before the run, as expect() takes
 * them; exact_data: they are small whole numbers. */
arete_status ar_compare(const ar_case *of, const arete_plan *plan, const ar_block *host, size_t output,
                        const ar_elements *elements, const double *got, bool exact_data, ar_comparison *comparison);

/* The values of elements in a block that was read back. */
void ar_gather(const arete_tensor *tensor, const ar_block *block, const ar_elements *elements, double *values);

#endif
