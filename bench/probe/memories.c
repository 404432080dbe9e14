/* The probes of memory. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "ladder.h"
#include "os.h"
#include "probe.h"

enum { MOST_SIZES = 40, MOST_KNEES = 6, LEAST_SET = 16 << 10 };

static const char *size_text(uint64_t bytes, char *text, size_t room) {
    static const char *const units[] = {"B", "K", "M", "G"};
    int unit = 0;
    uint64_t value = bytes;
    for (; value >= 1024 && value % 1024 == 0 && unit < 3; unit++)
        value /= 1024;
    snprintf(text, room, "%llu%s", (unsigned long long)value, units[unit]);
    return text;
}

/* Working sets: from 16 KB by twos to the size of the buffers; quick: the rungs alone. */
static size_t ladder_sizes(const ar_probing *p, uint64_t sizes[MOST_SIZES]) {
    size_t count = 0;
    if (p->spec->quick) {
        uint64_t rungs[AR_RUNGS];
        ar_rung_sizes(&p->on, rungs);
        for (int i = 0; i < AR_RUNGS; i++)
            if (rungs[i] > 0)
                sizes[count++] = rungs[i];
        return count;
    }
    for (uint64_t size = LEAST_SET; size < p->on.bytes && count + 1 < MOST_SIZES; size *= 2)
        sizes[count++] = size;
    sizes[count++] = p->on.bytes;
    return count;
}

/* One operation over one size by the better width; *best: that result's index in part, -1: none. */
static arete_status measure_size(ar_probing *p, ar_probe_part *part, ar_memory_op op, uint64_t bytes, int *best) {
    uint32_t widths[2];
    size_t count = ar_memory_widths(&p->on, widths);
    char text[24];
    ar_series_rule rule = p->rule;
    rule.budget = p->spec->quick ? 0.06 : 0.1;
    *best = -1;
    for (size_t i = 0; i < count; i++) {
        ar_probe_result *result = ar_result_add(part, AR_PER_SECOND_BYTES, "%s %s x%u", ar_memory_op_name(op),
                                                size_text(bytes, text, sizeof text), widths[i]);
        if (!result)
            return ARETE_E_MEMORY;
        arete_status status = ar_memory_measure(&p->on, op, bytes, widths[i], &rule, &p->oracle, result);
        if (status == ARETE_E_UNSUPPORTED) { /* too small for the device: no figure, nothing wrong */
            part->count--;
            continue;
        }
        if (status != ARETE_OK)
            return status;
        int index = (int)part->count - 1;
        if (*best < 0 || part->results[index].best > part->results[*best].best)
            *best = index;
    }
    return ARETE_OK;
}

/* The rung's bandwidth is that of the largest set of the ladder that it bounds. */
static void take_rungs(ar_probing *p, const uint64_t *sizes, const double *best, size_t count) {
    ar_measured_roofs *roofs = &p->report->roofs;
    uint64_t wanted[AR_RUNGS];
    ar_rung_sizes(&p->on, wanted);
    for (int i = 0; i < AR_RUNGS; i++) {
        size_t at = count;
        for (size_t j = 0; j < count; j++)
            if (sizes[j] <= wanted[i] && best[j] > 0)
                at = j;
        roofs->rungs[i] = ar_rung_of(wanted[i], i == AR_RUNGS - 1);
        if (wanted[i] > 0 && at < count && (i == 0 || at > 0))
            roofs->rungs[i].bandwidth = best[at];
    }
}

static void name_knees(ar_probe_part *part, const uint64_t *sizes, const double *best, size_t count) {
    ar_knee knees[MOST_KNEES];
    size_t found = ar_find_knees(sizes, best, count, knees, MOST_KNEES);
    char below[24], above[24], text[256] = "";
    json_t *list = json_array();
    for (size_t i = 0; i < found; i++) {
        size_text(knees[i].below, below, sizeof below);
        size_text(knees[i].above, above, sizeof above);
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:I, s:f, s:f}", "name", i == 0 ? "first cache" : "next cache",
                                        "fits", (json_int_t)knees[i].below, "exceeds", (json_int_t)knees[i].above,
                                        "from", knees[i].from, "to", knees[i].to));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sa cache between %s and %s", i ? ", " : "",
                 below, above);
    }
    if (!part->facts)
        part->facts = json_object();
    json_object_set_new(part->facts, "knees", list);
    if (found)
        snprintf(part->summary + strlen(part->summary), sizeof part->summary - strlen(part->summary), "; %s", text);
}

