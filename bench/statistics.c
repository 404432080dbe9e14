#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double ar_quantile(const double *sorted, size_t count, double q) {
    double at = q * (double)(count - 1);
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

void ar_statistics_of(double *samples, size_t count, ar_statistics *of) {
    memset(of, 0, sizeof *of);
    if (count == 0)
        return;
    qsort(samples, count, sizeof *samples, compare);
    of->count = count;
    of->min = samples[0];
    of->max = samples[count - 1];
    of->median = ar_quantile(samples, count, 0.5);
    of->p25 = ar_quantile(samples, count, 0.25);
    of->p75 = ar_quantile(samples, count, 0.75);
    if (of->median > 0) {
        of->spread = (of->p75 - of->p25) / of->median;
        of->uncertainty = 1.57 * of->spread / sqrt((double)count);
    }
}

double ar_geometric_mean(const double *values, size_t count, size_t *used) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] > 0 && isfinite(values[i])) {
            sum += log(values[i]);
            n++;
        }
    if (used)
        *used = n;
    return n ? exp(sum / (double)n) : 0;
}

const char *ar_stop_name(ar_stop stop) {
    static const char *const names[] = {"not yet", "stable", "budget", "full"};
    return names[stop];
}

ar_stop_rule ar_stop_rule_default(void) {
    return (ar_stop_rule){.least = 10, .floor = 3, .most = 400, .uncertainty = 0.01, .budget = 2.0};
}

ar_stop ar_stop_now(const ar_stop_rule *rule, const double *samples, size_t count, double spent, double *scratch) {
    if (count < rule->floor || count == 0)
        return AR_STOP_NOT_YET;
    if (count >= rule->least) {
        ar_statistics whole, half;
        memcpy(scratch, samples, count / 2 * sizeof *samples);
        ar_statistics_of(scratch, count / 2, &half);
        memcpy(scratch, samples, count * sizeof *samples);
        ar_statistics_of(scratch, count, &whole);
        if (whole.uncertainty <= rule->uncertainty &&
            fabs(half.median - whole.median) <= 2 * rule->uncertainty * whole.median)
            return AR_STOP_STABLE;
    }
    if (spent >= rule->budget)
        return AR_STOP_BUDGET;
    return count >= rule->most ? AR_STOP_FULL : AR_STOP_NOT_YET;
}
