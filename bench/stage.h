/* A case set up on a device, ready to run: plan, data on host and device, packed weights, workspace. Checks and
 * timings both stand on it. */
#ifndef AR_STAGE_H
#define AR_STAGE_H

#include "cases.h"
#include "data.h"

typedef struct ar_stage_spec {
    const ar_case *of;
    arete_device *device;
    const char *solver; /* NULL: as the library chooses */
    ar_data_spec data;
    bool views;     /* operands at odd offsets */
    bool workspace; /* our own, NaN-poisoned, with a guard behind; else the queue's */
} ar_stage_spec;

typedef struct ar_stage {
    ar_stage_spec spec;
    arete_queue *queue;
    arete_plan *plan;
    ar_block host[AR_MAX_OPERANDS]; /* operands as they are before a run */
    size_t copies;                  /* sets of operands on the device, which calls take in turn */
    arete_tensor *tensors;          /* copies * of->count, owning their buffers */
    arete_buffer **packed;          /* copies; all NULL when nothing is packed */
    bool is_packed;                 /* the case asked for it, and the solver can */
    arete_buffer *workspace;        /* NULL: the queue's */
    uint64_t workspace_bytes;
} ar_stage;

/* Plans first: a solver that cannot run the case is ARETE_E_UNSUPPORTED (or ARETE_E_NOT_FOUND) before any memory is
 * touched. On failure nothing is left. */
arete_status ar_stage_open(const ar_stage_spec *spec, ar_stage *stage);
/* Adds the operands' sets on the device up to copies, filled with the host's data; weights are packed here. */
arete_status ar_stage_load(ar_stage *stage, size_t copies);
/* Writes that set's outputs (all: every operand) and the workspace as they are before a run. Blocks. */
arete_status ar_stage_restore(ar_stage *stage, size_t copy, bool all);
arete_status ar_stage_run(ar_stage *stage, size_t copy, arete_event **done);
/* That operand's whole block as it is on the device now. Blocks. Freed by ar_block_free. */
arete_status ar_stage_read(ar_stage *stage, size_t copy, size_t operand, ar_block *block);
/* Whether the bytes behind the workspace are as they were. True without own workspace. Blocks. */
arete_status ar_stage_workspace_unharmed(ar_stage *stage, bool *unharmed);
void ar_stage_close(ar_stage *stage);

#endif
