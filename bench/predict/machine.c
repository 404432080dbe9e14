#include "machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arete/cost.h"
#include "error.h"
#include "os.h"

/* Seconds of one more queued kernel where nothing was measured: about 4 us on discrete GPUs with their makers'
 * stacks; a parallel loop's start on CPUs. */
static double usual_launch(const char *kind) {
    return strcmp(kind, "cpu") == 0 ? 3e-6 : 4e-6;
}

/* Half way between base and boost: the base clock is what a part keeps under any load, and those with little power
 * for their size (T4, L4) come near it. 0.93, the usual, where one of the clocks is not known. */
static double lasting_part(const ar_part *part) {
    if (part->clock <= 0 || part->boost <= 0)
        return 0.93;
    return 0.5 + 0.5 * fmin(part->clock / part->boost, 1);
}

/* What latencies go by: few wait at the base clock, which is what is left under full load. */
static double lasting_clock(const ar_part *part) {
    if (part->clock <= 0 || part->boost <= 0)
        return part->clock > 0 ? part->clock : part->boost;
    return lasting_part(part) * part->boost;
}

static void take_peaks(const ar_part *part, ar_machine *m) {
    static const arete_dtype types[] = {ARETE_F32, ARETE_F16, ARETE_BF16, ARETE_F64, ARETE_I8, ARETE_U8};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        m->peak[types[i]] = ar_part_peak(part, types[i], &m->matrix[types[i]]);
}

void ar_machine_of_part(const ar_parts *parts, const ar_part *part, ar_machine *m) {
    const ar_part *each = part;
    for (size_t i = 0; parts && part->made_of[0] && i < parts->count; i++)
        if (strcmp(parts->parts[i].id, part->made_of) == 0)
            each = &parts->parts[i];
    *m = (ar_machine){.bandwidth = each->bandwidth,
                      .cache = each->cache,
                      .memory = each->memory,
                      .clock = lasting_clock(each),
                      .units = each->units,
                      .lasting = lasting_part(each),
                      .launch = usual_launch(each->kind),
                      .host_bandwidth = each->host_bandwidth,
                      .link_bandwidth = part->link_bandwidth > 0 ? part->link_bandwidth : each->link_bandwidth,
                      .power = each->power,
                      .price = part->price,
                      .price_hour = part->price_hour,
                      .software = part->launch > 0 ? part->launch + 0.2 : 0,
                      .made_count = part->made_count > 0 ? part->made_count : 1};
    if (m->made_count > 1) {
        m->power = part->power / m->made_count;
        m->price = part->price / m->made_count;
    }
    snprintf(m->id, sizeof m->id, "%s", part->id);
    snprintf(m->name, sizeof m->name, "%s", part->name);
    snprintf(m->vendor, sizeof m->vendor, "%s", part->vendor);
    snprintf(m->stack, sizeof m->stack, "%s", part->vendor);
    snprintf(m->kind, sizeof m->kind, "%s", each->kind);
    snprintf(m->link_name, sizeof m->link_name, "%s", part->device_link[0] ? part->device_link : each->device_link);
    take_peaks(each, m);
}

static double number(const json_t *object, const char *field) {
    const json_t *value = json_object_get(object, field);
    return json_is_number(value) ? json_number_value(value) : 0;
}

static void text(const json_t *object, const char *field, char *into, size_t bytes) {
    const char *value = json_string_value(json_object_get(object, field));
    if (value)
        snprintf(into, bytes, "%s", value);
}

static double year_of(const char *date) {
    int year = 0, month = 1;
    return date && sscanf(date, "%d-%d", &year, &month) >= 1 ? year + (month - 0.5) / 12 : 0;
}

