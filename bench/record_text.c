#include <math.h>
#include <string.h>

#include "os.h"
#include "record.h"

/* CSV: a field with a comma or a quote stands in quotes. */
static void csv_field(FILE *to, const char *text) {
    if (!strpbrk(text, ",\"\n")) {
        fprintf(to, "%s,", text);
        return;
    }
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text == '\n' ? ' ' : *text, to);
    }
    fputs("\",", to);
}

void ar_csv_head(FILE *to) {
    fputs("op,case,list,dtype,device,driver,solver,outcome,median,min,p25,p75,samples,sync_median,flops,flops_"
          "executed,"
          "bytes,gflops,gbps,bound,fraction,level,fault,passed,max_error,tolerance,peer,peer_version,peer_median,"
          "peer_passed,ratio,peer_sync_median,ratio_sync\n",
          to);
}

static void csv_own(FILE *to, const ar_case *of, const arete_device *device, const ar_record *r) {
    const arete_device_info *info = arete_device_get_info(device);
    const char *texts[] = {
        of->work->family->name,     of->text, of->list, of->dtype, info->name, info->driver, r->solver,
        ar_outcome_name(r->outcome)};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        csv_field(to, texts[i]);
    fprintf(to, "%.9g,%.9g,%.9g,%.9g,%zu,%.9g,%.17g,%.17g,%.17g,%.6g,%.6g,", r->timing.queued.median,
            r->timing.queued.min, r->timing.queued.p25, r->timing.queued.p75, r->timing.queued.count,
            r->timing.sync.median, r->cost.flops, r->cost.flops_executed, r->cost.bytes, r->gflops, r->gbps);
    fprintf(to, "%s,%.4f,%s,%d,", r->roof.known ? arete_bound_name(r->roof.bound) : "", r->roof.fraction,
            r->roof.level, r->roof.fault);
    fprintf(to, "%s,%.4g,%.4g,",
            !r->checked       ? ""
            : r->check.passed ? "1"
                              : "0",
            r->check.max_error, r->check.tolerance);
}

void ar_csv_line(FILE *to, const ar_case *of, const arete_device *device, const ar_record *r) {
    for (size_t i = 0; i < (r->peer_count ? r->peer_count : 1); i++) {
        csv_own(to, of, device, r);
        if (r->peer_count == 0) {
            fputs(",,,,,,\n", to);
            continue;
        }
        const ar_peer_result *peer = &r->peers[i];
        csv_field(to, peer->name);
        csv_field(to, peer->version);
        if (peer->ran)
            fprintf(to, "%.9g,%s,%.4f,%.9g,%.4f\n", peer->timing.queued.median,
                    !peer->checked       ? ""
                    : peer->check.passed ? "1"
                                         : "0",
                    peer->ratio, peer->timing.sync.median, peer->ratio_sync);
        else
            fputs(",,,,\n", to);
    }
}

enum { CASE_WIDTH = 44, SOLVER_WIDTH = 22, PEER_WIDTH = 12 };

void ar_table_head(FILE *to, const ar_peer_process *peers, size_t peer_count) {
    fprintf(to, "%-*s %-*s %10s %10s %9s %8s %6s %-8s %-9s", CASE_WIDTH, "case", SOLVER_WIDTH, "solver", "ms",
            "sync ms", "GFLOP/s", "GB/s", "roof", "bound", "check");
    for (size_t i = 0; i < peer_count; i++)
        fprintf(to, " %*s", PEER_WIDTH, peers[i].name);
    fputs("\n", to);
}

static void peer_columns(FILE *to, const ar_record *record) {
    for (size_t i = 0; i < record->peer_count; i++) {
        const ar_peer_result *peer = &record->peers[i];
        char text[32];
        if (!peer->ran)
            snprintf(text, sizeof text, "-");
        else
            snprintf(text, sizeof text, "%.2f %.2fx%s", peer->ratio, peer->ratio_sync,
                     !peer->checked       ? "?"
                     : peer->check.passed ? ""
                                          : "!");
        fprintf(to, " %*s", PEER_WIDTH, text);
    }
}

void ar_table_line(FILE *to, const ar_case *of, const ar_record *record, bool colour) {
    char name[AR_CASE_BYTES + 64], solver[SOLVER_WIDTH + 1], check[32], share[16] = "-";
    snprintf(name, sizeof name, "%s %s", of->work->family->name, of->text);
    snprintf(solver, sizeof solver, "%.*s", (int)strcspn(record->solver, ":"), record->solver);
    if (record->outcome != AR_PASSED) {
        fprintf(to, "%-*s %-*s %s%s%s %s\n", CASE_WIDTH, name, SOLVER_WIDTH, solver,
                colour && record->outcome == AR_FAILED ? "\033[31m" : "", ar_outcome_name(record->outcome),
                colour ? "\033[0m" : "", record->why);
        if (record->timing.count == 0)
            return;
    }
    snprintf(check, sizeof check, "%s", !record->checked ? "-" : record->check.passed ? "" : "WRONG");
    if (record->checked && record->check.passed)
        snprintf(check, sizeof check, "%.1e", record->check.max_error);
    if (record->roof.known)
        snprintf(share, sizeof share, "%.0f%%%s", 100 * record->roof.fraction, record->roof.fault ? "!" : "");
    fprintf(to, "%-*s %-*s %10.4f %10.4f %9.1f %8.1f %6s %-8s %-9s", CASE_WIDTH, name, SOLVER_WIDTH, solver,
            record->timing.queued.median * 1e3, record->timing.sync.median * 1e3, record->gflops, record->gbps,
            share, record->roof.known ? arete_bound_name(record->roof.bound) : "-", check);
    peer_columns(to, record);
    fputs("\n", to);
    if (record->latency.calls)
        fprintf(to,
                "    %zu single calls, each waited for: median %.1f us, 99%% within %.1f us, longest %.1f us; "
                "%.0f launches a call\n",
                record->latency.calls, 1e6 * record->latency.median, 1e6 * record->latency.p99,
                1e6 * record->latency.max, record->cost.launches);
    if (record->roof.fault)
        fprintf(to, "    measurement fault: %s\n", record->roof.why);
}

