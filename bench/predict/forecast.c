#include "forecast_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"

/* Latencies are short: what takes longer than they can is slow work, which goes by the roofs after all. A step of a
 * recurrent layer is a chain of kernels. */
#define LATENCY 30e-6
#define STEP_LATENCY 300e-6
#define NEAR 0.6        /* width of the kernel over cases */
#define NEAR_HERE 0.3   /* the same where the target itself was measured: its own kernels' edges are sharp */
#define WARM 0.4        /* distance between operands in the cache and in memory */
#define FAR 0.8         /* how fast a device's cases lose weight when none is near */
#define OTHER_MAKER 5.0 /* distance of libraries of another maker */
#define FOREIGN 0.3     /* how much likeness counts between devices of different makers' libraries */
#define OLD 4.0         /* distance that years of the same maker's libraries come to at most */
#define OTHER_UNIT 1.5  /* distance between matrix and vector units */
#define STREAM 0.8 /* of the bandwidth, where no such case was measured: published figures lie at 0.67 to 0.9 */
#define STREAM_SPREAD 0.35
/* Matrix units where only vector units were measured: what feeds them does not grow with them. Published: large
 * products at 0.87 (A100), 0.8 (H100), 0.5 (MI300X) of the peak, DeepBench's on a V100 of 2018 at 0.08 to 0.22. */
#define MATRIX_SLOWER 1.6
#define MATRIX_SPREAD 0.7
#define LEAST_SPREAD 0.05
#define MOST_SPREAD 2.3 /* ten times: nobody is helped by more */
#define LEAST_DOUBT 0.06
#define FOREIGN_DOUBT 0.2 /* more, where no device with the maker's libraries was measured */

static double square(double x) {
    return x * x;
}

/* 0 where either is not known: then it tells nothing. */
static double log_ratio(double a, double b) {
    return a > 0 && b > 0 ? log(a / b) : 0;
}

static double device_distance(const ar_machine *a, const ar_machine *b, const ar_tuning *t) {
    double d = square(log_ratio(a->peak[ARETE_F32] * b->bandwidth, b->peak[ARETE_F32] * a->bandwidth) / 2);
    d += square(log_ratio(a->clock, b->clock) / t->clock);
    if (a->units > 0 && b->units > 0)
        d += square(log_ratio(a->peak[ARETE_F32] / a->units, b->peak[ARETE_F32] / b->units) / t->unit);
    if (strcmp(a->stack, b->stack) != 0)
        return OTHER_MAKER + FOREIGN * d;
    double x = a->software > 0 && b->software > 0 ? square((a->software - b->software) / t->years) : OLD;
    return OLD * x / (OLD + x) + d;
}

/* The device itself, on another day: its roofs as measured then and now differ a little. */
static bool is_target(const ar_machine *a, const ar_machine *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->stack, b->stack) == 0;
}

/* A launch is part of the least time where it was measured: on the device itself. Of others, small cases' latencies
 * are carried over as they are. */
static double known_launch(const ar_forecast *t, const ar_measured_run *run) {
    return is_target(&run->machine, t->target) ? t->target->launch : 0;
}

/* The least time on the target of an operation of the measured one's sizes, in the same type. */
static double carry(const ar_forecast *t, const ar_measured_run *run, const ar_measured_op *one) {
    const ar_machine *from = &run->machine, *to = t->target;
    ar_roof_time here, there;
    ar_machine_roof(from, &one->op, &one->cost, &here);
    ar_machine_roof(to, &one->op, &one->cost, &there);
    double c = here.compute, m = here.memory, c2 = there.compute, m2 = there.memory;
    double u = pow(fmin(c / one->seconds, 1.2), t->tuning.sharp);
    double v = pow(fmin(m / one->seconds, 1.2), t->tuning.sharp);
    double l = t->tuning.slack * fmax(1 - fmax(u, v), 0);
    double longest = one->op.kind == AR_OP_RNN ? STEP_LATENCY * (double)one->op.steps : LATENCY;
    double most = fmin(longest / one->seconds, 0.999);
    l = fmin(l, most / (1 - most) * (u + v));
    double share =
        (u * log_ratio(c2, c) + v * log_ratio(m2, m) + l * log_ratio(from->clock, to->clock)) / (u + v + l);
    return log(one->seconds) + share - log(fmax(c2, m2) + known_launch(t, run));
}

