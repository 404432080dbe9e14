/* Several contenders timed in turn on the same case: A B C A B C ... so that a machine that slows down slows all.
 */
#ifndef AR_RACE_H
#define AR_RACE_H

#include "statistics.h"

#define AR_MAX_CONTENDERS 8
#define AR_MAX_SAMPLES 400

/* Somebody who can be timed. All functions block. */
typedef struct ar_contender {
    void *state;
    /* Before and after a turn; may be NULL. Between rest and wake it must use no processor. */
    arete_status (*wake)(void *state);
    arete_status (*rest)(void *state);
    /* Makes that many calls, queued one after another, waits once; *seconds for all together. */
    arete_status (*calls)(void *state, size_t count, double *seconds);
} ar_contender;

typedef struct ar_timing {
    arete_status status; /* of the contender's last call; not ARETE_OK: the rest is not to be used */
    char error[512];
    size_t calls;                        /* queued per sample, at least 10 */
    double samples[AR_MAX_SAMPLES];      /* seconds per call, in the order they were taken */
    double sync_samples[AR_MAX_SAMPLES]; /* one call, one wait */
    size_t count, sync_count;
    ar_statistics queued, sync;
    ar_stop stop;
} ar_timing;

typedef struct ar_race_rule {
    ar_stop_rule stop;     /* for each contender */
    double sample_seconds; /* a sample lasts about so long, where a call is shorter than a tenth of it */
    double turn_seconds;   /* a turn lasts about so long: several samples where they are short */
} ar_race_rule;

ar_race_rule ar_race_rule_default(void);

/* Runs until the stopping rule holds for every contender (one that is done drops out of the turns). In each turn
 * the first sample is warm-up and is dropped. timings: one for each contender. A contender that fails drops out. */
void ar_race(const ar_race_rule *rule, ar_contender *contenders, size_t count, ar_timing *timings);

#endif