arete_status ar_probe_bandwidth(ar_probing *p, ar_probe_part *part) {
    uint64_t sizes[MOST_SIZES];
    double best[MOST_SIZES], median[AR_MEMORY_OPS] = {0}, far[AR_MEMORY_OPS] = {0};
    ar_measured_roofs *roofs = &p->report->roofs;
    size_t count = ladder_sizes(p, sizes);
    arete_status status = ARETE_OK;
    for (int op = 0; op < AR_MEMORY_OPS && status == ARETE_OK; op++)
        for (size_t i = p->spec->quick && op != AR_READ ? count - 1 : 0; i < count && status == ARETE_OK; i++) {
            int index;
            status = measure_size(p, part, (ar_memory_op)op, sizes[i], &index);
            double rate = status == ARETE_OK && index >= 0 ? part->results[index].best : 0;
            if (op == AR_READ)
                best[i] = rate;
            if (i + 1 == count && rate > 0) {
                far[op] = rate;
                median[op] = part->results[index].value;
                part->winner = far[op] >= fmax(far[AR_READ], far[AR_COPY]) ? index : part->winner;
            }
        }
    if (status != ARETE_OK)
        return status;
    take_rungs(p, sizes, best, count);
    roofs->read_bandwidth = median[AR_READ];
    roofs->write_bandwidth = median[AR_WRITE];
    roofs->copy_bandwidth = median[AR_COPY];
    roofs->triad_bandwidth = median[AR_TRIAD];
    roofs->roofs.bandwidth = fmax(far[AR_READ], fmax(far[AR_COPY], far[AR_TRIAD]));
    roofs->rungs[AR_RUNGS - 1].bandwidth = roofs->roofs.bandwidth;
    roofs->roofs.cache_bandwidth = roofs->rungs[AR_RUNGS - 2].bandwidth;
    snprintf(part->summary, sizeof part->summary,
             "memory GB/s by the median: read %.1f, write %.1f, copy %.1f, triad %.1f", median[AR_READ] * 1e-9,
             median[AR_WRITE] * 1e-9, median[AR_COPY] * 1e-9, median[AR_TRIAD] * 1e-9);
    if (!p->spec->quick)
        name_knees(part, sizes, best, count);
    return roofs->roofs.bandwidth > 0 ? ARETE_OK : ar_fail(ARETE_E_DEVICE, "no figure of global memory");
}

/* Whether memory is faster when its content compresses: then a figure of constant data says nothing. */
arete_status ar_probe_data(ar_probing *p, ar_probe_part *part) {
    static const char *const kinds[] = {"bits of a hash", "all alike"};
    uint32_t widths[2];
    double rates[2] = {0};
    (void)ar_memory_widths(&p->on, widths);
    arete_status status = ARETE_OK;
    for (int kind = 0; kind < 2 && status == ARETE_OK; kind++) {
        ar_probe_result *result = ar_result_add(part, AR_PER_SECOND_BYTES, "read memory, %s", kinds[kind]);
        if (!result)
            return ARETE_E_MEMORY;
        p->oracle = (ar_memory_oracle){.alike = kind == 1};
        status = ar_bench_device_fill(&p->on, p->on.from, kind);
        if (status == ARETE_OK)
            status = ar_memory_measure(&p->on, AR_READ, p->on.bytes, widths[0], &p->rule, &p->oracle, result);
        rates[kind] = result->best;
    }
    p->oracle = (ar_memory_oracle){0};
    arete_status restored = ar_bench_device_fill(&p->on, p->on.from, 0);
    if (status != ARETE_OK || restored != ARETE_OK)
        return status != ARETE_OK ? status : restored;
    part->winner = 0;
    ar_part_fact(part, "alike_over_random", rates[1] / rates[0]);
    snprintf(part->summary, sizeof part->summary, "data that compress are read at %.2fx the speed%s",
             rates[1] / rates[0], rates[1] > 1.1 * rates[0] ? ": this memory compresses, or was disturbed" : "");
    return ARETE_OK;
}

arete_status ar_probe_local(ar_probing *p, ar_probe_part *part) {
    ar_probe_result *result = ar_result_add(part, AR_PER_SECOND_BYTES, "read local memory");
    if (!result)
        return ARETE_E_MEMORY;
    arete_status status = ar_local_measure(&p->on, &p->rule, result);
    if (status != ARETE_OK)
        return status;
    part->winner = 0;
    snprintf(part->summary, sizeof part->summary, "%.1f GB/s%s", result->best * 1e-9,
             p->on.info->local_is_dedicated ? ""
                                            : "; it is plain memory here, and work-items of a group take turns");
    return ARETE_OK;
}

arete_status ar_probe_latency(ar_probing *p, ar_probe_part *part) {
    arete_buffer *set = NULL;
    char text[24];
    uint64_t most = p->spec->quick && p->on.bytes > (64u << 20) ? 64u << 20 : p->on.bytes;
    arete_status status = arete_buffer_create(p->on.device, most, &set);
    ar_series_rule rule = p->rule;
    rule.budget = 0.08;
    double nearest = 0, farthest = 0;
    for (uint64_t size = LEAST_SET; status == ARETE_OK; size *= p->spec->quick ? 64 : 4) {
        size = size < most ? size : most;
        ar_probe_result *result = ar_result_add(part, AR_SECONDS, "%s", size_text(size, text, sizeof text));
        status = result ? ar_chase_measure(&p->on, set, size, &rule, result) : ARETE_E_MEMORY;
        if (status != ARETE_OK)
            break;
        nearest = nearest > 0 ? nearest : result->value;
        farthest = result->value;
        if (size == most)
            break;
    }
    arete_buffer_release(set);
    if (status != ARETE_OK)
        return status;
    part->winner = (int)part->count - 1;
    p->report->roofs.latency_seconds = farthest;
    snprintf(part->summary, sizeof part->summary,
             "%.1f ns nearest, %.0f ns in %s (the translation of addresses included)", nearest * 1e9,
             farthest * 1e9, size_text(most, text, sizeof text));
    return ARETE_OK;
}