static bool usable(const ar_forecast *t, const ar_measured_run *run, const ar_measured_op *one) {
    return run->machine.peak[one->op.dtype] > 0 && t->target->peak[one->op.dtype] > 0 && t->target->bandwidth > 0 &&
           !(t->without.group && one->group[0] && strcmp(one->group, t->without.group) == 0);
}

static arete_status prepare(ar_forecast *t) {
    for (size_t r = 0; r < t->of->count; r++) {
        const ar_measured_run *run = &t->of->runs[r];
        if (t->without.run[r])
            continue;
        t->distance[r] =
            is_target(&run->machine, t->target) ? 0 : device_distance(&run->machine, t->target, &t->tuning);
        t->efficiency[r] = ar_os_alloc(run->count * sizeof **t->efficiency);
        if (!t->efficiency[r])
            return ar_fail_memory("efficiencies", run->count * sizeof **t->efficiency);
        for (size_t i = 0; i < run->count; i++)
            t->knows_matrix |= run->machine.matrix[run->ops[i].op.dtype];
        for (size_t i = 0; i < run->count; i++)
            t->efficiency[r][i] = usable(t, run, &run->ops[i]) ? carry(t, run, &run->ops[i]) : NAN;
    }
    return ARETE_OK;
}

/* What one run says of a case. */
typedef struct opinion {
    double value;    /* log of time over roof */
    double weight;   /* log of it */
    double distance; /* of the nearest case, squared */
} opinion;

static double case_distance(const double a[AR_FEATURES], const double b[AR_FEATURES]) {
    double d = 0;
    for (int i = 0; i < AR_FEATURES; i++)
        d += square(a[i] - b[i]);
    return d;
}

/* Where Winograd's algorithm serves: a library that has it says nothing of one that has not. */
static bool has_ways(const ar_op *op) {
    return op->kind == AR_OP_CONV && op->kernel[0] == 3 && op->kernel[1] == 3 && op->stride[0] == 1 &&
           op->stride[1] == 1 && op->c >= 16;
}

/* A recurrent layer with its input says nothing of the steps alone, nor they of it. */
static bool matters(const ar_forecast *t, size_t r, size_t i, const ar_op *op) {
    const ar_op *one = &t->of->runs[r].ops[i].op;
    return one->kind == op->kind && !isnan(t->efficiency[r][i]) &&
           (op->kind != AR_OP_RNN || (one->input > 0) == (op->input > 0)) &&
           (t->of->runs[r].machine.direct == t->target->direct || !has_ways(one));
}

/* Cases of another type count, but further away: matrix units and vector units are not alike. */
static double type_distance(const ar_forecast *t, size_t r, size_t i, const ar_op *op) {
    const ar_machine *from = &t->of->runs[r].machine;
    uint8_t dtype = t->of->runs[r].ops[i].op.dtype;
    return from->matrix[dtype] != t->target->matrix[op->dtype] ? OTHER_UNIT : dtype != op->dtype ? 0.1 : 0;
}

/* What the cases of all runs of one device say together. */
typedef struct poll {
    double nearest; /* case, squared */
    double sum, weights;
    double same; /* of the very case */
    size_t twins;
} poll;

static double case_away(const ar_forecast *t, size_t r, size_t i, const ar_op *op, const double *shape) {
    const ar_measured_op *one = &t->of->runs[r].ops[i];
    return case_distance(shape, one->shape) + type_distance(t, r, i, op) + (one->op.warm != op->warm ? WARM : 0);
}

static void poll_run(const ar_forecast *t, size_t r, const ar_op *op, const double *shape, poll *p) {
    double width = t->distance[r] == 0 ? NEAR_HERE : NEAR;
    const size_t *first = &t->of->runs[r].first[op->kind];
    for (size_t i = first[0]; i < first[1]; i++) {
        if (!matters(t, r, i, op))
            continue;
        double d = case_away(t, r, i, op, shape), w = exp((p->nearest - d) / (2 * width * width));
        p->sum += w * t->efficiency[r][i];
        p->weights += w;
        if (d < 1e-6) {
            p->same += t->efficiency[r][i];
            p->twins++;
        }
    }
}

/* Same maker's libraries: the very case, where it was measured, shows what they do with it. Else only what a case
 * like it takes: details of another's kernels do not carry over. r is the first run of its device. */
