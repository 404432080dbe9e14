/* What it costs to bring data to a device and back, and to start work there: t = seconds + amount / rate. */
#ifndef AR_TRANSFER_H
#define AR_TRANSFER_H

#include "device.h"
#include "result.h"

typedef enum ar_way { AR_TO_DEVICE, AR_FROM_DEVICE, AR_BOTH_WAYS, AR_WAYS } ar_way;
typedef enum ar_host_kind { AR_PAGEABLE, AR_PINNED, AR_MAPPED, AR_HOST_KINDS } ar_host_kind;

const char *ar_way_name(ar_way way);              /* "to_device" */
const char *ar_host_kind_name(ar_host_kind kind); /* "pageable" */

/* A line through measured times: rate 0 when there is none (fewer than two sizes, or a falling line). */
typedef struct ar_line {
    double seconds, rate, worst; /* worst: largest relative deviation of a point from the line */
} ar_line;

/* Least squares of the relative deviations, so that small sizes count as much as large ones. */
ar_line ar_line_fit(const double *amounts, const double *seconds, size_t count);

/* Everything that transfers need for sizes up to bytes. */
typedef struct ar_transfer {
    const ar_bench_device *on;
    arete_queue *other; /* for both directions at once */
    uint64_t bytes;
    void *pageable[2];
    void *pinned; /* an array of two ar_pinned; NULL: not there */
    char no_pinned[200];
} ar_transfer;

arete_status ar_transfer_open(const ar_bench_device *on, uint64_t bytes, ar_transfer *transfer);
void ar_transfer_close(ar_transfer *transfer);

/* One kind, way and size. Both ways: bytes to the device and as many from it, by two queues; amount is both. What
 * arrives is compared. */
arete_status ar_transfer_measure(ar_transfer *transfer, ar_host_kind kind, ar_way way, uint64_t bytes,
                                 const ar_series_rule *rule, ar_probe_result *result);

/* Launches of an empty kernel of `groups` groups: one more in a queue, and one with a wait. */
arete_status ar_launch_measure(const ar_bench_device *on, size_t groups, bool queued, const ar_series_rule *rule,
                               ar_probe_result *result);

#endif
