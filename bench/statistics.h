/* What is said of a set of samples, and when there are enough of them. */
#ifndef AR_STATISTICS_H
#define AR_STATISTICS_H

#include "arete/base.h"

typedef struct ar_statistics {
    size_t count;
    double median, min, max, p25, p75;
    double spread; /* relative interquartile range: (p75 - p25) / median */
    /* Half the notch of a box plot, relative: 1.57 * spread / sqrt(count). Medians whose notches do not overlap
     * differ with about 95% confidence (McGill, Tukey, Larsen 1978). */
    double uncertainty;
} ar_statistics;

/* Sorts samples in place. count 0: all zero. Quartiles interpolate linearly between order statistics. */
void ar_statistics_of(double *samples, size_t count, ar_statistics *of);

/* The value below which the fraction q (0..1) of the sorted samples lies, interpolated. count > 0. */
double ar_quantile(const double *sorted, size_t count, double q);

/* exp(mean(log(value))). Values that are not positive and finite are left out; *used (may be NULL): how many were
 * not. 0 when there is none. */
double ar_geometric_mean(const double *values, size_t count, size_t *used);

/* Why sampling ended. Until then AR_STOP_NOT_YET. */
typedef enum ar_stop { AR_STOP_NOT_YET, AR_STOP_STABLE, AR_STOP_BUDGET, AR_STOP_FULL } ar_stop;

const char *ar_stop_name(ar_stop stop); /* "stable", "budget", "full" */

typedef struct ar_stop_rule {
    size_t least;       /* samples before it may be called stable */
    size_t floor;       /* samples that are taken even when the budget is gone */
    size_t most;        /* room */
    double uncertainty; /* stable when the median's uncertainty is at most this */
    double budget;      /* seconds of sampling */
} ar_stop_rule;

/* 10 samples, 1% uncertainty, 2 seconds; 3 samples however long they take. */
ar_stop_rule ar_stop_rule_default(void);

/* samples: in the order they were taken (copied, not sorted); scratch: room for count. spent: seconds. Stable also
 * asks that the first half of the samples alone has its median within twice the uncertainty of the whole, so that a
 * slow drift does not pass for calm. */
ar_stop ar_stop_now(const ar_stop_rule *rule, const double *samples, size_t count, double spent, double *scratch);

#endif
