/* Tuning: which solver with which parameters is the fastest for a case on this device; every candidate is checked
 * before it is timed, and the winner is kept (arete_plan_record). */
#ifndef AR_TUNE_H
#define AR_TUNE_H

#include "bench.h"

typedef struct ar_tune_spec {
    arete_device *device;
    ar_data_spec data;
    const char *only; /* a solver's name, or NULL: all that apply */
    double prune;     /* candidates whose estimate is above so many times the best measured time are left out */
    double budget;    /* seconds for the case */
    ar_measured_roofs *roofs; /* for estimates and rotation */
    ar_rotation rotation;
    /* Told of each candidate that was tried; seconds 0: it was refused, why says why. May be NULL. */
    void (*told)(void *user, const char *solver, double seconds, const char *why);
    void *user;
} ar_tune_spec;

typedef struct ar_tune_result {
    char solver[256]; /* the winner, with parameters */
    double seconds;
    char before[256]; /* what would be chosen without records of this run */
    double before_seconds;
    size_t tried, pruned, refused, wrong;
    size_t held_back; /* would run, but ask to be chosen by name (--solver) only */
    bool out_of_time; /* the budget ended the search */
} ar_tune_result;

/* ARETE_E_UNSUPPORTED when no solver applies. ARETE_E_IO: found, but kept in this context only. */
arete_status ar_tune_case(const ar_tune_spec *spec, const ar_case *of, ar_tune_result *result);

#endif
