#include "experience.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "workload.h"

static double log2_of(int64_t value) {
    return log2(value > 1 ? (double)value : 1);
}

void ar_op_shape(const ar_op *op, double s[AR_FEATURES]) {
    memset(s, 0, AR_FEATURES * sizeof *s);
    switch (op->kind) {
    case AR_OP_MATMUL:
        s[0] = log2_of(op->m * op->batch) / 2;
        s[1] = log2_of(op->n) / 2;
        s[2] = log2_of(op->k) / 2;
        s[3] = op->ta;
        s[4] = op->tb;
        break;
    case AR_OP_CONV:
        s[0] = log2_of(op->in[0] * op->in[1] * op->n) / 3;
        s[1] = log2_of(op->c) / 2;
        s[2] = log2_of(op->m) / 2;
        s[3] = log2_of(op->kernel[0] * op->kernel[1]) / 1.5;
        s[4] = (double)op->stride[1] - 1;
        s[5] = log2_of(op->in[0] * op->in[1]) / 3;
        s[6] = log2_of(op->groups) / 2;
        break;
    case AR_OP_RNN:
        s[0] = log2_of(op->hidden);
        s[1] = log2_of(op->batch) / 1.5;
        s[2] = op->cell == AR_CELL_RNN ? 0 : op->cell == AR_CELL_LSTM ? 1 : 2;
        s[3] = op->input > 0 ? log2((double)op->input / (double)op->hidden + 1) / 2 : 0;
        s[4] = op->bidirectional / 2.0;
        break;
    case AR_OP_ATTENTION:
        s[0] = log2_of(op->q * op->batch * op->heads) / 2;
        s[1] = log2_of(op->kv) / 2;
        s[2] = log2_of(op->dim) / 2;
        s[3] = op->causal;
        break;
    default:
        s[0] = log2_of(op->reads + op->writes) / 2;
        s[2] = op->layer == AR_LAYER_NORM || op->layer == AR_LAYER_SOFTMAX;
        s[3] = op->layer == AR_LAYER_SOFTMAX;
        s[4] = op->layer == AR_LAYER_WINDOW;
        s[5] = op->layer == AR_LAYER_REDUCE;
        s[6] = op->layer == AR_LAYER_MOVE;
        break;
    }
}

bool ar_op_of_record(const char *op, const char *text, ar_op *into) {
    char whole[640];
    snprintf(whole, sizeof whole, "%s %s", op, text);
    if (ar_op_parse(whole, ARETE_F32, into) == ARETE_OK)
        return true;
    return ar_op_of_case(op, text, into);
}

/* Any other family's record counts as a layer, by the bytes that it says it moved. */
static bool layer_of(const json_t *record, ar_op *into) {
    const char *op = json_string_value(json_object_get(record, "op"));
    double bytes = json_number_value(json_object_get(record, "bytes"));
    double flops = json_number_value(json_object_get(record, "flops"));
    if (strcmp(op, "layer") != 0 || bytes < 4)
        return false;
    *into = (ar_op){
        .kind = AR_OP_LAYER, .dtype = ARETE_F32, .reads = (int64_t)(bytes / 8), .writes = (int64_t)(bytes / 8)};
    into->ops = into->writes > 0 ? flops / (double)into->writes : 0;
    into->layer = ar_op_layer_class(json_string_value(json_object_get(record, "case")));
    return true;
}

static arete_status push(ar_measured_run *run, const ar_measured_op *one) {
    ar_measured_op *ops = ar_grown(run->ops, &run->room, run->count, sizeof *ops, "measured operations");
    if (!ops)
        return ARETE_E_MEMORY;
    run->ops = ops;
    run->ops[run->count++] = *one;
    return ARETE_OK;
}

static arete_status add_record(ar_measured_run *run, const json_t *record, const char *path, size_t index) {
    ar_measured_op one = {0};
    const char *op = json_string_value(json_object_get(record, "op"));
    const char *text = json_string_value(json_object_get(record, "case"));
    const char *outcome = json_string_value(json_object_get(record, "outcome"));
    const char *dtype = json_string_value(json_object_get(record, "dtype"));
    const char *group = json_string_value(json_object_get(record, "workload"));
    const json_t *times = json_object_get(record, "seconds"), *seconds = json_object_get(times, "p25");
    if (!json_is_number(seconds)) /* others' work on the machine only adds: the lower quartile is the steadier */
        seconds = json_object_get(times, "median");
    if (!op || !text)
        return ar_fail(ARETE_E_FORMAT, "%s: records[%zu]: 'op' and 'case' were expected", path, index);
    if (outcome && strcmp(outcome, "passed") != 0)
        return ARETE_OK; /* a failed or skipped case tells nothing */
    if (!json_is_number(seconds) || !(json_number_value(seconds) > 0))
        return ar_fail(ARETE_E_FORMAT, "%s: records[%zu]: seconds.median: a number above 0 was expected", path,
                       index);
    if (!ar_op_of_record(op, text, &one.op) && !layer_of(record, &one.op))
        return ARETE_OK; /* of a family that is not predicted */
    if (dtype && !strstr(text, "dtype=") && arete_dtype_parse(dtype) != ARETE_DTYPE_NONE)
        one.op.dtype = (uint8_t)arete_dtype_parse(dtype);
    const json_t *rotation = json_object_get(record, "rotation");
    double lies = json_number_value(json_object_get(rotation, "bytes"));
    one.op.warm = json_integer_value(json_object_get(rotation, "sets")) == 1 && lies <= run->machine.cache;
    ar_op_count(&one.op, &one.cost);
    one.seconds = json_number_value(seconds);
    ar_op_shape(&one.op, one.shape);
    if (!group)
        group = json_string_value(json_object_get(record, "list"));
    snprintf(one.group, sizeof one.group, "%s", group ? group : "");
    return push(run, &one);
}

