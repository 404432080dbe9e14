/* Page-locked host memory, and buffers as the host sees them. All block, and are called by the queue's thread. */
#ifndef AR_HOST_H
#define AR_HOST_H

#include "objects.h"

typedef struct ar_pinned {
    void *pointer; /* NULL: nothing is held */
    arete_queue *queue;
    void *impl;
} ar_pinned;

/* ARETE_E_UNSUPPORTED where the backend has no such memory. queue must outlive it. */
arete_status ar_pinned_take(arete_queue *queue, uint64_t bytes, ar_pinned *pinned);
void ar_pinned_drop(ar_pinned *pinned); /* one that holds nothing is fine */

/* bytes at offset of a buffer of the queue's device, at *pointer until ar_buffer_unmap(). write: to be written whole,
 * what was there is lost; else to be read. The same statuses, and ARETE_E_RANGE. */
arete_status ar_buffer_map(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes, bool write,
                           void **pointer);
arete_status ar_buffer_unmap(arete_queue *queue, arete_buffer *buffer, void *pointer);

#endif
