/* Prediction of an operation's time on a device: measured times of other devices, carried over by the roofs.
 *
 * A measured time t of a case, on a device whose roofs allow c by arithmetic and m by traffic, is carried to
 * another as log t' = log t + (u log c'/c + v log m'/m + l log clock/clock') / (u + v + l) with u = (c/t)^sharp and
 * v = (m/t)^sharp, the shares of the roofs that were reached, and l = slack * (1 - max(u, v)), what neither roof
 * explains: latencies, which go by the clock. t' over its own roof is the case's efficiency there. A case that was
 * not measured takes the kernel-weighted mean efficiency of its kind's nearest cases. Devices are weighted by
 * likeness (libraries' maker and year, clock, ridge of the roofline, arithmetic of a unit), and the mean of log
 * efficiency and its weighted median count half each. */
#ifndef AR_FORECAST_H
#define AR_FORECAST_H

#include "arete/cost.h"
#include "experience.h"

/* Chosen within the experience that is used, by leaving out one device after another (ar_lessons_learn). */
typedef struct ar_tuning {
    double sharp, slack;
    double years, clock,
        unit; /* the difference of devices that counts as 1: years, log clock, log arithmetic of a unit */
} ar_tuning;

/* What is not to be used. */
typedef struct ar_without {
    bool run[AR_RUNS_MOST];
    const char *group; /* records of this workload, of whatever run; NULL: none */
} ar_without;

typedef struct ar_estimate {
    double seconds, low, high; /* 90% of such cases lie between low and high */
    double naive;              /* by the datasheet's roofline */
    double compute, memory;    /* the roofs' parts */
    arete_bound bound;
    double doubt;    /* how far the measured devices' efficiencies lie apart, in logarithms */
    double distance; /* of the nearest measured case of its kind; INFINITY: there is none, efficiency is assumed */
} ar_estimate;

/* What predicting each measured device from the others teaches: the tuning, and how far off it was. */
typedef struct ar_lesson {
    double error; /* |log(measured / predicted)| / doubt */
    double away;  /* how far the device was from its nearest */
    ar_op_kind kind;
} ar_lesson;

typedef struct ar_lessons {
    ar_tuning tuning;
    ar_lesson *list;
    size_t count, room;
} ar_lessons;

/* without: runs to leave out altogether (NULL: none). */
arete_status ar_lessons_learn(const ar_experience *experience, const ar_without *without, ar_lessons *lessons);
void ar_lessons_free(ar_lessons *lessons);

/* Everything about one target device, prepared. */
typedef struct ar_forecast ar_forecast;

/* experience and target must stay while the forecast is used. */
arete_status ar_forecast_open(const ar_experience *experience, const ar_machine *target, const ar_without *without,
                              const ar_lessons *lessons, ar_forecast **forecast);
void ar_forecast_close(ar_forecast *forecast); /* NULL is fine */

void ar_forecast_estimate(const ar_forecast *forecast, const ar_op *op, ar_estimate *estimate);

const ar_machine *ar_forecast_target(const ar_forecast *forecast);

/* The measured device that weighs most, "" when there is none; *likeness: 0 (nothing alike) to 1. */
const char *ar_forecast_nearest(const ar_forecast *forecast, double *likeness);

#endif
