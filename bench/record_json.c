#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "record.h"

/* JSON has no infinity and no NaN: they become null. */
static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *samples_json(const double *samples, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, number(samples[i]));
    return list;
}

static json_t *seconds_json(const ar_statistics *of, const double *samples) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "median", number(of->median), "min", number(of->min),
                     "p25", number(of->p25), "p75", number(of->p75), "spread", number(of->spread), "uncertainty",
                     number(of->uncertainty), "samples", samples_json(samples, of->count));
}

static json_t *check_json(bool checked, const ar_comparison *check) {
    if (!checked)
        return json_null();
    return json_pack("{s:b, s:o, s:o, s:I, s:b}", "passed", (int)check->passed, "max_error",
                     number(check->max_error), "tolerance", number(check->tolerance), "elements",
                     (json_int_t)check->checked, "all", (int)check->all);
}

static json_t *roof_json(const ar_roof_share *roof) {
    if (!roof->known)
        return json_pack("{s:n, s:n, s:s}", "bound", "fraction", "why", "the unit's peak was not measured");
    json_t *json = json_pack("{s:s, s:o, s:s, s:o, s:o, s:b}", "bound", arete_bound_name(roof->bound), "fraction",
                             number(roof->fraction), "level", roof->level, "peak", number(roof->peak), "bandwidth",
                             number(roof->bandwidth), "fault", (int)roof->fault);
    if (json && roof->read_median > 0)
        json_object_set_new(
            json, "read",
            json_pack("{s:o, s:o}", "median", number(roof->read_median), "best", number(roof->read_best)));
    if (json && roof->fault)
        json_object_set_new(json, "why", json_string(roof->why));
    return json;
}

static json_t *peer_json(const ar_peer_result *peer) {
    json_t *json = json_pack("{s:s}", "version", peer->version);
    if (!json)
        return NULL;
    if (peer->ran) {
        json_object_set_new(json, "seconds", seconds_json(&peer->timing.queued, peer->timing.samples));
        json_object_set_new(json, "seconds_sync", seconds_json(&peer->timing.sync, peer->timing.sync_samples));
        json_object_set_new(json, "calls_per_sample", json_integer((json_int_t)peer->timing.calls));
        json_object_set_new(json, "stopped", json_string(ar_stop_name(peer->timing.stop)));
        json_object_set_new(json, "check", check_json(peer->checked, &peer->check));
        json_object_set_new(json, "ratio", number(peer->ratio));
        json_object_set_new(json, "ratio_sync", number(peer->ratio_sync));
    }
    if (peer->why[0])
        json_object_set_new(json, "why", json_string(peer->why));
    return json;
}

static json_t *timing_json(const ar_record *record) {
    const ar_timing *t = &record->timing;
    return json_pack("{s:o, s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "seconds",
                     seconds_json(&t->queued, t->samples), "seconds_sync", seconds_json(&t->sync, t->sync_samples),
                     "calls_per_sample", (json_int_t)t->calls, "stopped", ar_stop_name(t->stop), "flops",
                     number(record->cost.flops), "flops_executed", number(record->cost.flops_executed), "bytes",
                     number(record->cost.bytes), "gflops", number(record->gflops), "gbps", number(record->gbps),
                     "estimate", number(record->estimate));
}

json_t *ar_record_json(const ar_case *of, const arete_device *device, const ar_record *record) {
    const arete_device_info *info = arete_device_get_info(device);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "op", of->work->family->name,
                             "case", of->text, "list", of->list, "dtype", of->dtype, "device", info->name, "driver",
                             info->driver, "solver", record->solver, "choice", record->choice, "outcome",
                             ar_outcome_name(record->outcome), "packed", (int)record->packed);
    if (!json)
        return NULL;
    if (of->times > 0)
        json_object_set_new(json, "times", json_integer((json_int_t)of->times));
    if (record->why[0])
        json_object_set_new(json, "why", json_string(record->why));
    if (record->timing.count > 0) {
        json_object_update_new(json, timing_json(record));
        json_object_set_new(json, "rotation",
                            json_pack("{s:I, s:I}", "sets", (json_int_t)record->copies, "bytes",
                                      (json_int_t)(record->copies * record->working_set)));
        if (record->latency.calls)
            json_object_set_new(json, "latency",
                                json_pack("{s:I, s:o, s:o, s:o}", "calls", (json_int_t)record->latency.calls,
                                          "median", number(record->latency.median), "p99",
                                          number(record->latency.p99), "max", number(record->latency.max)));
        json_object_set_new(json, "launches", number(record->cost.launches));
        json_object_set_new(json, "roof", roof_json(&record->roof));
        json_object_set_new(json, "check", check_json(record->checked, &record->check));
    }
    json_t *peers = json_object();
    for (size_t i = 0; i < record->peer_count; i++)
        json_object_set_new(peers, record->peers[i].name, peer_json(&record->peers[i]));
    json_object_set_new(json, "peers", peers);
    return json;
}

