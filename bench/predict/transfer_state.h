/* Inside of a transfer, for transfer.c and lessons.c. */
#ifndef AR_TRANSFER_STATE_H
#define AR_TRANSFER_STATE_H

#include "transfer.h"

struct ar_transfer {
    const ar_experience *of;
    const ar_machine *target;
    ar_without without;
    ar_tuning tuning;
    double distance[AR_RUNS_MOST]; /* between devices, squared */
    double *efficiency[AR_RUNS_MOST]; /* log of time over roof, of each measured case on the target */
    double spread[AR_OP_KINDS]; /* 90% of log errors, in units of what devices differ by (doubt_of) */
};

/* Without intervals: spread is not set yet. */
arete_status ar_transfer_open_bare(const ar_experience *experience, const ar_machine *target, const ar_without *without,
                                   const ar_tuning *tuning, ar_transfer **transfer);

/* Between the target and the nearest measured device; INFINITY when there is none. */
double ar_transfer_distance(const ar_transfer *transfer);

#endif
