/* A model with memory for its inputs and outputs: what a command that runs it needs. */
#ifndef AR_SESSION_H
#define AR_SESSION_H

#include "arete/model.h"

#define AR_MOST_PORTS 64

typedef struct ar_session {
    arete_model *model; /* borrowed */
    arete_queue *queue;
    arete_tensor inputs[AR_MOST_PORTS], outputs[AR_MOST_PORTS];
    size_t input_count, output_count;
    bool filled[AR_MOST_PORTS]; /* inputs without a file: noise in [-1, 1), integers 0 */
} ar_session;

/* file(of, name): the file of an input, .npy or raw, or NULL. Blocks. On failure nothing is left. */
arete_status ar_session_open(arete_model *model, const char *(*file)(const void *of, const char *name),
                             const void *of, ar_session *session);
/* Runs once and waits; *seconds as the host sees them. */
arete_status ar_session_run(ar_session *session, double *seconds);
/* Medians of several profiles, in seconds[0 .. steps-1]. */
arete_status ar_session_profile(ar_session *session, double *seconds, size_t steps);
/* Writes an output to folder/NAME.npy; path (of at least 1024 bytes): where. */
arete_status ar_session_write(ar_session *session, size_t output, const char *folder, char *path, size_t bytes);
void ar_session_close(ar_session *session);

#endif
