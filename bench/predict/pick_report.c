#include "pick_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "record.h"

static void put_seconds(FILE *to, double seconds, int width) {
    char text[24];
    if (seconds < 1e-3)
        snprintf(text, sizeof text, "%.3g us", seconds * 1e6);
    else if (seconds < 1)
        snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
    else
        snprintf(text, sizeof text, "%.3g s", seconds);
    fprintf(to, "%*s", width, text);
}

static void head(FILE *to, const ar_question *q, const ar_choice *a) {
    const ar_workload *w = &a->workload;
    fprintf(to, "%s%s%s, %s, %s", w->name, w->title[0] ? ": " : "", w->title, arete_dtype_name(w->dtype),
            q->train ? "training step" : "inference");
    for (size_t i = 0; i < w->param_count; i++)
        fprintf(to, ", %s %lld", w->params[i].name, (long long)w->params[i].value);
    fprintf(to, "\n%.4g GFLOP, %.4g MB that must move, %.4g M weights, %.0f operations, %.4g %ss a run%s\n\n",
            a->sum.flops * 1e-9, a->sum.bytes * 1e-6, a->sum.weights * 1e-6, a->sum.operations, w->items, w->item,
            q->train ? " (forward; backward does twice as much)" : "");
}

static void line(FILE *to, const ar_option *o, double items) {
    char who[112];
    if (o->devices > 1 && o->machine->made_count <= 1)
        snprintf(who, sizeof who, "%d x %s, %s", o->devices, o->machine->name, ar_spread_name(o->spread));
    else if (o->devices > 1)
        snprintf(who, sizeof who, "%s, %s", o->machine->name, ar_spread_name(o->spread));
    else
        snprintf(who, sizeof who, "%s", o->machine->name);
    fprintf(to, "%c %-44.44s", o->pareto ? '*' : ' ', who);
    if (!o->usable) {
        fprintf(to, "  %s\n", o->why);
        return;
    }
    put_seconds(to, o->seconds, 9);
    put_seconds(to, o->low, 10);
    put_seconds(to, o->high, 10);
    put_seconds(to, o->naive, 10);
    fprintf(to, "  %-13s %9.4g", ar_limit_name(o->limit), o->rate);
    if (o->joules > 0)
        fprintf(to, " %9.3g", o->joules / items);
    else
        fprintf(to, " %9s", "-");
    if (o->dollars > 0)
        fprintf(to, " %9.3g", 1e6 * o->dollars / items);
    else
        fprintf(to, " %9s", "-");
    fprintf(to, " %7.3g %s\n", o->need.total * 1e-9, o->fits ? "" : "does not fit");
}

void ar_pick_print(FILE *to, const ar_question *q, const ar_choice *a, size_t lines) {
    head(to, q, a);
    fprintf(to, "  %-44s%9s%10s%10s%10s  %-13s %9s %9s %9s %7s\n", "device", "time", "90% from", "to", "naive",
            "bound by", "items/s", "J/item", "$/M items", "GB");
    size_t shown = 0;
    for (size_t i = 0; i < a->count && shown < lines; i++, shown++) {
        const ar_option *o = &a->options[i];
        line(to, o, o->rate * o->seconds);
    }
    if (a->count > shown)
        fprintf(to, "  ... and %zu more (--all)\n", a->count - shown);
    fprintf(to, "* nothing else is both faster and cheaper (or, without a price, of less energy)\n");
}

static json_t *known(double value) {
    return isfinite(value) && value > 0 ? json_real(value) : json_null();
}

static json_t *option_json(const ar_option *o) {
    json_t *json = json_pack("{s:s, s:s, s:i, s:s, s:b, s:b, s:b}", "device", o->machine->name, "part",
                             o->machine->id, "devices", o->devices, "parallel", ar_spread_name(o->spread), "usable",
                             (int)o->usable, "fits", (int)o->fits, "pareto", (int)o->pareto);
    json_object_set_new(json, "memory",
                        json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "weights", o->need.weights, "gradients",
                                  o->need.gradients, "optimizer", o->need.optimizer, "activations",
                                  o->need.activations, "state", o->need.state, "workspace", o->need.workspace,
                                  "total", o->need.total));
    if (o->why[0])
        json_object_set_new(json, "why", json_string(o->why));
    if (!o->usable)
        return json;
    json_object_update_new(json, json_pack("{s:{s:o, s:o, s:o}, s:o, s:s, s:o, s:o, s:o, s:b, s:s, s:f}", "seconds",
                                           "predicted", known(o->seconds), "low", known(o->low), "high",
                                           known(o->high), "naive_seconds", known(o->naive), "bound",
                                           ar_limit_name(o->limit), "items_per_second", known(o->rate), "joules",
                                           known(o->joules), "dollars", known(o->dollars), "assumed",
                                           (int)o->assumed, "nearest", o->nearest, "likeness", o->likeness));
    json_t *parts = json_object();
    for (int i = 0; i < AR_LIMITS; i++)
        json_object_set_new(parts, ar_limit_name((ar_limit)i), json_real(o->part[i]));
    json_object_set_new(json, "parts", parts);
    return json;
}

arete_status ar_pick_write_json(const ar_question *q, const ar_choice *a, const char *advice, const char *path) {
    json_t *list = json_array(), *params = json_object();
    for (size_t i = 0; i < a->count; i++)
        json_array_append_new(list, option_json(&a->options[i]));
    for (size_t i = 0; i < a->workload.param_count; i++)
        json_object_set_new(params, a->workload.params[i].name, json_integer(a->workload.params[i].value));
    static const char *const by[] = {"time", "cost", "energy"};
    json_t *json =
        json_pack("{s:s, s:i, s:s, s:s, s:b, s:s, s:o, s:f, s:f, s:f, s:f, s:o, s:s}", "arete", arete_version(),
                  "schema", 1, "workload", a->workload.name, "dtype", arete_dtype_name(a->workload.dtype), "train",
                  (int)q->train, "by", by[q->by], "params", params, "flops", a->sum.flops, "bytes", a->sum.bytes,
                  "weights", a->sum.weights, "items", a->workload.items, "options", list, "advice", advice);
    if (!json)
        return ar_fail_memory("JSON", 0);
    arete_status status = ar_json_write(json, path);
    json_decref(json);
    return status;
}