static arete_status add_networks(ar_measured_run *run, const json_t *list, const char *path) {
    for (size_t i = 0; i < json_array_size(list) && run->network_count < AR_NETWORKS_MOST; i++) {
        const json_t *one = json_array_get(list, i);
        const char *word = json_string_value(json_object_get(one, "workload"));
        double seconds = json_number_value(json_object_get(json_object_get(one, "seconds"), "median"));
        ar_measured_network *to = &run->networks[run->network_count++];
        if (!word || !(seconds > 0))
            return ar_fail(ARETE_E_FORMAT, "%s: networks[%zu]: 'workload' and seconds.median were expected", path,
                           i);
        snprintf(to->word, sizeof to->word, "%s", word);
        to->seconds = seconds;
    }
    return ARETE_OK;
}

static int by_kind(const void *a, const void *b) {
    const ar_measured_op *x = a, *y = b;
    return (x->op.kind > y->op.kind) - (x->op.kind < y->op.kind);
}

static void sort_by_kind(ar_measured_run *run) {
    if (run->count > 0)
        qsort(run->ops, run->count, sizeof *run->ops, by_kind);
    for (size_t k = 0, i = 0; k <= AR_OP_KINDS; k++) {
        while (i < run->count && run->ops[i].op.kind < k)
            i++;
        run->first[k] = i;
    }
}

static arete_status add_run(ar_experience *e, const ar_parts *parts, const json_t *json, const char *path) {
    const json_t *records = json_object_get(json, "records");
    ar_measured_run run = {0};
    arete_status status = ar_machine_of_run(parts, json, path, &run.machine);
    snprintf(run.path, sizeof run.path, "%s", path);
    for (size_t i = 0; i < json_array_size(records) && status == ARETE_OK; i++)
        status = add_record(&run, json_array_get(records, i), path, i);
    sort_by_kind(&run);
    if (status == ARETE_OK)
        status = add_networks(&run, json_object_get(json, "networks"), path);
    if (status == ARETE_OK && e->count == AR_RUNS_MOST)
        status = ar_fail(ARETE_E_ARGUMENT, "%s: more than %d runs", path, AR_RUNS_MOST);
    if (status == ARETE_OK && run.count + run.network_count > 0) {
        ar_measured_run *grown = ar_os_realloc(e->runs, (e->count + 1) * sizeof *grown);
        if (!grown) {
            status = ar_fail_memory("the measured runs", (e->count + 1) * sizeof *grown);
        } else {
            e->runs = grown;
            e->runs[e->count++] = run;
            return ARETE_OK;
        }
    }
    ar_os_free(run.ops);
    return status;
}

static arete_status add_file(ar_experience *e, const ar_parts *parts, const char *path) {
    json_error_t error;
    char *text = NULL;
    size_t length;
    arete_status status = ar_os_read_file(path, &text, &length);
    if (status != ARETE_OK)
        return status;
    json_t *json = json_loads(text, 0, &error);
    ar_os_free(text);
    if (!json)
        return ar_fail(ARETE_E_FORMAT, "%s:%d: %s", path, error.line, error.text);
    const json_t *runs = json_object_get(json, "runs");
    if (json_integer_value(json_object_get(json, "schema")) > 1)
        status = ar_fail(ARETE_E_FORMAT, "%s: schema: 1 was expected", path);
    if (!runs && status == ARETE_OK)
        status = add_run(e, parts, json, path);
    for (size_t i = 0; i < json_array_size(runs) && status == ARETE_OK; i++)
        status = add_run(e, parts, json_array_get(runs, i), path);
    json_decref(json);
    return status;
}

arete_status ar_experience_add(ar_experience *e, const ar_parts *parts, const char *path) {
    char **names = NULL, file[768];
    if (ar_os_list_folder(path, ".json", &names) != ARETE_OK)
        return add_file(e, parts, path);
    arete_status status = ARETE_OK;
    for (size_t i = 0; names[i] && status == ARETE_OK; i++) {
        snprintf(file, sizeof file, "%s/%s", path, names[i]);
        status = add_file(e, parts, file);
    }
    ar_os_free_names(names);
    return status;
}

arete_status ar_experience_load(const ar_parts *parts, ar_experience *e) {
    char folder[512];
    *e = (ar_experience){0};
    ar_data_path("hardware/runs", NULL, folder, sizeof folder);
    arete_status status = ar_experience_add(e, parts, folder);
    if (status != ARETE_OK)
        ar_experience_free(e);
    return status;
}

bool ar_run_same_device(const ar_measured_run *a, const ar_measured_run *b) {
    return strcmp(a->machine.name, b->machine.name) == 0 && strcmp(a->machine.stack, b->machine.stack) == 0;
}

bool ar_run_is_first(const ar_experience *e, size_t run) {
    for (size_t k = 0; k < run; k++)
        if (ar_run_same_device(&e->runs[k], &e->runs[run]))
            return false;
    return true;
}

void ar_experience_free(ar_experience *e) {
    for (size_t i = 0; i < e->count; i++)
        ar_os_free(e->runs[i].ops);
    ar_os_free(e->runs);
    *e = (ar_experience){0};
}
