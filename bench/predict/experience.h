/* What is known of efficiency: measured runs, of any device and any libraries. */
#ifndef AR_EXPERIENCE_H
#define AR_EXPERIENCE_H

#include "machine.h"

#define AR_FEATURES 7
#define AR_RUNS_MOST 64

typedef struct ar_measured_op {
    ar_op op;
    double seconds;
    ar_op_cost cost;
    double shape[AR_FEATURES]; /* where it lies among its kind; see ar_op_shape() */
    char group[40];            /* the workload or list that it was measured for; may be empty */
} ar_measured_op;

/* A whole network, measured (network.h). */
typedef struct ar_measured_network {
    char word[96]; /* "bert,batch=1" */
    double seconds;
} ar_measured_network;

#define AR_NETWORKS_MOST 32

/* What one file says of a device. */
typedef struct ar_measured_run {
    char path[256];
    ar_machine machine;
    ar_measured_op *ops;
    size_t count, room;
    size_t first[AR_OP_KINDS + 1]; /* ops stand by kind: those of kind k from first[k] to first[k + 1] */
    ar_measured_network networks[AR_NETWORKS_MOST];
    size_t network_count;
} ar_measured_run;

typedef struct ar_experience {
    ar_measured_run *runs;
    size_t count;
} ar_experience;

/* Whether two runs are of the same device, as its libraries drive it. */
bool ar_run_same_device(const ar_measured_run *a, const ar_measured_run *b);
/* Of the runs of one device, whether it is the first: what is said of devices is said once. */
bool ar_run_is_first(const ar_experience *experience, size_t run);

/* Every run below share/arete/hardware/runs. */
arete_status ar_experience_load(const ar_parts *parts, ar_experience *experience);
/* Adds the runs of a file, or of each .json file of a folder. ARETE_E_FORMAT names file and field. */
arete_status ar_experience_add(ar_experience *experience, const ar_parts *parts, const char *path);
void ar_experience_free(ar_experience *experience);

/* The place of an operation among its kind: logarithms of its sizes, scaled so that a distance of 1 is "another
 * sort of case". */
void ar_op_shape(const ar_op *op, double shape[AR_FEATURES]);

/* A record's "op" and "case" as an operation: the words of op.h, or those of the families' case texts. False: no
 * such kind is predicted. */
bool ar_op_of_record(const char *op, const char *text, ar_op *into);

#endif