static double error_of(const ar_network_verdict *x) {
    return x->predicted / x->measured - 1;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_networks(FILE *to, const ar_validation *v) {
    double errors[AR_RUNS_MOST * AR_NETWORKS_MOST];
    size_t n = v->network_count;
    if (n == 0)
        return;
    fprintf(to,
            "\nNetworks measured as a whole, against the sum of their operations' predictions, for which nothing "
            "that was\n"
            "measured of the network itself is used:\n\n  %-30s %-24s %11s %11s %22s %8s %11s\n",
            "device", "workload", "measured", "predicted", "90% interval", "error", "naive");
    for (size_t i = 0; i < n; i++) {
        const ar_network_verdict *x = &v->networks[i];
        errors[i] = fabs(error_of(x));
        fprintf(to, "  %-30.30s %-24.24s %8.4g ms %8.4g ms %8.4g to %8.4g ms %+7.1f%% %8.4g ms\n", x->device,
                x->word, 1e3 * x->measured, 1e3 * x->predicted, 1e3 * x->low, 1e3 * x->high, 100 * error_of(x),
                1e3 * x->naive);
    }
    qsort(errors, n, sizeof *errors, by_size);
    fprintf(to, "  median error %.1f%%\n", 100 * (n % 2 ? errors[n / 2] : (errors[n / 2 - 1] + errors[n / 2]) / 2));
}

void ar_validation_print(FILE *to, const ar_validation *v) {
    fprintf(to,
            "Each device predicted from the others' measurements and its own datasheet; errors relative to the "
            "measured\n"
            "time; interval: the part of the cases within their 90%% interval. ! more than 20%%, 15%%, or under "
            "85%%.\n\n"
            "  %-30s %-9s %5s  %9s %9s %9s   %9s %9s\n",
            "device", "operation", "cases", "median", "total", "interval", "naive", "its total");
    for (size_t i = 0; i < v->count; i++) {
        const ar_verdict *x = &v->verdicts[i];
        fprintf(to, "  %-30.30s %-9s %5zu  %7.1f%%%c %+7.1f%%%c %7.0f%%%c   %8.1f%% %+8.1f%%\n", x->device,
                ar_op_kind_name(x->kind), x->cases, 100 * x->median, x->median > 0.2 ? '!' : ' ', 100 * x->total,
                fabs(x->total) > 0.15 ? '!' : ' ', 100 * x->covered, x->covered < 0.85 ? '!' : ' ',
                100 * x->naive_median, 100 * x->naive_total);
    }
    print_networks(to, v);
}

arete_status ar_validation_write_json(const ar_validation *v, const char *path) {
    json_t *list = json_array();
    for (size_t i = 0; i < v->count; i++) {
        const ar_verdict *x = &v->verdicts[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "device", x->device,
                                              "operation", ar_op_kind_name(x->kind), "cases", (json_int_t)x->cases,
                                              "median_error", x->median, "mean_error", x->mean, "total_error",
                                              x->total, "covered", x->covered, "naive_median_error",
                                              x->naive_median, "naive_total_error", x->naive_total));
    }
    json_t *networks = json_array();
    for (size_t i = 0; i < v->network_count; i++) {
        const ar_network_verdict *x = &v->networks[i];
        json_array_append_new(networks, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f}", "device", x->device,
                                                  "workload", x->word, "measured", x->measured, "predicted",
                                                  x->predicted, "low", x->low, "high", x->high, "naive", x->naive));
    }
    json_t *json = json_pack("{s:s, s:i, s:o, s:o}", "arete", arete_version(), "schema", 1, "validation", list,
                             "networks", networks);
    arete_status status = json ? ar_json_write(json, path) : ar_fail_memory("JSON", 0);
    json_decref(json);
    return status;
}

void ar_parts_print(FILE *to, const ar_parts *parts) {
    int values_of_all = 0, checked = 0;
    fprintf(to, "%-28s %-44s %-9s %8s %8s %8s %9s %8s %6s %8s\n", "id", "name", "launched", "f32", "f16", "int8",
            "memory", "GB/s", "W", "checked");
    for (size_t i = 0; i < parts->count; i++) {
        const ar_part *p = &parts->parts[i];
        double values[] = {ar_part_peak(p, ARETE_F32, NULL) * 1e-12,
                           ar_part_peak(p, ARETE_F16, NULL) * 1e-12,
                           ar_part_peak(p, ARETE_I8, NULL) * 1e-12,
                           p->memory * 1e-9,
                           p->bandwidth * 1e-9,
                           p->power};
        fprintf(to, "%-28.28s %-44.44s %-9.2f", p->id, p->name, p->launch);
        for (int k = 0; k < 6; k++)
            if (values[k] > 0)
                fprintf(to, " %8.4g", values[k]);
            else
                fprintf(to, " %8s", "-");
        fprintf(to, " %4d/%d\n", p->checked, p->values);
        values_of_all += p->values;
        checked += p->checked;
    }
    fprintf(to,
            "%zu parts. Peaks in 10^12 operations a second, dense; what the type lacks is computed in f32.\n"
            "checked: of its values, how many a second document confirmed, or were read from the document itself "
            "(%d of %d).\n",
            parts->count, checked, values_of_all);
}