/* Only what was measured. */
static void put_positive(json_t *into, const char *key, double value) {
    if (value > 0)
        json_object_set_new(into, key, number(value));
}

static json_t *transfers_json(const ar_measured_roofs *measured) {
    static const char *const ways[] = {"to_device", "from_device", "both"};
    json_t *json = json_object();
    for (int i = 0; i < 3; i++)
        if (measured->transfers[i].bandwidth > 0)
            json_object_set_new(json, ways[i],
                                json_pack("{s:o, s:o}", "seconds", number(measured->transfers[i].seconds),
                                          "bandwidth", number(measured->transfers[i].bandwidth)));
    return json;
}

json_t *ar_roofs_json(const ar_measured_roofs *measured) {
    const arete_roofs *roofs = &measured->roofs;
    json_t *peaks = json_object(), *levels = json_array(), *json = json_object();
    for (int unit = 0; unit < ARETE_UNIT_COUNT; unit++)
        put_positive(peaks, arete_unit_name((arete_unit)unit), roofs->peak[unit]);
    for (int i = 0; i < AR_RUNGS; i++)
        if (measured->rungs[i].bandwidth > 0)
            json_array_append_new(levels, json_pack("{s:s, s:I, s:o}", "name", measured->rungs[i].name, "bytes",
                                                    (json_int_t)measured->rungs[i].bytes, "bandwidth",
                                                    number(measured->rungs[i].bandwidth)));
    json_object_set_new(json, "measured", json_boolean(roofs->measured));
    json_object_set_new(json, "peak", peaks);
    put_positive(json, "bandwidth", roofs->bandwidth);
    put_positive(json, "read_bandwidth", measured->read_bandwidth);
    put_positive(json, "write_bandwidth", measured->write_bandwidth);
    put_positive(json, "copy_bandwidth", measured->copy_bandwidth);
    put_positive(json, "triad_bandwidth", measured->triad_bandwidth);
    put_positive(json, "cache_bandwidth", roofs->cache_bandwidth);
    json_object_set_new(json, "cache_bytes", json_integer((json_int_t)roofs->cache_bytes));
    json_object_set_new(json, "levels", levels);
    put_positive(json, "latency_seconds", measured->latency_seconds);
    put_positive(json, "launch_seconds", roofs->launch_seconds);
    put_positive(json, "sync_seconds", roofs->sync_seconds);
    json_object_set_new(json, "transfers", transfers_json(measured));
    put_positive(json, "effective_units", measured->effective_units);
    json_object_set_new(json, "how", json_string(measured->how));
    json_object_set_new(json, "missing", json_string(measured->missing));
    return json;
}

static const char *kind_name(arete_device_kind kind) {
    static const char *const names[] = {"reference", "cpu", "gpu", "accelerator"};
    return (unsigned)kind < 4 ? names[kind] : "?";
}

