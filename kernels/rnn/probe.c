/* Whether groups of one launch can hand data over to each other on a device: asked once, kept with the device. */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "probe.h"
#include "solver_common.h"
#include "sources.h"

/* As in probe.cl and meeting.h. */
enum { CHUNKS = 25, LINE = 16, MEET_PITCH = 32, MOST_GROUPS = 64, STAGES = 200 };

/* What the words must be after all stages. */
static void expect(uint32_t words[2][CHUNKS][LINE]) {
    memset(words, 0, sizeof(uint32_t[2][CHUNKS][LINE]));
    for (uint32_t stage = 0; stage < STAGES; stage++)
        for (uint32_t i = 0; i < LINE; i++) {
            uint32_t sum = 0;
            for (uint32_t d = 0; d < CHUNKS; d++)
                sum += (2 * d + 1) * words[stage % 2][d][i];
            for (uint32_t c = 0; c < CHUNKS; c++)
                words[(stage + 1) % 2][c][i] = c + i + stage + sum;
        }
}

static arete_status launch(arete_queue *queue, const ar_kernel *kernel, arete_buffer *words, arete_buffer *meet,
                           size_t groups, int32_t patience) {
    const ar_arg args[] = {AR_I32(STAGES), AR_I32(patience), AR_BUFFER(words), AR_BUFFER(meet)};
    const size_t all[3] = {groups, 1, 1};
    rnn_course course = {.queue = queue};
    return ar_rnn_launch(&course, kernel, all, 1, args, sizeof args / sizeof args[0], NULL);
}

static arete_status ask(arete_device *device, arete_queue *queue, const ar_kernel *kernel, size_t groups,
                        int32_t patience, bool *passed) {
    uint32_t want[2][CHUNKS][LINE], got[2][CHUNKS][LINE];
    int32_t done = 0;
    const uint32_t zero = 0;
    arete_buffer *words = NULL, *meet = NULL;
    uint64_t meet_bytes = (1 + groups) * MEET_PITCH * 4;
    arete_status status = arete_buffer_create(device, sizeof want, &words);
    if (status == ARETE_OK)
        status = arete_buffer_create(device, meet_bytes, &meet);
    if (status == ARETE_OK)
        status = arete_queue_fill(queue, words, 0, sizeof want, &zero, sizeof zero, NULL);
    if (status == ARETE_OK)
        status = arete_queue_fill(queue, meet, 0, meet_bytes, &zero, sizeof zero, NULL);
    if (status == ARETE_OK)
        status = launch(queue, kernel, words, meet, groups, patience);
    if (status == ARETE_OK)
        status = arete_queue_read(queue, words, 0, sizeof got, got, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_read(queue, meet, 0, sizeof done, &done, ARETE_WAIT_NONE, NULL);
    expect(want);
    *passed = status == ARETE_OK && done == STAGES * CHUNKS && memcmp(got, want, sizeof got) == 0;
    arete_buffer_release(words);
    arete_buffer_release(meet);
    return status;
}

arete_status ar_rnn_probe_ask(arete_device *device, int fault, int32_t patience, bool *passed) {
    const ar_kernel *kernel = NULL;
    arete_queue *queue = NULL;
    char options[32];
    size_t units = device->info.compute_units ? device->info.compute_units : 1;
    size_t groups = units < MOST_GROUPS ? units : MOST_GROUPS;
    *passed = false;
    snprintf(options, sizeof options, fault ? "-DFAULT=%d" : "", fault);
    arete_status status = ar_kernel_get(device, &ar_source_rnn_probe, options, "rnn_probe", &kernel);
    if (status == ARETE_OK)
        status = arete_queue_create(device, 0, &queue);
    if (status == ARETE_OK)
        status = ask(device, queue, kernel, groups, patience, passed);
    if (status == ARETE_OK && *passed) /* more groups than can run at once */
        status = ask(device, queue, kernel, 2 * groups + 1, patience, passed);
    arete_queue_release(queue);
    return status;
}

arete_status ar_rnn_probe(arete_device *device) {
    bool passed;
    if (!ar_rnn_probe_wanted(device) || atomic_load(&device->groups_meet) != AR_MEET_UNKNOWN)
        return ARETE_OK;
    arete_status status = ar_rnn_probe_ask(device, 0, RNN_PROBE_PATIENCE, &passed);
    if (status != ARETE_OK)
        return ar_fail_within(status, "while asking whether groups of a launch can wait for each other");
    atomic_store(&device->groups_meet, passed ? AR_MEET_PASSED : AR_MEET_FAILED);
    if (!passed)
        ar_log(device->context, ARETE_LOG_WARN,
               "%s: groups of one launch cannot hand data over to each other: recurrent layers take a launch "
               "for each step",
               device->info.id);
    return ARETE_OK;
}