static bool ask(const ar_forecast *t, size_t r, const ar_op *op, double least, const double shape[AR_FEATURES],
                opinion *out) {
    const ar_measured_run *first = &t->of->runs[r];
    bool kin = strcmp(first->machine.stack, t->target->stack) == 0;
    poll p = {.nearest = INFINITY};
    double away = INFINITY;
    for (size_t k = r; k < t->of->count; k++) {
        if (t->without.run[k] || !ar_run_same_device(first, &t->of->runs[k]))
            continue;
        away = fmin(away, t->distance[k]);
        for (size_t i = t->of->runs[k].first[op->kind]; i < t->of->runs[k].first[op->kind + 1]; i++)
            if (matters(t, k, i, op))
                p.nearest = fmin(p.nearest, case_away(t, k, i, op, shape));
    }
    if (isinf(p.nearest))
        return false;
    for (size_t k = r; k < t->of->count; k++)
        if (!t->without.run[k] && ar_run_same_device(first, &t->of->runs[k]))
            poll_run(t, k, op, shape, &p);
    out->value = (kin && p.twins ? p.same / (double)p.twins : p.sum / p.weights) +
                 log((least + known_launch(t, first)) / least);
    out->distance = p.nearest;
    out->weight = -away - fmin(p.nearest / (2 * FAR * FAR), 8);
    return true;
}

static int by_value(const void *a, const void *b) {
    const opinion *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

/* How far the opinions lie apart: lighter ones count more here than they do for the value. */
static double doubt_of(const opinion *all, size_t count, double value, bool kin) {
    double sum = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        double w = sqrt(all[i].weight);
        sum += w * square(all[i].value - value);
        total += w;
    }
    return LEAST_DOUBT + (kin ? 0 : FOREIGN_DOUBT) + sqrt(sum / total);
}

/* Half the weighted mean, half the weighted median (interpolated between the opinions' centres). */
static double settle(opinion *all, size_t count, bool kin, double *doubt) {
    double most = -INFINITY, total = 0, mean = 0, median, at = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, all[i].weight);
    for (size_t i = 0; i < count; i++) {
        all[i].weight = exp(all[i].weight - most);
        total += all[i].weight;
        mean += all[i].weight * all[i].value;
    }
    mean /= total;
    qsort(all, count, sizeof *all, by_value);
    median = all[0].value;
    for (size_t i = 0; i < count; i++) {
        double centre = at + all[i].weight / 2;
        if (centre >= total / 2) {
            if (i > 0) {
                double before = at - all[i - 1].weight / 2;
                median =
                    all[i - 1].value + (all[i].value - all[i - 1].value) * (total / 2 - before) / (centre - before);
            } else {
                median = all[0].value;
            }
            break;
        }
        median = all[i].value;
        at += all[i].weight;
    }
    *doubt = doubt_of(all, count, (mean + median) / 2, kin);
    return (mean + median) / 2;
}

double ar_forecast_distance(const ar_forecast *t) {
    double least = INFINITY;
    for (size_t r = 0; r < t->of->count; r++)
        if (!t->without.run[r])
            least = fmin(least, t->distance[r]);
    return least;
}

/* Log of time over roof, least. False: nothing of that kind was measured. */
static bool efficiency_of(const ar_forecast *t, const ar_op *op, double least, double *value, double *doubt,
                          double *distance) {
    double shape[AR_FEATURES];
    opinion all[AR_RUNS_MOST];
    size_t count = 0;
    ar_op_shape(op, shape);
    *distance = INFINITY;
    for (size_t r = 0; r < t->of->count; r++)
        if (ar_run_is_first(t->of, r) && ask(t, r, op, least, shape, &all[count])) {
            *distance = fmin(*distance, all[count].distance);
            count++;
        }
    if (count == 0)
        return false;
    *value = settle(all, count, ar_forecast_distance(t) < OTHER_MAKER, doubt);
    *distance = sqrt(*distance);
    return true;
}

static double least_of(const ar_forecast *t, const ar_op *op) {
    ar_op_cost cost;
    ar_roof_time roof;
    ar_op_count(op, &cost);
    ar_machine_roof(t->target, op, &cost, &roof);
    return fmax(roof.compute, roof.memory);
}

