/* Inside of a forecast, for forecast.c and lessons.c. */
#ifndef AR_FORECAST_STATE_H
#define AR_FORECAST_STATE_H

#include "forecast.h"

struct ar_forecast {
    const ar_experience *of;
    const ar_machine *target;
    ar_without without;
    ar_tuning tuning;
    bool knows_matrix; /* something was measured on matrix units */
    double distance[AR_RUNS_MOST];    /* between devices, squared */
    double *efficiency[AR_RUNS_MOST]; /* log of time over roof, of each measured case on the target */
    double spread[AR_OP_KINDS];       /* 90% of log errors, in units of what devices differ by (doubt_of) */
};

/* Without intervals: spread is not set yet. */
arete_status ar_forecast_open_bare(const ar_experience *experience, const ar_machine *target,
                                   const ar_without *without, const ar_tuning *tuning, ar_forecast **forecast);

/* Between the target and the nearest measured device; INFINITY when there is none. */
double ar_forecast_distance(const ar_forecast *forecast);

#endif
