/* Queues and events: order, transfers, waiting, time. */
#ifndef ARETE_QUEUE_H
#define ARETE_QUEUE_H

#include "arete/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arete_queue arete_queue;
typedef struct arete_event arete_event;

/** Events that must have completed before a command starts. {0, NULL}: none. Borrowed for the call. */
typedef struct arete_wait_list {
    size_t count;
    arete_event *const *events;
} arete_wait_list;

#define ARETE_WAIT_NONE ((arete_wait_list){0, NULL})

enum { ARETE_QUEUE_PROFILING = 1 /**< events carry device times */ };

/**
 * An in-order queue: its commands run one after another. A queue may be used by one thread at a time; several
 * queues of a device may be used by several threads. On success *queue holds one reference, the caller's.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_queue_create(arete_device *device, uint32_t flags, arete_queue **queue);
ARETE_API void arete_queue_retain(arete_queue *queue);

/** Drops one reference; the last one lets enqueued work finish. NULL is fine. */
ARETE_API void arete_queue_release(arete_queue *queue);

ARETE_API arete_device *arete_queue_device(const arete_queue *queue);

/** Sees to it that the device starts what was enqueued. Does not block. */
ARETE_API arete_status arete_queue_flush(arete_queue *queue);

/** Blocks until everything enqueued has finished. Returns ARETE_OK or ARETE_E_DEVICE. */
ARETE_API arete_status arete_queue_finish(arete_queue *queue);

/**
 * Makes at least bytes of scratch memory ready on this queue, so that no later run has to: plans that need
 * workspace (arete_plan_workspace) use the queue's, unless the call brings its own. Grows, never shrinks.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_queue_reserve(arete_queue *queue, uint64_t bytes);

/**
 * Copies bytes between host memory and a buffer at offset (bytes). done NULL: blocks until the copy is done, and
 * host may be reused at once. done not NULL: only enqueues; host must stay as it is until *done has completed;
 * *done holds one reference, the caller's. Zero bytes is fine.
 * Return ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_RANGE, ARETE_E_MISMATCH, ARETE_E_MEMORY, ARETE_E_DEVICE; on failure
 * nothing was enqueued and *done is unchanged.
 */
ARETE_API arete_status arete_queue_write(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes,
                                         const void *host, arete_wait_list after, arete_event **done);
ARETE_API arete_status arete_queue_read(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes,
                                        void *host, arete_wait_list after, arete_event **done);

/** Copies bytes from one buffer of the queue's device to another; the ranges must not overlap. Only enqueues;
 *  done may be NULL. Statuses as arete_queue_write, and ARETE_E_ALIAS. */
ARETE_API arete_status arete_queue_copy(arete_queue *queue, arete_buffer *from, uint64_t from_offset,
                                        arete_buffer *to, uint64_t to_offset, uint64_t bytes,
                                        arete_event **done);

/** Repeats a pattern of 1, 2, 4, 8 or 16 bytes over bytes at offset, both multiples of it. Only enqueues; done
 *  may be NULL. Statuses as arete_queue_write. */
ARETE_API arete_status arete_queue_fill(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes,
                                        const void *pattern, size_t pattern_bytes, arete_event **done);

ARETE_API void arete_event_retain(arete_event *event);
ARETE_API void arete_event_release(arete_event *event);

/** Blocks until the command has finished; flushes its queue first. Returns ARETE_OK; ARETE_E_DEVICE or ARETE_E_MEMORY
 *  when waiting or the command itself failed. */
ARETE_API arete_status arete_event_wait(arete_event *event);

/** *complete: whether the command has finished. Does not block. */
ARETE_API arete_status arete_event_query(arete_event *event, bool *complete);

/** Seconds between start and end of the command as the device saw it. ARETE_E_UNSUPPORTED when the queue has no
 *  profiling, or the driver's clock is useless; the command must have completed. */
ARETE_API arete_status arete_event_seconds(arete_event *event, double *seconds);

#ifdef __cplusplus
}
#endif
#endif