/* Attention where none was measured: like its two products, each head's one after another. */
static bool as_products(const ar_forecast *t, const ar_op *op, double *value, double *doubt, double *distance) {
    ar_op scores = {.kind = AR_OP_MATMUL,
                    .m = op->q,
                    .n = op->kv,
                    .k = op->dim,
                    .tb = 1,
                    .batch = op->batch * op->heads,
                    .dtype = op->dtype};
    ar_op sums = {.kind = AR_OP_MATMUL,
                  .m = op->q,
                  .n = op->dim,
                  .k = op->kv,
                  .batch = op->batch * op->heads,
                  .dtype = op->dtype};
    double first, second, far;
    if (!efficiency_of(t, &scores, least_of(t, &scores), &first, doubt, distance) ||
        !efficiency_of(t, &sums, least_of(t, &sums), &second, doubt, &far))
        return false;
    *value = (first + second) / 2;
    *distance = fmax(*distance, far) + 1;
    return true;
}

static int64_t gates_of(const ar_op *op) {
    static const int64_t gates[] = {1, 4, 3};
    return gates[op->cell];
}

/* A convolution by its definition is the product of its weights with the windows: where libraries have no other
 * way, what products of that size reach counts as much as what others' convolutions do. */
static void blend_product(const ar_forecast *t, const ar_op *op, double *value) {
    ar_op product = {.kind = AR_OP_MATMUL, .m = op->n, .n = op->m, .k = op->c, .batch = 1, .dtype = op->dtype};
    double of_product, doubt, far;
    for (int i = 0; i < 2; i++) {
        int64_t reach = (op->kernel[i] - 1) * (op->dilation[i] > 0 ? op->dilation[i] : 1) + 1;
        product.m *= (op->in[i] + 2 * op->pad[i] - reach) / op->stride[i] + 1;
        product.k *= op->kernel[i];
    }
    if (efficiency_of(t, &product, least_of(t, &product), &of_product, &doubt, &far))
        *value = (*value + of_product) / 2;
}

/* A recurrent layer's step is the product of its weights with the state, and a kernel for the gates: where no
 * device with the maker's libraries was measured, what products of that size reach counts as much as others'
 * layers, whose makers' choices do not carry over. */
static void blend_step(const ar_forecast *t, const ar_op *op, double *value) {
    ar_op product = {.kind = AR_OP_MATMUL,
                     .m = op->batch,
                     .n = gates_of(op) * op->hidden,
                     .k = op->hidden,
                     .batch = 1,
                     .dtype = op->dtype,
                     .weights_dtype = op->weights_dtype};
    double of_product, doubt, far, least = least_of(t, &product);
    if (!efficiency_of(t, &product, least, &of_product, &doubt, &far))
        return;
    double steps = (double)op->steps * (op->bidirectional ? 2 : 1);
    double seconds = steps * (least * exp(of_product) + 2 * t->target->launch);
    *value = (*value + log(seconds / least_of(t, op))) / 2;
}

static void estimate_one(const ar_forecast *t, const ar_op *op, ar_estimate *e) {
    double value = -log(STREAM), spread = STREAM_SPREAD, doubt = STREAM_SPREAD;
    ar_roof_time roof;
    ar_op_cost cost;
    ar_op_count(op, &cost);
    ar_machine_roof(t->target, op, &cost, &roof);
    double once = op->warm ? 0 : cost.bytes;
    e->compute = roof.compute;
    e->memory = roof.memory;
    e->naive = ar_machine_naive(t->target, op, &cost);
    if (efficiency_of(t, op, fmax(roof.compute, roof.memory), &value, &doubt, &e->distance) ||
        (op->kind == AR_OP_ATTENTION && as_products(t, op, &value, &doubt, &e->distance)))
        spread = hypot(fmax(t->spread[op->kind] * doubt, LEAST_SPREAD), 0.25 * fmin(e->distance, 4));
    else
        e->distance = INFINITY;
    if (op->kind == AR_OP_CONV && t->target->direct && op->groups <= 1)
        blend_product(t, op, &value);
    if (op->kind == AR_OP_RNN && !isinf(e->distance) && ar_forecast_distance(t) >= OTHER_MAKER)
        blend_step(t, op, &value);
    e->seconds = fmax(roof.compute, roof.memory) * exp(value);
    double fed = t->target->matrix[op->dtype] && !t->knows_matrix && op->kind != AR_OP_LAYER
                     ? fmin(roof.compute / roof.memory, 1)
                     : 0; /* how far it is the matrix units' arithmetic that counts */
    e->seconds *= 1 + (MATRIX_SLOWER - 1) * fed;
    /* Traffic that has to pass does (what is read again may lie in a cache); only convolutions have ways
     * (Winograd's) around their arithmetic. */
    e->seconds = fmax(e->seconds, 0.9 * once / t->target->bandwidth);
    if (op->kind != AR_OP_CONV)
        e->seconds = fmax(e->seconds, 0.9 * roof.compute);
    e->bound = e->seconds < roof.launch                              ? ARETE_BOUND_LAUNCH
               : fmax(roof.compute, roof.memory) < 0.15 * e->seconds ? ARETE_BOUND_LAUNCH
               : roof.memory > roof.compute                          ? ARETE_BOUND_MEMORY
                                                                     : ARETE_BOUND_COMPUTE;
    e->seconds = fmax(e->seconds, roof.launch);
    e->doubt = doubt;
    spread = fmin(hypot(spread, MATRIX_SPREAD * fed), MOST_SPREAD);
    e->low = fmax(e->seconds * exp(-spread), roof.launch / 2);
    e->high = e->seconds * exp(spread);
}

