#include "series.h"

#include <math.h>
#include <string.h>

#include "os.h"

/* Up to here a sample counts as undisturbed. */
#define SLOW 1.10
#define THROTTLED 0.90

enum { WARM_MOST = 200 };

/* The first sample may compile, touch pages, wake threads and clocks. */
static arete_status warm_up(const ar_series_rule *rule, const ar_sampler *one, ar_series *series) {
    double last[3] = {0}, start = ar_os_seconds();
    arete_status status = ARETE_OK;
    while (status == ARETE_OK && series->warm < WARM_MOST) {
        double seconds = 0;
        status = one->sample(one->state, &seconds);
        last[series->warm++ % 3] = seconds;
        double low = fmin(last[0], fmin(last[1], last[2])), high = fmax(last[0], fmax(last[1], last[2]));
        bool calm = series->warm >= 3 && high <= 1.05 * low;
        if (calm || (series->warm >= 2 && ar_os_seconds() - start > rule->warm_budget))
            break;
    }
    return status;
}

static arete_status take(const ar_series_rule *rule, const ar_sampler *one, ar_series *series) {
    double seconds = 0;
    arete_status status = one->sample(one->state, &seconds);
    if (status != ARETE_OK)
        return status;
    if (rule->sensors && seconds > 1e-3)
        series->clock_mhz[series->count] = (float)ar_sensors_clock(rule->sensors);
    series->samples[series->count++] = seconds;
    return ARETE_OK;
}

void ar_series_finish(ar_series *series) {
    double sorted[AR_SERIES_MOST], clock = 0;
    memcpy(sorted, series->samples, series->count * sizeof *sorted);
    ar_statistics_of(sorted, series->count, &series->seconds);
    for (size_t i = 0; i < series->count; i++)
        clock = fmax(clock, series->clock_mhz[i]);
    for (size_t i = 0; i < series->count; i++) {
        bool throttled = series->clock_mhz[i] > 0 && series->clock_mhz[i] < THROTTLED * clock;
        series->flagged[i] = throttled || series->samples[i] > SLOW * series->seconds.min;
        series->flagged_count += series->flagged[i];
    }
}

arete_status ar_series_take(const ar_series_rule *rule, const ar_sampler *samplers, size_t count,
                            ar_series *series) {
    double scratch[AR_SERIES_MOST];
    ar_stop_rule stop = {.least = rule->least,
                         .floor = rule->least,
                         .most = rule->most < AR_SERIES_MOST ? rule->most : AR_SERIES_MOST,
                         .uncertainty = rule->uncertainty,
                         .budget = rule->budget};
    arete_status status = ARETE_OK;
    memset(series, 0, count * sizeof *series);
    for (size_t i = 0; i < count && status == ARETE_OK; i++)
        status = warm_up(rule, &samplers[i], &series[i]);
    double start = ar_os_seconds();
    for (bool more = true; more && status == ARETE_OK;) {
        more = false;
        for (size_t i = 0; i < count && status == ARETE_OK; i++)
            status = take(rule, &samplers[i], &series[i]);
        double spent = ar_os_seconds() - start;
        for (size_t i = 0; i < count; i++) {
            series[i].stop = ar_stop_now(&stop, series[i].samples, series[i].count, spent, scratch);
            more |= series[i].stop == AR_STOP_NOT_YET;
        }
        for (size_t i = 0; i < count; i++)
            more &= series[i].count < stop.most;
    }
    for (size_t i = 0; i < count; i++)
        ar_series_finish(&series[i]);
    return status;
}