/* What a device reports of itself; what it computes in where its own types are not measured is f32. */
static void take_measured(const json_t *run, ar_machine *m) {
    const json_t *device = json_object_get(run, "device"), *roofs = json_object_get(run, "roofs");
    const json_t *peak = json_object_get(roofs, "peak"), *transfers = json_object_get(roofs, "transfers");
    double f32 = number(peak, "f32"), mf16 = number(peak, "matrix-f16"), mbf16 = number(peak, "matrix-bf16");
    double i8 = number(peak, "matrix-int8");
    if (f32 <= 0)
        return;
    m->measured = json_is_true(json_object_get(roofs, "measured"));
    m->lasting = 1;
    m->peak[ARETE_F32] = f32;
    m->peak[ARETE_F64] = number(peak, "f64");
    m->peak[ARETE_F16] = mf16 > 0 ? mf16 : fmax(number(peak, "f16"), f32);
    m->peak[ARETE_BF16] = mbf16 > 0 ? mbf16 : f32;
    m->peak[ARETE_I8] = m->peak[ARETE_U8] = i8 > 0 ? i8 : fmax(number(peak, "int8"), f32);
    m->matrix[ARETE_F16] = mf16 > 0;
    m->matrix[ARETE_BF16] = mbf16 > 0;
    m->matrix[ARETE_I8] = m->matrix[ARETE_U8] = i8 > 0;
    if (number(roofs, "bandwidth") > 0)
        m->bandwidth = number(roofs, "bandwidth");
    if (number(roofs, "cache_bandwidth") > 0)
        m->cache_bandwidth = number(roofs, "cache_bandwidth");
    if (number(roofs, "launch_seconds") > 0)
        m->launch = number(roofs, "launch_seconds");
    if (number(roofs, "sync_seconds") > 0)
        m->wait = number(roofs, "sync_seconds");
    if (number(json_object_get(transfers, "to_device"), "bandwidth") > 0)
        m->host_bandwidth = number(json_object_get(transfers, "to_device"), "bandwidth");
    if (number(device, "memory_bytes") > 0)
        m->memory = number(device, "memory_bytes");
    if (number(device, "cache_bytes") > 0)
        m->cache = number(device, "cache_bytes");
    if (number(device, "compute_units") > 0)
        m->units = number(device, "compute_units");
    if (number(device, "clock_mhz") > 0)
        m->clock = 1e6 * number(device, "clock_mhz");
}

arete_status ar_machine_of_run(const ar_parts *parts, const json_t *run, const char *path, ar_machine *m) {
    const json_t *device = json_object_get(run, "device"), *software = json_object_get(run, "software");
    const char *id = json_string_value(json_object_get(json_object_get(run, "datasheet"), "part"));
    const ar_part *part = NULL;
    if (!json_is_object(device))
        return ar_fail(ARETE_E_FORMAT, "%s: device: an object was expected: is this a saved run?", path);
    *m = (ar_machine){.made_count = 1, .lasting = 1};
    if (id && parts) {
        arete_status status = ar_parts_find(parts, id, &part);
        if (status != ARETE_OK)
            return ar_fail_within(status, "%s: datasheet.part", path);
        ar_machine_of_part(parts, part, m);
    }
    text(device, "name", m->name, sizeof m->name);
    text(device, "kind", m->kind, sizeof m->kind);
    if (!part) {
        text(device, "vendor", m->vendor, sizeof m->vendor);
        text(device, "id", m->id, sizeof m->id);
        m->launch = usual_launch(m->kind);
    }
    if (software) {
        text(software, "vendor", m->stack, sizeof m->stack);
        m->software = year_of(json_string_value(json_object_get(software, "date")));
        m->direct = json_is_true(json_object_get(software, "direct"));
    } else { /* Arete's own run */
        snprintf(m->stack, sizeof m->stack, "Arete");
        m->software = year_of(json_string_value(json_object_get(run, "date")));
    }
    take_measured(run, m);
    if (m->peak[ARETE_F32] <= 0 || m->bandwidth <= 0)
        return ar_fail(ARETE_E_FORMAT,
                       "%s: %s: neither roofs (peak.f32, bandwidth) nor a datasheet.part that has them", path,
                       m->peak[ARETE_F32] <= 0 ? "roofs.peak.f32" : "roofs.bandwidth");
    return ARETE_OK;
}

arete_status ar_machine_of_file(const ar_parts *parts, const char *path, ar_machine *m) {
    json_error_t error;
    json_t *json = json_load_file(path, 0, &error);
    if (!json)
        return error.line > 0 ? ar_fail(ARETE_E_FORMAT, "%s:%d: %s", path, error.line, error.text)
                              : ar_fail(ARETE_E_NOT_FOUND, "%s: %s", path, error.text);
    const json_t *runs = json_object_get(json, "runs");
    size_t count = json_array_size(runs);
    arete_status status = ar_machine_of_run(parts, count > 0 ? json_array_get(runs, count - 1) : json, path, m);
    json_decref(json);
    return status;
}

