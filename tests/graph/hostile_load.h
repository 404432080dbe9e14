/* One load, and one run when it is small, of a file that may be anything, within bounds. */
#ifndef AR_HOSTILE_LOAD_H
#define AR_HOSTILE_LOAD_H

#include "arete/model.h"

#define HOSTILE_HOST_BYTES ((uint64_t)8 << 20)
#define HOSTILE_DEVICE_BYTES ((uint64_t)8 << 20)

/* A queue of the reference device; the context is the caller's to release, after the queue. */
arete_queue *hostile_queue(arete_context **context);

/* How the load ended; the model, if one came of it, was run once and released. */
arete_status hostile_load(arete_queue *queue, const uint8_t *data, size_t bytes);

/* The texts of all corpus files (*.txt) of a folder as models; count files. Ends the program on a failure. */
typedef struct corpus_model {
    char name[64];
    uint8_t *data;
    size_t bytes;
} corpus_model;
corpus_model *corpus_read(const char *folder, size_t *count);
void corpus_free(corpus_model *models, size_t count);

#endif
