/* Samples of something that takes a while: warmed up until stable, taken until their median is known well enough,
 * kept in the order they were taken. Several are taken in turns, so that a machine that slows down slows all. */
#ifndef AR_SERIES_H
#define AR_SERIES_H

#include "sensors.h"
#include "statistics.h"

#define AR_SERIES_MOST 128

typedef struct ar_series {
    double samples[AR_SERIES_MOST];  /* seconds */
    float clock_mhz[AR_SERIES_MOST]; /* read after each sample; 0: the system does not show it */
    bool flagged[AR_SERIES_MOST];    /* slow (more than 10% above the best) or taken at a throttled clock; still
                                        counted */
    size_t count, flagged_count;
    size_t warm; /* samples dropped before */
    ar_statistics seconds;
    ar_stop stop;
} ar_series;

/* Something to be timed; blocks. *seconds: what one sample took. */
typedef struct ar_sampler {
    void *state;
    arete_status (*sample)(void *state, double *seconds);
} ar_sampler;

typedef struct ar_series_rule {
    size_t least, most;  /* samples; least are taken whatever they cost, most is at most AR_SERIES_MOST */
    double uncertainty;  /* enough when every median is known so well (ar_statistics) */
    double budget;       /* seconds of sampling, all together */
    double warm_budget;  /* seconds of warming up; ends earlier when three in a row agree within 5% */
    ar_sensors *sensors; /* NULL: clocks are not read */
} ar_series_rule;

/* Statistics and flags of samples that somebody else took. */
void ar_series_finish(ar_series *series);

/* Fails when a sampler does; series then hold what was taken before. */
arete_status ar_series_take(const ar_series_rule *rule, const ar_sampler *samplers, size_t count,
                            ar_series *series);

#endif
