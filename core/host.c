#include "host.h"

#include "backend.h"

static arete_status have_host(const arete_queue *queue) {
    if (queue->device->backend->host)
        return ARETE_OK;
    return ar_fail(ARETE_E_UNSUPPORTED, "%s has neither page-locked nor mapped memory", queue->device->info.id);
}

arete_status ar_pinned_take(arete_queue *queue, uint64_t bytes, ar_pinned *pinned) {
    arete_status status = have_host(queue);
    *pinned = (ar_pinned){.queue = queue};
    return status == ARETE_OK ? queue->device->backend->host->pin(queue, bytes, &pinned->impl, &pinned->pointer)
                              : status;
}

void ar_pinned_drop(ar_pinned *pinned) {
    if (pinned->pointer)
        pinned->queue->device->backend->host->unpin(pinned->queue, pinned->impl, pinned->pointer);
    pinned->pointer = NULL;
}

arete_status ar_buffer_map(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes, bool write,
                           void **pointer) {
    arete_status status = have_host(queue);
    if (status == ARETE_OK && (bytes == 0 || offset > buffer->bytes || bytes > buffer->bytes - offset))
        status = ar_fail(ARETE_E_RANGE, "mapping %llu bytes at %llu of a buffer of %llu", (unsigned long long)bytes,
                         (unsigned long long)offset, (unsigned long long)buffer->bytes);
    return status == ARETE_OK
               ? queue->device->backend->host->map(queue, buffer, offset, bytes, write, pointer)
               : status;
}

arete_status ar_buffer_unmap(arete_queue *queue, arete_buffer *buffer, void *pointer) {
    arete_status status = have_host(queue);
    return status == ARETE_OK ? queue->device->backend->host->unmap(queue, buffer, pointer) : status;
}
