/* The probes of transfers and launches. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "probe.h"
#include "transfer.h"

enum { MOST_POINTS = 8 };

/* t = a + n/b through the sizes of one kind and way; the fit goes among the facts. */
static arete_status measure_way(ar_probing *p, ar_probe_part *part, ar_transfer *transfer, ar_host_kind kind,
                                ar_way way, json_t *fits) {
    double amounts[MOST_POINTS], seconds[MOST_POINTS];
    size_t points = 0;
    ar_series_rule rule = p->rule;
    rule.budget = p->spec->quick ? 0.02 : 0.06;
    rule.warm_budget = 0.01;
    for (uint64_t bytes = 4 << 10; points < MOST_POINTS; bytes *= p->spec->quick ? 64 : 8) {
        bytes = bytes < transfer->bytes ? bytes : transfer->bytes;
        ar_probe_result *result = ar_result_add(part, AR_PER_SECOND_BYTES, "%s %s %lluK", ar_host_kind_name(kind),
                                                ar_way_name(way), (unsigned long long)(bytes >> 10));
        if (!result)
            return ARETE_E_MEMORY;
        arete_status status = ar_transfer_measure(transfer, kind, way, bytes, &rule, result);
        if (status != ARETE_OK) {
            part->count -= status == ARETE_E_UNSUPPORTED;
            return status;
        }
        amounts[points] = result->amount;
        seconds[points++] = result->series.seconds.median;
        if (bytes == transfer->bytes)
            break;
    }
    ar_line line = ar_line_fit(amounts, seconds, points);
    if (line.rate <= 0)
        return ARETE_OK;
    json_array_append_new(fits, json_pack("{s:s, s:s, s:f, s:f, s:f}", "memory", ar_host_kind_name(kind), "way",
                                          ar_way_name(way), "seconds", line.seconds, "bandwidth", line.rate,
                                          "worst_deviation", line.worst));
    ar_transfer_cost *cost = &p->report->roofs.transfers[way];
    if (kind != AR_MAPPED) /* page-locked memory comes after pageable, and stands */
        *cost = (ar_transfer_cost){line.seconds, line.rate};
    return ARETE_OK;
}

arete_status ar_probe_transfers(ar_probing *p, ar_probe_part *part) {
    ar_transfer transfer;
    arete_status status = ar_transfer_open(&p->on, p->spec->quick ? 16u << 20 : 64u << 20, &transfer);
    if (status != ARETE_OK)
        return status;
    json_t *fits = json_array();
    for (int kind = 0; kind < AR_HOST_KINDS && status == ARETE_OK; kind++)
        for (int way = 0; way < AR_WAYS && status == ARETE_OK; way++) {
            status = measure_way(p, part, &transfer, (ar_host_kind)kind, (ar_way)way, fits);
            if (status == ARETE_E_UNSUPPORTED)
                status = ARETE_OK; /* mapping goes one way; page-locked memory may not be there */
        }
    if (!part->facts)
        part->facts = json_object();
    json_object_set_new(part->facts, "fits", fits);
    if (transfer.no_pinned[0])
        json_object_set_new(part->facts, "no_pinned", json_string(transfer.no_pinned));
    ar_transfer_close(&transfer);
    const ar_transfer_cost *cost = p->report->roofs.transfers;
    snprintf(part->summary, sizeof part->summary,
             "to the device %.1f us + %.1f GB/s, from it %.1f us + %.1f GB/s, both at once %.1f GB/s%s",
             cost[0].seconds * 1e6, cost[0].bandwidth * 1e-9, cost[1].seconds * 1e6, cost[1].bandwidth * 1e-9,
             cost[2].bandwidth * 1e-9, p->on.info->unified_memory ? " (shared memory: copies)" : "");
    return status;
}

static int rising(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void percentiles(ar_probe_part *part, const ar_series *series) {
    static const struct {
        const char *key;
        double q;
    } wanted[] = {{"sync_p50", 0.5}, {"sync_p90", 0.9}, {"sync_p99", 0.99}};
    double sorted[AR_SERIES_MOST];
    memcpy(sorted, series->samples, series->count * sizeof *sorted);
    qsort(sorted, series->count, sizeof *sorted, rising);
    for (size_t i = 0; i < 3 && series->count; i++)
        ar_part_fact(part, wanted[i].key, ar_quantile(sorted, series->count, wanted[i].q));
}

arete_status ar_probe_launches(ar_probing *p, ar_probe_part *part) {
    static const size_t groups[] = {1, 64, 4096};
    double amounts[3], seconds[3];
    arete_roofs *roofs = &p->report->roofs.roofs;
    ar_series_rule rule = p->rule;
    arete_status status = ARETE_OK;
    rule.budget = p->spec->quick ? 0.05 : 0.3;
    for (int i = 0; i < 4 && status == ARETE_OK; i++) {
        bool queued = i < 3;
        ar_probe_result *result = ar_result_add(part, AR_SECONDS, queued ? "queued, %zu groups" : "with a wait",
                                                queued ? groups[i] : (size_t)1);
        if (!result)
            return ARETE_E_MEMORY;
        rule.least = queued ? 10 : AR_SERIES_MOST;
        status = ar_launch_measure(&p->on, queued ? groups[i] : 1, queued, &rule, result);
        if (status != ARETE_OK)
            return status;
        if (queued) {
            amounts[i] = (double)groups[i];
            seconds[i] = result->value;
        }
        if (i == 0)
            roofs->launch_seconds = result->value;
        if (!queued) {
            roofs->sync_seconds = result->value;
            percentiles(part, &result->series);
        }
    }
    ar_line line = ar_line_fit(amounts, seconds, 3);
    if (line.rate > 0) {
        ar_part_fact(part, "queued_seconds", line.seconds);
        ar_part_fact(part, "seconds_per_group", 1 / line.rate);
    }
    part->winner = 0;
    snprintf(part->summary, sizeof part->summary, "%.2f us queued, %.1f us with a wait%s",
             roofs->launch_seconds * 1e6, roofs->sync_seconds * 1e6, "");
    if (line.rate > 0)
        snprintf(part->summary + strlen(part->summary), sizeof part->summary - strlen(part->summary),
                 "; %.1f ns a group", 1e9 / line.rate);
    return ARETE_OK;
}
