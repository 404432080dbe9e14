/* How good predictions are: each measured device predicted as if it had never been measured. */
#ifndef AR_VALIDATE_H
#define AR_VALIDATE_H

#include <stdio.h>

#include "forecast.h"

/* One device and kind of operation. Errors are relative to the measured time. */
typedef struct ar_verdict {
    const char *device;
    ar_op_kind kind;
    size_t cases;
    double median, mean;              /* |predicted / measured - 1| of cases */
    double total;                     /* sum of predicted / sum of measured - 1 */
    double covered;                   /* part of the cases within their interval */
    double naive_median, naive_total; /* the same by the datasheet's roofline */
} ar_verdict;

/* A network that was measured as a whole, and the sum of its operations' predictions: from everything but what was
 * measured of its own operations. */
typedef struct ar_network_verdict {
    const char *device, *word;
    double measured, predicted, low, high, naive;
} ar_network_verdict;

typedef struct ar_validation {
    ar_verdict *verdicts;
    size_t count;
    ar_network_verdict *networks;
    size_t network_count;
} ar_validation;

/* Leaves out one device (every run of its name) after another; the tuning is chosen without it, too. details: where
 * each network's operations are listed (NULL: nowhere). */
arete_status ar_validate(const ar_experience *experience, FILE *details, ar_validation *validation);
void ar_validation_free(ar_validation *validation);

#endif
