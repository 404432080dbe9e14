/* Whether groups of one launch can hand data over to each other (probe.cl): the persistent solver stands on it. */
#ifndef AR_RNN_PROBE_H
#define AR_RNN_PROBE_H

#include "solver.h"

/* Reads of a counter before a group gives up: about a second, lest a busy machine look like a wrong one. */
#define RNN_PROBE_PATIENCE 500000000

/* Devices that the persistent solver is for at all. */
static inline bool ar_rnn_probe_wanted(const arete_device *device) {
    return device->info.kind == ARETE_DEVICE_CPU && !ar_runs_in_step(device);
}

/* Asks, if it was not asked yet and the answer matters; the answer stays in device->groups_meet, and a failure is
 * logged. Blocks for some milliseconds, and compiles. Any thread. Not ARETE_OK: it could not be asked. */
arete_status ar_rnn_probe(arete_device *device);

/* Asks, with fault 1 to 3 a kernel that gets it wrong: for tests. */
arete_status ar_rnn_probe_ask(arete_device *device, int fault, int32_t patience, bool *passed);

#endif
