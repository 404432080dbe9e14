#include "saved.h"

#include <errno.h>
#include <string.h>

#include "chart/chart.h"
#include "error.h"

/* Where a check is: the file, and the path of the field so far. */
typedef struct place {
    const char *file;
    char path[160];
} place;

static place below(const place *at, const char *key) {
    place deeper = {.file = at->file};
    snprintf(deeper.path, sizeof deeper.path, "%.100s%s%.50s", at->path, at->path[0] && key[0] != '[' ? "." : "",
             key);
    return deeper;
}

static place below_index(const place *at, size_t index) {
    char key[24];
    snprintf(key, sizeof key, "[%zu]", index);
    return below(at, key);
}

static arete_status wrong(const place *at, const json_t *is, const char *wanted) {
    static const char *const types[] = {"an object", "an array", "a string", "a number",
                                        "a number",  "true",     "false",    "null"};
    return ar_fail(ARETE_E_FORMAT, "%s: %s is %s, but must be %s", at->file, at->path[0] ? at->path : "the file",
                   is ? types[json_typeof(is)] : "missing", wanted);
}

/* A number above 0, where there is one. */
static arete_status check_positive(const place *at, const json_t *object, const char *key, bool needed) {
    const json_t *value = json_object_get(object, key);
    place here = below(at, key);
    if (!value && !needed)
        return ARETE_OK;
    return json_is_number(value) && json_number_value(value) > 0 ? ARETE_OK
                                                                 : wrong(&here, value, "a number above 0");
}

static arete_status check_text(const place *at, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    place here = below(at, key);
    return json_is_string(value) ? ARETE_OK : wrong(&here, value, "a string");
}

/* An object or array: json_is_... of the caller's wish; absent is fine. */
static arete_status check_list(const place *at, const json_t *object, const char *key, bool array) {
    const json_t *value = json_object_get(object, key);
    place here = below(at, key);
    if (!value || (array ? json_is_array(value) : json_is_object(value)))
        return ARETE_OK;
    return wrong(&here, value, array ? "an array" : "an object");
}

static arete_status check_numbers(const place *at, const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        arete_status status = check_positive(at, object, key, true);
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

static arete_status check_roofs(const place *at, const json_t *run) {
    static const char *const rates[] = {"bandwidth",       "read_bandwidth",  "write_bandwidth",
                                        "copy_bandwidth",  "triad_bandwidth", "cache_bandwidth",
                                        "latency_seconds", "launch_seconds",  "sync_seconds"};
    const json_t *roofs = json_object_get(run, "roofs"), *levels = json_object_get(roofs, "levels");
    place here = below(at, "roofs"), peak = below(&here, "peak"), list = below(&here, "levels");
    if (!json_is_object(roofs))
        return wrong(&here, roofs, "an object");
    arete_status status = check_list(&here, roofs, "peak", false);
    if (status == ARETE_OK)
        status = check_numbers(&peak, json_object_get(roofs, "peak"));
    for (size_t i = 0; i < sizeof rates / sizeof *rates && status == ARETE_OK; i++)
        status = check_positive(&here, roofs, rates[i], false);
    if (status == ARETE_OK)
        status = check_list(&here, roofs, "levels", true);
    for (size_t i = 0; i < json_array_size(levels) && status == ARETE_OK; i++) {
        place level = below_index(&list, i);
        status = check_text(&level, json_array_get(levels, i), "name");
        if (status == ARETE_OK)
            status = check_positive(&level, json_array_get(levels, i), "bandwidth", true);
        if (status == ARETE_OK)
            status = check_positive(&level, json_array_get(levels, i), "bytes", true);
    }
    return status;
}

static arete_status check_record(const place *at, const json_t *record) {
    static const char *const texts[] = {"op", "case", "outcome"};
    arete_status status = json_is_object(record) ? ARETE_OK : wrong(at, record, "an object");
    for (size_t i = 0; i < 3 && status == ARETE_OK; i++)
        status = check_text(at, record, texts[i]);
    if (status == ARETE_OK)
        status = check_list(at, record, "seconds", false);
    if (status == ARETE_OK && json_object_get(record, "seconds")) {
        place seconds = below(at, "seconds");
        status = check_positive(&seconds, json_object_get(record, "seconds"), "median", true);
    }
    return status;
}

static arete_status check_run(const place *at, const json_t *run) {
    const json_t *schema = json_object_get(run, "schema"), *device = json_object_get(run, "device");
    place here = below(at, "schema"), named = below(at, "device"), list = below(at, "records");
    if (!json_is_object(run))
        return wrong(at, run, "an object: a saved run");
    if (json_integer_value(schema) != 1)
        return ar_fail(ARETE_E_FORMAT,
                       "%s: %s is %s, but this version reads 1; is it a file of arete probe, bench or "
                       "roofline?",
                       at->file, here.path, schema ? "another number" : "missing");
    if (!json_is_object(device))
        return wrong(&named, device, "an object");
    arete_status status = check_text(&named, device, "name");
    if (status == ARETE_OK)
        status = check_roofs(at, run);
    if (status == ARETE_OK)
        status = check_list(at, run, "records", true);
    if (status == ARETE_OK)
        status = check_list(at, run, "probes", true);
    const json_t *records = json_object_get(run, "records");
    for (size_t i = 0; i < json_array_size(records) && status == ARETE_OK; i++) {
        place record = below_index(&list, i);
        status = check_record(&record, json_array_get(records, i));
    }
    return status;
}

arete_status ar_runs_load(const char *path, json_t *runs) {
    json_error_t error;
    place at = {.file = path};
    FILE *file = fopen(path, "r");
    if (!file)
        return ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno));
    json_t *content = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (!content)
        return ar_fail(ARETE_E_FORMAT, "%s: line %d, column %d: %s", path, error.line, error.column, error.text);
    arete_status status = ARETE_OK;
    const json_t *list = json_object_get(content, "runs");
    if (!list) {
        status = check_run(&at, content);
        if (status == ARETE_OK)
            json_array_append(runs, content);
    } else if (!json_is_array(list) || json_array_size(list) == 0) {
        place here = below(&at, "runs");
        status = wrong(&here, list, "an array of at least one run");
    }
    place named = below(&at, "runs");
    for (size_t i = 0; i < json_array_size(list) && status == ARETE_OK; i++) {
        place one = below_index(&named, i);
        status = check_run(&one, json_array_get(list, i));
        if (status == ARETE_OK)
            json_array_append(runs, json_array_get(list, i));
    }
    json_decref(content);
    return status;
}