static void add(ar_estimate *to, const ar_estimate *more) {
    if (more->seconds > to->seconds)
        to->bound = more->bound;
    to->seconds += more->seconds;
    to->low += more->low;
    to->high += more->high;
    to->compute += more->compute;
    to->memory += more->memory;
    to->distance = fmax(to->distance, more->distance);
}

/* Whether the target itself, or a device that runs the same libraries, has such layers with their inputs. */
static bool knows_whole_layers(const ar_forecast *t) {
    for (size_t r = 0; r < t->of->count; r++)
        for (size_t i = 0; !t->without.run[r] && strcmp(t->of->runs[r].machine.stack, t->target->stack) == 0 &&
                           i < t->of->runs[r].count;
             i++)
            if (t->of->runs[r].ops[i].op.kind == AR_OP_RNN && t->of->runs[r].ops[i].op.input > 0 &&
                !isnan(t->efficiency[r][i]))
                return true;
    return false;
}

/* A recurrent layer with an input that was measured nowhere is the product with all steps' inputs, then the steps.
 */
void ar_forecast_estimate(const ar_forecast *t, const ar_op *op, ar_estimate *e) {
    ar_op steps = *op, product;
    ar_op_cost cost;
    ar_estimate other;
    *e = (ar_estimate){0};
    if (op->kind != AR_OP_RNN || (op->input > 0 && knows_whole_layers(t))) {
        estimate_one(t, op, e);
        return;
    }
    steps.input = 0;
    steps.bidirectional = 0;
    estimate_one(t, &steps, e);
    if (op->bidirectional) {
        other = *e;
        add(e, &other);
    }
    if (op->input > 0) {
        product = (ar_op){.kind = AR_OP_MATMUL,
                          .m = op->batch * op->steps,
                          .k = op->input,
                          .batch = 1,
                          .tb = 1,
                          .n = gates_of(op) * op->hidden * (op->bidirectional ? 2 : 1),
                          .fixed = 1,
                          .dtype = op->dtype,
                          .weights_dtype = op->weights_dtype};
        estimate_one(t, &product, &other);
        add(e, &other);
    }
    ar_op_count(op, &cost);
    e->naive = ar_machine_naive(t->target, op, &cost);
}

const ar_machine *ar_forecast_target(const ar_forecast *t) {
    return t->target;
}

const char *ar_forecast_nearest(const ar_forecast *t, double *likeness) {
    const char *name = "";
    double least = INFINITY;
    for (size_t r = 0; r < t->of->count; r++)
        if (!t->without.run[r] && t->distance[r] < least) {
            least = t->distance[r];
            name = t->of->runs[r].machine.name;
        }
    *likeness = exp(-least);
    return name;
}

arete_status ar_forecast_open_bare(const ar_experience *experience, const ar_machine *target,
                                   const ar_without *without, const ar_tuning *tuning, ar_forecast **forecast) {
    ar_forecast *t = ar_os_alloc(sizeof *t);
    if (!t)
        return ar_fail_memory("a prediction", sizeof *t);
    t->of = experience;
    t->target = target;
    t->tuning = *tuning;
    if (without)
        t->without = *without;
    arete_status status = prepare(t);
    if (status != ARETE_OK) {
        ar_forecast_close(t);
        return status;
    }
    *forecast = t;
    return ARETE_OK;
}

void ar_forecast_close(ar_forecast *t) {
    for (size_t r = 0; t && r < t->of->count; r++)
        ar_os_free(t->efficiency[r]);
    ar_os_free(t);
}
