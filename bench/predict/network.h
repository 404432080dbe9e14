/* A whole network as its operations one after another on a device of this machine, timed; and how near the sum of
 * predictions comes to it. */
#ifndef AR_NETWORK_H
#define AR_NETWORK_H

#include <stdio.h>

#include "forecast.h"
#include "roofs.h"
#include "statistics.h"
#include "workload.h"

#define AR_NETWORK_SAMPLES 64

typedef struct ar_network_time {
    double samples[AR_NETWORK_SAMPLES]; /* seconds of a pass through the network */
    ar_statistics seconds;
    double operations; /* that were run, of the network's */
    double left_out;   /* that no family runs (embeddings) */
    char why[256];     /* of the first that was left out, or could not be planned */
} ar_network_time;

/* Every operation with operands, and weights packed ahead, of its own (each repetition, too), queued in order; one
 * wait a pass. At least 3 passes after a warm-up, until budget seconds are used up. bytes_most: ARETE_E_MEMORY when
 * the operands come to more. */
arete_status ar_network_measure(arete_device *device, const ar_workload *workload, double budget,
                                uint64_t bytes_most, ar_network_time *time);

/* The sum over the operations that ar_network_measure() runs. */
void ar_network_predict(const ar_forecast *forecast, const ar_workload *workload, ar_estimate *sum);

/* A line for each operation: its prediction, and where a run of that device in the forecast's experience measured
 * the very operation for this network, that figure beside it, which the prediction did not use. */
void ar_network_explain(FILE *to, const ar_experience *experience, const ar_forecast *forecast, const char *device,
                        const ar_workload *workload);

/* A saved run's entry of "networks", and the run: device, roofs, networks. networks stays the caller's. */
json_t *ar_network_json(const char *word, const ar_workload *workload, const ar_network_time *time);
arete_status ar_networks_write(const arete_device *device, const ar_measured_roofs *roofs, json_t *networks,
                               const char *path);

#endif