/* Peers stand in the same place in every record. */
static double mean_of_peer(ar_record *const *records, size_t count, size_t peer, double *ratios, size_t *used) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (peer < records[i]->peer_count && records[i]->peers[peer].ran && records[i]->outcome == AR_PASSED)
            ratios[n++] = records[i]->peers[peer].ratio;
    return ar_geometric_mean(ratios, n, used);
}

static void left_out(FILE *to, ar_record *const *records, size_t count, size_t peer) {
    const ar_peer_result *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (peer < records[i]->peer_count && !records[i]->peers[peer].ran) {
            first = first ? first : &records[i]->peers[peer];
            n++;
        }
    if (n > 0)
        fprintf(to, "%s did not run %zu of the cases; the first because: %s\n", first->name, n, first->why);
}

void ar_table_mean(FILE *to, ar_record *const *records, size_t count) {
    size_t peers = 0, used;
    for (size_t i = 0; i < count; i++)
        peers = records[i]->peer_count > peers ? records[i]->peer_count : peers;
    double *ratios = ar_os_alloc((count + 1) * sizeof *ratios),
           *fastest = ar_os_alloc((count + 1) * sizeof *fastest);
    size_t n = 0;
    double worst = INFINITY;
    for (size_t i = 0; i < count && ratios && fastest; i++) {
        double least = INFINITY;
        for (size_t p = 0; p < records[i]->peer_count; p++)
            if (records[i]->peers[p].ran && records[i]->outcome == AR_PASSED)
                least = fmin(least, records[i]->peers[p].ratio);
        if (isfinite(least)) {
            fastest[n++] = least;
            worst = fmin(worst, least);
        }
    }
    for (size_t p = 0; p < peers && ratios && fastest; p++) {
        double mean = mean_of_peer(records, count, p, ratios, &used);
        for (size_t i = 0; i < count; i++)
            if (p < records[i]->peer_count) {
                fprintf(to, "geometric mean against %-9s %6.2fx over %zu cases\n", records[i]->peers[p].name, mean,
                        used);
                break;
            }
    }
    for (size_t p = 0; p < peers; p++)
        left_out(to, records, count, p);
    if (n > 0)
        fprintf(to, "geometric mean against the fastest of them, case by case: %.2fx over %zu cases, worst %.2fx\n",
                ar_geometric_mean(fastest, n, NULL), n, worst);
    ar_os_free(ratios);
    ar_os_free(fastest);
}

/* Of the cases of list: the sum of their times by contender (peer; ours where peer is past the last). false: one of
 * them has none. */
static bool sum_of(const ar_case_set *cases, ar_record *const *records, size_t count, const char *list, size_t peer,
                   double *seconds, int64_t *times) {
    bool all = true;
    *seconds = 0;
    *times = 0;
    for (size_t i = 0; i < count; i++) {
        const ar_case *of = &cases->cases[i];
        if (of->times == 0 || strcmp(of->list, list) != 0)
            continue;
        const ar_record *r = records[i];
        bool ours = peer >= AR_MAX_PEERS;
        bool ran = ours ? r->outcome == AR_PASSED : peer < r->peer_count && r->peers[peer].ran;
        all = all && ran;
        if (ran)
            *seconds += (double)of->times * (ours ? r->timing.queued.median : r->peers[peer].timing.queued.median);
        *times += of->times;
    }
    return all;
}

void ar_table_sums(FILE *to, const ar_case_set *cases, ar_record *const *records, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *list = cases->cases[i].list;
        bool first = cases->cases[i].times != 0;
        for (size_t j = 0; j < i && first; j++)
            first = cases->cases[j].times == 0 || strcmp(cases->cases[j].list, list) != 0;
        double ours, peer;
        int64_t times;
        if (!first)
            continue;
        if (!sum_of(cases, records, count, list, AR_MAX_PEERS, &ours, &times)) {
            fprintf(to, "no sum over %s: not every case passed\n", list);
            continue;
        }
        fprintf(to, "sum over %s, %lld operations: %.3f ms", list, (long long)times, 1e3 * ours);
        for (size_t p = 0; p < records[i]->peer_count; p++)
            if (sum_of(cases, records, count, list, p, &peer, &times))
                fprintf(to, "; %s %.3f ms, %.2fx", records[i]->peers[p].name, 1e3 * peer, peer / ours);
        fputs("\n", to);
    }
}
