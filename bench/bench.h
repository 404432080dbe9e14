/* One case benched: ours and the peers in turn, checked, set against the device's roofs. */
#ifndef AR_BENCH_H
#define AR_BENCH_H

#include "check.h"
#include "peers/process.h"
#include "race.h"
#include "roofs.h"

/* What a figure is bound by, and how near it comes. */
typedef struct ar_roof_share {
    bool known; /* false: the unit's peak was not measured */
    arete_bound bound;
    double fraction; /* roof's time / median */
    double peak, bandwidth;
    /* Memory's bandwidth when it was read in turns with this very case: the median, by which fraction goes, and the
     * best sample, above which a figure is a fault. 0: not so. */
    double read_median, read_best;
    char level[24]; /* where the working set lies: "memory", "cache 16M" */
    bool fault;     /* faster than the roof allows: a measurement fault, not a win */
    char why[256];  /* of the fault */
} ar_roof_share;

typedef struct ar_peer_result {
    const char *name;
    char version[128];
    bool ran;
    char why[512]; /* why it did not run, or its check could not be made */
    ar_timing timing;
    bool checked;
    ar_comparison check;
    double ratio;      /* its queued median over ours: above 1, we are faster */
    double ratio_sync; /* the same of single calls, each waited for */
} ar_peer_result;

/* Calls one at a time, each waited for before the next: seconds of a call. */
typedef struct ar_latency {
    size_t calls; /* 0: not measured */
    double median, p99, max;
} ar_latency;

typedef struct ar_record {
    ar_outcome outcome; /* skipped: the device or solver cannot; failed: see why */
    char why[2048];
    char solver[256], choice[16];
    bool packed;
    size_t copies; /* sets of operands that calls took in turn; 1: no rotation */
    uint64_t working_set;
    arete_cost cost;
    double estimate; /* the model's seconds */
    ar_timing timing;
    ar_latency latency;  /* of cases that are streams */
    double gflops, gbps; /* by definition: flops and bytes over the queued median */
    ar_roof_share roof;
    bool checked;
    ar_comparison check;
    ar_peer_result peers[AR_MAX_PEERS];
    size_t peer_count;
} ar_record;

typedef enum ar_rotation {
    AR_ROTATE_AUTO, /* cases that memory bounds */
    AR_ROTATE_ALL,
    AR_ROTATE_NONE
} ar_rotation;

typedef struct ar_bench_spec {
    arete_device *device;
    const char *solver;
    ar_data_spec data;
    ar_rotation rotation;
    ar_race_rule rule;
    double check_operations; /* as in ar_check_case */
    ar_measured_roofs *roofs;
    ar_peer_process *peers; /* that were started */
    size_t peer_count;
} ar_bench_spec;

/* Our own side of a race: a stage's sets of operands, one after another. */
typedef struct ar_own_calls {
    ar_stage *stage;
    size_t next;
} ar_own_calls;

/* own must stay while the contender is used. */
ar_contender ar_own_contender(ar_own_calls *own);

/* How many sets of operands: enough that 4 times the last cache lies between two uses of one, when memory bounds
 * the case (bytes/bandwidth above both flops/peak and the cost of a launch) and it is no stream, or always with
 * AR_ROTATE_ALL; else 1. */
size_t ar_bench_copies(const ar_bench_spec *spec, const ar_case *of, const arete_cost *cost);

/* How near to the roof seconds are. share->read_median and read_best are read, so zero it first. */
void ar_roof_share_of(const ar_measured_roofs *roofs, const arete_cost *cost, uint64_t working_set, bool rotated,
                      double seconds, ar_roof_share *share);

/* Never fails as a call: what went wrong is in the record. */
void ar_bench_case(const ar_bench_spec *spec, const ar_case *of, ar_record *record);

#endif
