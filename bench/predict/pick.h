/* Which hardware for a network: whether it fits, how long it takes, what bounds it, what it costs. */
#ifndef AR_PICK_H
#define AR_PICK_H

#include "forecast.h"
#include "workload.h"

/* How several devices share the work. */
typedef enum ar_spread {
    AR_ALONE,
    AR_SPREAD_DATA,     /* each has the weights and a part of the batch; gradients are summed over all */
    AR_SPREAD_TENSOR,   /* each has a part of every layer's weights; activations are summed over all */
    AR_SPREAD_PIPELINE, /* each has some of the layers; micro-batches pass through */
    AR_SPREADS
} ar_spread;

typedef enum ar_by { AR_BY_TIME, AR_BY_COST, AR_BY_ENERGY } ar_by;

/* Bytes of device memory. */
typedef struct ar_need {
    double weights, gradients, optimizer, activations, state, workspace, total;
} ar_need;

typedef enum ar_limit {
    AR_LIMIT_COMPUTE,
    AR_LIMIT_MEMORY,
    AR_LIMIT_LAUNCH,
    AR_LIMIT_LINK,
    AR_LIMIT_FEED,
    AR_LIMITS
} ar_limit;

/* One way to run the network. Seconds, joules and dollars are of one run (one batch). */
typedef struct ar_option {
    const ar_machine *machine;
    ar_spread spread;
    int devices;
    bool usable, fits;         /* usable: its time could be predicted */
    char why[128];             /* not, because */
    ar_need need;              /* of each device */
    double seconds, low, high; /* an interval that holds 90% of such predictions */
    double naive;              /* the datasheet's roofline */
    double part[AR_LIMITS]; /* seconds in operations that are bound so; of the link, and of feeding from the host */
    ar_limit limit;         /* the largest part */
    double rate;            /* items a second */
    double joules;          /* at the rated power; 0: power is not known */
    double dollars;         /* 0: no price is known */
    double worth;           /* what options are ordered by: seconds, dollars or joules; INFINITY: not known */
    bool pareto;            /* nothing is better in time and in cost (energy, where no price is known) at once */
    bool assumed;           /* parts of it rest on an assumed efficiency, not on measured ones */
    double likeness;        /* of the nearest measured device, 0 to 1 */
    const char *nearest;
} ar_option;

typedef struct ar_question {
    const char *word; /* of the workload, as ar_workload_load() takes it */
    const char *const *settings;
    size_t setting_count;
    arete_dtype dtype; /* NONE: the workload's own */
    bool train;
    ar_by by;
    int most; /* devices of a kind that may share the work: 1, 2, 4, ... */
} ar_question;

typedef struct ar_choice {
    ar_workload workload; /* as asked */
    ar_workload_sum sum;
    ar_option *options; /* the best first; then those that do not fit, then those that cannot be predicted */
    size_t count, fitting;
} ar_choice;

const char *ar_spread_name(ar_spread spread);
const char *ar_limit_name(ar_limit limit);

/* What it takes in memory on each of devices that share it so. */
void ar_need_of(const ar_workload *workload, bool train, ar_spread spread, int devices, ar_need *need);

/* Seconds that summing bytes over devices takes, each having a link of that bandwidth (one way): a ring. */
double ar_all_reduce_seconds(double bytes, int devices, double bandwidth);

/* Every machine by itself (a system: its devices together), and up to question->most of them together. machines
 * must stay while the answer is used. without: runs that must not be used (NULL: none). */
arete_status ar_pick(const ar_question *question, const ar_machine *machines, size_t count,
                     const ar_experience *experience, const ar_without *without, const ar_lessons *lessons,
                     ar_choice *answer);
void ar_choice_free(ar_choice *answer);

/* Time of the network on the forecast's target by itself: the sums over its operations. part is of AR_LIMITS. */
void ar_predict_workload(const ar_forecast *forecast, const ar_workload *workload, bool train, ar_estimate *sum,
                         double *part);

/* advice.c: what to take and why, in sentences, one a line. */
arete_status ar_advise(const ar_question *question, const ar_choice *answer, const ar_machine *machines,
                       size_t count, const ar_experience *experience, const ar_without *without,
                       const ar_lessons *lessons, char *text, size_t bytes);

#endif