void ar_machine_of_device(const arete_device *device, ar_machine *m) {
    static const char *const kinds[] = {"cpu", "cpu", "gpu", "accelerator"};
    const arete_device_info *i = arete_device_get_info(device);
    arete_roofs roofs;
    char today[16];
    arete_device_get_roofs(device, &roofs);
    double f32 = roofs.peak[ARETE_UNIT_F32], *peak = roofs.peak;
    *m = (ar_machine){.bandwidth = roofs.bandwidth,
                      .cache = (double)i->cache_bytes,
                      .memory = (double)i->memory_bytes,
                      .clock = 1e6 * i->clock_mhz,
                      .units = i->compute_units,
                      .cache_bandwidth = roofs.cache_bandwidth,
                      .launch = roofs.launch_seconds,
                      .wait = roofs.sync_seconds,
                      .lasting = 1,
                      .made_count = 1,
                      .measured = roofs.measured};
    m->peak[ARETE_F32] = f32;
    m->peak[ARETE_F64] = peak[ARETE_UNIT_F64];
    m->peak[ARETE_F16] = fmax(peak[ARETE_UNIT_MATRIX_F16], fmax(peak[ARETE_UNIT_F16], f32));
    m->peak[ARETE_BF16] = fmax(peak[ARETE_UNIT_MATRIX_BF16], f32);
    m->peak[ARETE_I8] = m->peak[ARETE_U8] = fmax(peak[ARETE_UNIT_MATRIX_INT8], fmax(peak[ARETE_UNIT_INT8], f32));
    m->matrix[ARETE_F16] = peak[ARETE_UNIT_MATRIX_F16] > 0;
    m->matrix[ARETE_BF16] = peak[ARETE_UNIT_MATRIX_BF16] > 0;
    m->matrix[ARETE_I8] = m->matrix[ARETE_U8] = peak[ARETE_UNIT_MATRIX_INT8] > 0;
    snprintf(m->id, sizeof m->id, "%s", i->id);
    snprintf(m->name, sizeof m->name, "%.48s (here, %.20s)", i->name, i->id);
    snprintf(m->vendor, sizeof m->vendor, "%.20s", i->vendor);
    snprintf(m->kind, sizeof m->kind, "%s", (unsigned)i->kind < 4 ? kinds[i->kind] : "gpu");
    snprintf(m->stack, sizeof m->stack, "Arete");
    ar_os_date(today, sizeof today);
    m->software = year_of(today);
}

bool ar_machine_is_usable(const ar_machine *m, arete_dtype dtype, char *why) {
    why[0] = '\0';
    if (m->peak[dtype] <= 0)
        snprintf(why, 96, "no peak is known for %s", arete_dtype_name(dtype));
    else if (m->bandwidth <= 0)
        snprintf(why, 96, "no memory bandwidth is known");
    return !why[0];
}

void ar_op_traffic(const ar_op *op, const ar_op_cost *cost, ar_traffic *traffic) {
    double size = (double)arete_dtype_size((arete_dtype)op->dtype);
    *traffic = (ar_traffic){.once = cost->bytes};
    if (op->kind != AR_OP_RNN)
        return;
    /* Each step: the weights of the state, the state in and out, the gates' products with the input. */
    static const double gates[] = {1, 4, 3};
    double hidden = (double)op->hidden, input = (double)op->input, ways = op->bidirectional ? 2 : 1;
    double wide = (double)arete_dtype_size((arete_dtype)(op->weights_dtype ? op->weights_dtype : op->dtype));
    double of_input = ways * gates[op->cell] * hidden * input * wide;
    double rows = (gates[op->cell] + 2) * (double)op->batch;
    double weights = fmax(cost->weight_bytes - of_input, 0);
    traffic->stays = weights / ways; /* one direction after the other */
    traffic->once = of_input + cost->passes * (double)op->batch * input * size;
    traffic->again = cost->passes * (weights + ways * rows * hidden * size);
}

void ar_machine_roof(const ar_machine *m, const ar_op *op, const ar_op_cost *cost, ar_roof_time *time) {
    ar_traffic traffic;
    ar_op_traffic(op, cost, &traffic);
    /* Element-wise work is f32's, but on parts that are not said to have any. */
    double f32 = m->peak[ARETE_F32] > 0 ? m->peak[ARETE_F32] : m->peak[op->dtype];
    double peak = m->lasting * (op->kind == AR_OP_LAYER ? f32 : m->peak[op->dtype]);
    bool held = m->cache_bandwidth > m->bandwidth && traffic.stays < m->cache;
    time->compute = peak > 0 ? cost->flops / peak : INFINITY;
    time->memory = m->bandwidth > 0
                       ? traffic.once / m->bandwidth + traffic.again / (held ? m->cache_bandwidth : m->bandwidth)
                       : INFINITY;
    time->launch = m->launch * cost->passes;
}

double ar_machine_naive(const ar_machine *m, const ar_op *op, const ar_op_cost *cost) {
    return fmax(cost->flops / m->peak[op->dtype], cost->bytes / m->bandwidth);
}