arete_status ar_run_roofs(const json_t *run, ar_measured_roofs *roofs) {
    static const char *const ways[] = {"to_device", "from_device", "both"};
    const json_t *from = json_object_get(run, "roofs"), *levels = json_object_get(from, "levels");
    size_t count = json_array_size(levels), first = count > AR_RUNGS ? count - AR_RUNGS : 0;
    memset(roofs, 0, sizeof *roofs);
    if (!json_is_object(from))
        return ar_fail(ARETE_E_FORMAT, "the run has no roofs");
    for (int unit = 0; unit < ARETE_UNIT_COUNT; unit++)
        roofs->roofs.peak[unit] = ar_json_number(json_object_get(from, "peak"), arete_unit_name((arete_unit)unit));
    roofs->roofs.bandwidth = ar_json_number(from, "bandwidth");
    roofs->roofs.cache_bandwidth = ar_json_number(from, "cache_bandwidth");
    roofs->roofs.cache_bytes = (uint64_t)ar_json_number(from, "cache_bytes");
    roofs->roofs.launch_seconds = ar_json_number(from, "launch_seconds");
    roofs->roofs.sync_seconds = ar_json_number(from, "sync_seconds");
    roofs->roofs.measured = json_is_true(json_object_get(from, "measured"));
    roofs->effective_units = ar_json_number(from, "effective_units");
    roofs->read_bandwidth = ar_json_number(from, "read_bandwidth");
    roofs->write_bandwidth = ar_json_number(from, "write_bandwidth");
    roofs->copy_bandwidth = ar_json_number(from, "copy_bandwidth");
    roofs->triad_bandwidth = ar_json_number(from, "triad_bandwidth");
    roofs->latency_seconds = ar_json_number(from, "latency_seconds");
    for (int i = 0; i < 3; i++) {
        const json_t *way = json_object_get(json_object_get(from, "transfers"), ways[i]);
        roofs->transfers[i] = (ar_transfer_cost){ar_json_number(way, "seconds"), ar_json_number(way, "bandwidth")};
    }
    for (size_t i = first; i < count; i++) { /* the last one is memory, and stands last */
        const json_t *level = json_array_get(levels, i);
        ar_rung *rung = &roofs->rungs[AR_RUNGS - (count - i)];
        rung->bytes = (uint64_t)ar_json_number(level, "bytes");
        rung->bandwidth = ar_json_number(level, "bandwidth");
        snprintf(rung->name, sizeof rung->name, "%.23s", ar_json_text(level, "name"));
    }
    snprintf(roofs->how, sizeof roofs->how, "%.255s", ar_json_text(from, "how"));
    snprintf(roofs->missing, sizeof roofs->missing, "%.511s", ar_json_text(from, "missing"));
    return ARETE_OK;
}