json_t *ar_device_json(const arete_device *device) {
    const arete_device_info *i = arete_device_get_info(device);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", i->id, "backend", i->backend, "name", i->name,
                  "vendor", i->vendor, "platform", i->platform, "driver", i->driver, "kind", kind_name(i->kind));
    json_t *sizes =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "compute_units",
                  (json_int_t)i->compute_units, "clock_mhz", (json_int_t)i->clock_mhz, "memory_bytes",
                  (json_int_t)i->memory_bytes, "max_buffer_bytes", (json_int_t)i->max_buffer_bytes, "cache_bytes",
                  (json_int_t)i->cache_bytes, "cache_line", (json_int_t)i->cache_line, "local_bytes",
                  (json_int_t)i->local_bytes, "max_group_size", (json_int_t)i->max_group_size, "local_is_dedicated",
                  (int)i->local_is_dedicated, "unified_memory", (int)i->unified_memory);
    json_t *types =
        json_pack("{s:I, s:I, s:b, s:b, s:b, s:b, s:I, s:s}", "vector_f32", (json_int_t)i->vector_f32, "vector_f64",
                  (json_int_t)i->vector_f64, "has_f64", (int)i->has_f64, "has_f16", (int)i->has_f16,
                  "has_int64_atomics", (int)i->has_int64_atomics, "workers_pinned", (int)i->workers_pinned,
                  "compute_capability", (json_int_t)i->compute_capability, "extensions", i->extensions);
    json_object_update_new(json, sizes);
    json_object_update_new(json, types);
    json_object_update_new(json, json_pack("{s:I, s:I, s:I}", "subgroup_size", (json_int_t)i->subgroup_size,
                                           "registers_per_unit", (json_int_t)i->registers_per_unit,
                                           "items_per_unit", (json_int_t)i->items_per_unit));
    return json;
}

/* What every file begins with. */
static json_t *head_json(const arete_device *device) {
    char cpu[128] = "", date[16] = "";
    ar_os_cpu_name(cpu, sizeof cpu);
    ar_os_date(date, sizeof date);
    return json_pack("{s:s, s:i, s:s, s:s, s:o}", "arete", arete_version(), "schema", 1, "date", date, "cpu", cpu,
                     "device", ar_device_json(device));
}

json_t *ar_run_json(const arete_device *device, const ar_probe_report *report) {
    json_t *json = head_json(device);
    if (!json)
        return NULL;
    json_object_set_new(json, "quick", json_boolean(report->quick));
    json_object_set_new(json, "notes", json_string(report->notes));
    json_object_set_new(json, "roofs", ar_roofs_json(&report->roofs));
    json_object_set_new(json, "datasheet", ar_datasheet_json(&report->datasheet));
    json_object_set_new(json, "probes", ar_probes_json(report));
    return json;
}

static json_t *settings_json(const ar_bench_spec *spec) {
    static const char *const rotations[] = {"auto", "all", "none"};
    const ar_stop_rule *stop = &spec->rule.stop;
    return json_pack("{s:I, s:s, s:s, s:o, s:o, s:I, s:I, s:I}", "seed", (json_int_t)spec->data.seed, "data",
                     spec->data.mode == AR_DATA_INTEGERS ? "integers" : "random", "rotation",
                     rotations[spec->rotation], "budget_seconds", number(stop->budget), "uncertainty",
                     number(stop->uncertainty), "least_samples", (json_int_t)stop->least, "floor_samples",
                     (json_int_t)stop->floor, "threads",
                     (json_int_t)arete_device_get_info(spec->device)->compute_units);
}

json_t *ar_report_json(const ar_bench_spec *spec, json_t *records, const ar_peer_process *peers,
                       size_t peer_count) {
    json_t *here = json_object(), *json = head_json(spec->device);
    for (size_t i = 0; i < peer_count; i++)
        json_object_set_new(here, peers[i].name,
                            json_pack("{s:s, s:I, s:s}", "version", peers[i].version, "threads",
                                      (json_int_t)peers[i].threads, "why", peers[i].why));
    json_object_update_new(json, json_pack("{s:o, s:o, s:o, s:o}", "roofs", ar_roofs_json(spec->roofs), "settings",
                                           settings_json(spec), "peers", here, "records", records));
    return json;
}

arete_status ar_json_write(const json_t *json, const char *path) {
    char *text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    if (!text)
        return ar_fail_memory("JSON text", 0);
    arete_status status = ARETE_OK;
    if (strcmp(path, "-") == 0) {
        if (puts(text) < 0)
            status = ar_fail(ARETE_E_IO, "standard output: %s", strerror(errno));
    } else {
        FILE *file = fopen(path, "w");
        if (!file)
            status = ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno));
        else if (fprintf(file, "%s\n", text) < 0 || fclose(file) != 0)
            status = ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno));
    }
    free(text);
    return status;
}
