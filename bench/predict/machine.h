/* A device as the prediction sees it: roofs and a few traits, from a datasheet or from a saved run. */
#ifndef AR_MACHINE_H
#define AR_MACHINE_H

#include "arete/device.h"
#include "op.h"
#include "part.h"

#define AR_MACHINE_TYPES 10 /* arete_dtype */

/* 0: not known. */
typedef struct ar_machine {
    char id[64], name[80], vendor[24], kind[16];
    double peak[AR_MACHINE_TYPES]; /* operations a second in a network of that type, dense */
    bool matrix[AR_MACHINE_TYPES]; /* of matrix units */
    double bandwidth, cache, memory;
    double cache_bandwidth;                /* of reading what lies in the last cache; measured runs alone know it */
    double clock, units;                   /* half way between base and boost clock; else the one that is known */
    double lasting;                        /* the part of the peak at which long work runs: base over boost clock */
    double launch;                         /* seconds of one more queued kernel */
    double wait;                           /* seconds of enqueueing one and waiting for it */
    double host_bandwidth, link_bandwidth; /* one way */
    char link_name[48];
    double power, price, price_hour;
    char stack[24];  /* who made the libraries that networks run on: "NVIDIA", "Arete" */
    double software; /* of which year they are */
    bool direct;     /* its convolutions know no algorithm with fewer products (Winograd's) */
    int made_count;  /* of a system: devices in it, which the figures above are each of; else 1 */
    bool measured;   /* roofs were measured, not read from a datasheet */
} ar_machine;

/* parts: for systems, whose parts' figures count. */
void ar_machine_of_part(const ar_parts *parts, const ar_part *part, ar_machine *machine);

/* From a saved run (bench/README.md): its device, roofs, datasheet, software. parts: for what the run has not
 * measured. ARETE_E_FORMAT names path and field. */
arete_status ar_machine_of_run(const ar_parts *parts, const json_t *run, const char *path, ar_machine *machine);

/* The last run of a file. */
arete_status ar_machine_of_file(const ar_parts *parts, const char *path, ar_machine *machine);

/* A device of this process, by the roofs that it carries (measured ones, where they were given). */
void ar_machine_of_device(const arete_device *device, ar_machine *machine);

/* Whether a network in that type can be predicted on it; why (room 96 bytes) says what is missing. */
bool ar_machine_is_usable(const ar_machine *machine, arete_dtype dtype, char *why);

/* The least seconds that one operation takes there by its arithmetic, at the clock that lasts, and by its traffic.
 * The weights of a recurrent layer are read again at each step. */
typedef struct ar_roof_time {
    double compute, memory, launch;
} ar_roof_time;
/* cost: what ar_op_count() says of the operation. */
void ar_machine_roof(const ar_machine *machine, const ar_op *op, const ar_op_cost *cost, ar_roof_time *time);

/* Bytes that pass, once and at each further step: a recurrent layer needs its weights again. */
typedef struct ar_traffic {
    double once, again;
    double stays; /* of what is needed again: bytes that a cache would have to hold */
} ar_traffic;
void ar_op_traffic(const ar_op *op, const ar_op_cost *cost, ar_traffic *traffic);

/* max(compute, memory), from the compulsory bytes: what spreadsheets do. */
double ar_machine_naive(const ar_machine *machine, const ar_op *op, const ar_op_cost *cost);

#endif
