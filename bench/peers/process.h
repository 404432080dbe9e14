/* Peers in processes of their own. The same binary is started again as `arete __peer NAME`; both talk in lines of
 * text over two pipes (protocol.h). Whoever is not running is stopped (SIGSTOP), so that threads that spin while
 * they wait take no core from the others. */
#ifndef AR_PEER_PROCESS_H
#define AR_PEER_PROCESS_H

#include <sys/types.h>

#include "compare.h"
#include "peer.h"
#include "protocol.h"
#include "race.h"
#include "stage.h"

typedef struct ar_peer_process {
    const char *name;
    pid_t pid; /* 0: not running */
    ar_lines lines;
    bool stopped;
    char version[128];
    char why[512]; /* why it is not running */
    uint32_t threads;
    char device[128];
} ar_peer_process;

/* Starts it and has it open its library. Thread counts of OpenBLAS, BLIS and OpenMP are set in its environment.
 * device: the selector of ours, for peers on OpenCL. On failure process->why says why, also in the error text. */
arete_status ar_peer_start(const char *name, uint32_t threads, const char *device, ar_peer_process *process);

/* The case, with the same data; a peer that died earlier is started again. ARETE_E_UNSUPPORTED: it refuses. */
arete_status ar_peer_prepare(ar_peer_process *process, const ar_case *of, const ar_data_spec *data, size_t copies,
                             bool prepack);
ar_contender ar_peer_contender(ar_peer_process *process);

/* Has it run once from a known state and compares a sample of its results with what our stage says they must be. */
arete_status ar_peer_check(ar_peer_process *process, ar_stage *stage, ar_comparison *comparison);

void ar_peer_drop(ar_peer_process *process);
void ar_peer_stop(ar_peer_process *process);

/* The other side: serves one peer on these descriptors until it is told to quit; the process's exit status. */
int ar_peer_serve(const char *name, int in, int out);

#endif
