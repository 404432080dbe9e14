/* Local memory, and reads that wait for each other. */
#include <math.h>
#include <string.h>

#include "error.h"
#include "ladder.h"
#include "os.h"

enum { LOCAL_GROUP = 256, LOCAL_STEPS = 1 << 10, CHASE_STEPS = 1 << 12, MOST_CHASE = 1 << 22 };

#define SAMPLE_SECONDS 0.004

/* A group's size that is a power of 2, with 64 bytes of local memory for each work-item. */
static size_t local_group(const arete_device_info *info) {
    size_t group = 1, most = info->max_group_size < LOCAL_GROUP ? info->max_group_size : LOCAL_GROUP;
    while (2 * group <= most && 2 * group * 64 <= info->local_bytes)
        group *= 2;
    return group;
}

/* What work-item `item` of a group must get. */
static void expected_local(size_t group, size_t item, int32_t steps, uint32_t want[4]) {
    uint32_t s[4][4] = {{0}};
    size_t mask = 4 * group - 1;
    for (int32_t i = 0; i < steps; i++)
        for (size_t k = 0; k < 4; k++)
            for (size_t lane = 0; lane < 4; lane++) {
                uint32_t word = ar_filled(4 * ((item + (size_t)i + k * group) & mask) + lane);
                s[k][lane] = k < 3 ? s[k][lane] ^ word : s[k][lane] + word;
            }
    for (int lane = 0; lane < 4; lane++)
        want[lane] = (s[0][lane] ^ s[1][lane]) ^ (s[2][lane] ^ s[3][lane]);
}

arete_status ar_local_measure(const ar_bench_device *on, const ar_series_rule *rule, ar_probe_result *result) {
    const ar_kernel *kernel;
    size_t group = local_group(on->info), groups = on->info->compute_units * (on->cpu ? 4u : 8u);
    uint32_t got[4], want[4];
    double seconds = 0;
    int32_t steps = LOCAL_STEPS;
    arete_status status = ar_memory_kernel(on, 4, "local_read", &kernel);
    ar_arg args[] = {AR_BUFFER(on->from), AR_BUFFER(on->to), AR_I32(steps), AR_LOCAL(64 * group)};
    ar_launch launch = ar_launch_of(kernel, args, 4, (ar_shape){4, groups * group, group});
    for (int i = 0; i < 3 && status == ARETE_OK; i++) { /* the first compiles */
        status = ar_time_launches(on->queue, &launch, 1, &seconds);
        if (i == 1 && seconds > 0)
            steps = (int32_t)fmin(fmax(LOCAL_STEPS * SAMPLE_SECONDS / seconds, 16), 1 << 20);
        args[2] = AR_I32(steps);
    }
    ar_launch_sampler state = {on->queue, &launch};
    ar_sampler sampler = {&state, ar_sample_launch};
    if (status == ARETE_OK)
        status = ar_series_take(rule, &sampler, 1, &result->series);
    size_t item = (groups - 1) * group + group / 2;
    if (status == ARETE_OK)
        status = arete_queue_read(on->queue, on->to, 16 * item, 16, got, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK) {
        expected_local(group, group / 2, steps, want);
        if (memcmp(got, want, sizeof got) != 0)
            status = ar_fail(ARETE_E_DEVICE, "work-item %zu read %08x, but local memory held %08x", item, got[0],
                             want[0]);
    }
    if (status != ARETE_OK) {
        ar_result_fail(result);
        return status;
    }
    result->amount = 64.0 * steps * (double)(groups * group);
    ar_result_settle(result);
    return ARETE_OK;
}

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* One cycle through all places (Sattolo 1986): each place holds the index of the next one, in words. */
static void make_cycle(uint32_t *words, size_t places, size_t apart, uint32_t *order) {
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < places; i++)
        order[i] = (uint32_t)i;
    for (size_t i = places - 1; i > 0; i--) {
        size_t j = (size_t)(random_next(&state) % i);
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < places; i++)
        words[order[i] * apart] = (uint32_t)(order[(i + 1) % places] * apart);
}

static arete_status run_chase(const ar_bench_device *on, arete_buffer *set, const uint32_t *words,
                              const ar_series_rule *rule, ar_probe_result *result) {
    const ar_kernel *kernel;
    double seconds = 0;
    int32_t steps = CHASE_STEPS;
    uint32_t got = 0, want = 0;
    arete_status status = ar_memory_kernel(on, 1, "chase", &kernel);
    ar_arg args[] = {AR_BUFFER(set), AR_BUFFER(on->to), AR_I32(steps)};
    ar_launch launch = ar_launch_of(kernel, args, 3, (ar_shape){1, 1, 1});
    while (status == ARETE_OK && steps < MOST_CHASE) {
        status = ar_time_launches(on->queue, &launch, 1, &seconds);
        if (status == ARETE_OK)
            status = ar_time_launches(on->queue, &launch, 1, &seconds);
        if (seconds >= SAMPLE_SECONDS)
            break;
        steps *= seconds < SAMPLE_SECONDS / 8 ? 4 : 2;
        args[2] = AR_I32(steps);
    }
    ar_launch_sampler state = {on->queue, &launch};
    ar_sampler sampler = {&state, ar_sample_launch};
    if (status == ARETE_OK)
        status = ar_series_take(rule, &sampler, 1, &result->series);
    if (status == ARETE_OK)
        status = arete_queue_read(on->queue, on->to, 0, 4, &got, ARETE_WAIT_NONE, NULL);
    for (int32_t i = 0; i < steps && status == ARETE_OK; i++)
        want = words[want];
    if (status == ARETE_OK && got != want)
        status =
            ar_fail(ARETE_E_DEVICE, "after %d reads the chase is at %u, but should be at %u", steps, got, want);
    result->amount = steps;
    return status;
}

arete_status ar_chase_measure(const ar_bench_device *on, arete_buffer *set, uint64_t working_set,
                              const ar_series_rule *rule, ar_probe_result *result) {
    size_t line = on->info->cache_line > 64 ? on->info->cache_line : 64;
    size_t places = (size_t)(working_set / line), bytes = places * line;
    uint32_t *words = ar_os_alloc(bytes), *order = ar_os_alloc(places * sizeof *order);
    arete_status status = ARETE_OK;
    if (!words || !order || places < 2)
        status = ar_fail_memory("a cycle of places", bytes);
    if (status == ARETE_OK) {
        make_cycle(words, places, line / 4, order);
        status = arete_queue_write(on->queue, set, 0, bytes, words, ARETE_WAIT_NONE, NULL);
    }
    if (status == ARETE_OK)
        status = run_chase(on, set, words, rule, result);
    if (status == ARETE_OK)
        ar_result_settle(result);
    else
        ar_result_fail(result);
    ar_os_free(words);
    ar_os_free(order);
    return status;
}
