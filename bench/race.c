#include "race.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "os.h"

enum { LEAST_CALLS = 10, MOST_CALLS = 1000 };

/* What a turn's warm-up lasts at most: long enough for threads to be back, caches and clocks to settle. */
#define WARM_SECONDS 0.005

ar_race_rule ar_race_rule_default(void) {
    return (ar_race_rule){.stop = ar_stop_rule_default(), .sample_seconds = 0.01, .turn_seconds = 0.05};
}

static bool good(ar_timing *timing, arete_status status) {
    timing->status = status;
    if (status == ARETE_OK)
        return true;
    snprintf(timing->error, sizeof timing->error, "%s", arete_error_text());
    return false;
}

/* How many calls a sample takes; the first calls of all also load code and touch pages. */
static bool calibrate(const ar_race_rule *rule, ar_contender *one, ar_timing *timing) {
    double first = 0, each = 0;
    size_t tried = 1;
    if (!good(timing, one->calls(one->state, 1, &first)) || !good(timing, one->calls(one->state, 1, &each)))
        return false;
    while (each < rule->sample_seconds / 4 && tried < MOST_CALLS) {
        tried = tried * 4 < MOST_CALLS ? tried * 4 : MOST_CALLS;
        if (!good(timing, one->calls(one->state, tried, &each)))
            return false;
    }
    double wanted = each > 0 ? ceil(rule->sample_seconds * (double)tried / each) : MOST_CALLS;
    timing->calls = wanted < LEAST_CALLS ? LEAST_CALLS : wanted > MOST_CALLS ? MOST_CALLS : (size_t)wanted;
    return true;
}

static size_t warm_calls(const ar_timing *timing) {
    if (timing->count == 0)
        return LEAST_CALLS < timing->calls ? timing->calls : 1;
    double wanted = ceil(WARM_SECONDS / timing->samples[timing->count - 1]);
    return wanted < 1 ? 1 : wanted > (double)timing->calls ? timing->calls : (size_t)wanted;
}

/* One turn: warm-up, queued samples, as many of one call each. *spent: adds the seconds of the samples. */
static bool turn(const ar_race_rule *rule, ar_contender *one, ar_timing *timing, double *spent) {
    double seconds = 0, turn_spent = 0;
    if (timing->calls == 0 && !calibrate(rule, one, timing))
        return false;
    if (!good(timing, one->calls(one->state, warm_calls(timing), &seconds)))
        return false;
    size_t taken = 0;
    while ((taken == 0 || turn_spent < rule->turn_seconds) && timing->count < AR_MAX_SAMPLES) {
        if (!good(timing, one->calls(one->state, timing->calls, &seconds)))
            return false;
        timing->samples[timing->count++] = seconds / (double)timing->calls;
        turn_spent += seconds;
        taken++;
    }
    for (; taken > 0 && timing->sync_count < AR_MAX_SAMPLES; taken--) {
        if (!good(timing, one->calls(one->state, 1, &seconds)))
            return false;
        timing->sync_samples[timing->sync_count++] = seconds;
        turn_spent += seconds;
    }
    *spent += turn_spent;
    return true;
}

static void summarize(ar_timing *timing) {
    double sorted[AR_MAX_SAMPLES];
    memcpy(sorted, timing->samples, timing->count * sizeof *sorted);
    ar_statistics_of(sorted, timing->count, &timing->queued);
    memcpy(sorted, timing->sync_samples, timing->sync_count * sizeof *sorted);
    ar_statistics_of(sorted, timing->sync_count, &timing->sync);
}

void ar_race(const ar_race_rule *rule, ar_contender *contenders, size_t count, ar_timing *timings) {
    bool done[AR_MAX_CONTENDERS] = {false};
    double spent[AR_MAX_CONTENDERS] = {0}, scratch[AR_MAX_SAMPLES];
    ar_stop_rule stop = rule->stop;
    stop.most = stop.most < AR_MAX_SAMPLES ? stop.most : AR_MAX_SAMPLES;
    memset(timings, 0, count * sizeof *timings);
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            ar_contender *one = &contenders[i];
            ar_timing *timing = &timings[i];
            if (done[i])
                continue;
            bool ran = !one->wake || good(timing, one->wake(one->state));
            ran = ran && turn(rule, one, timing, &spent[i]);
            if (one->rest && one->rest(one->state) != ARETE_OK)
                ran = false;
            timing->stop = ar_stop_now(&stop, timing->samples, timing->count, spent[i], scratch);
            done[i] = !ran || timing->stop != AR_STOP_NOT_YET;
            more |= !done[i];
        }
    }
    for (size_t i = 0; i < count; i++)
        summarize(&timings[i]);
}
