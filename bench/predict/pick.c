#include "pick.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"

#define USABLE_MEMORY 0.94    /* the rest is the driver's */
#define LINK_LATENCY 5e-6     /* of a message between devices */
#define LIFE_HOURS (3 * 8766) /* over which a bought device is paid for, in use all the time */
#define STREAM_PART 0.8       /* of the bandwidth that an optimizer's update reaches */

const char *ar_spread_name(ar_spread spread) {
    static const char *const names[] = {"alone", "data", "tensor", "pipeline"};
    return (unsigned)spread < AR_SPREADS ? names[spread] : "?";
}

const char *ar_limit_name(ar_limit limit) {
    static const char *const names[] = {"compute", "memory", "launch", "communication", "host feed"};
    return (unsigned)limit < AR_LIMITS ? names[limit] : "?";
}

double ar_all_reduce_seconds(double bytes, int devices, double bandwidth) {
    if (devices < 2)
        return 0;
    return 2.0 * (devices - 1) * (bytes / devices / bandwidth + LINK_LATENCY);
}

/* The way back computes gradients of inputs and of weights, each as much as the way there. */
static double ways(const ar_op *op, bool train) {
    return !train ? 1 : op->kind == AR_OP_LAYER ? 2 : 3;
}

/* The share of one of several devices that split every layer: a part of its outputs, heads or cells. */
static ar_op part_of(const ar_op *op, int devices) {
    ar_op part = *op;
    int64_t *split = op->kind == AR_OP_MATMUL      ? &part.n
                     : op->kind == AR_OP_CONV      ? &part.m
                     : op->kind == AR_OP_ATTENTION ? &part.heads
                                                   : NULL;
    if (op->kind == AR_OP_CONV && op->groups > 1)
        return part; /* each group is small already */
    if (op->kind == AR_OP_ATTENTION) {
        if (op->heads % devices || op->kv_heads % devices)
            return part;
        part.kv_heads /= devices;
    }
    if (split)
        *split = (*split + devices - 1) / devices;
    return part;
}

static void predict_share(const ar_forecast *t, const ar_workload *w, bool train, int split, ar_estimate *sum,
                          double *part) {
    *sum = (ar_estimate){0};
    memset(part, 0, AR_LIMITS * sizeof *part);
    for (size_t i = 0; i < w->op_count; i++) {
        const ar_workload_op *one = &w->ops[i];
        ar_op op = split > 1 ? part_of(&one->op, split) : one->op;
        double times = (double)one->count * ways(&op, train);
        ar_estimate e;
        ar_forecast_estimate(t, &op, &e);
        sum->seconds += times * e.seconds;
        sum->low += times * e.low;
        sum->high += times * e.high;
        sum->naive += times * e.naive;
        sum->compute += times * e.compute;
        sum->memory += times * e.memory;
        sum->distance = fmax(sum->distance, e.distance);
        part[e.bound == ARETE_BOUND_COMPUTE  ? AR_LIMIT_COMPUTE
             : e.bound == ARETE_BOUND_MEMORY ? AR_LIMIT_MEMORY
                                             : AR_LIMIT_LAUNCH] += times * e.seconds;
    }
}

void ar_predict_workload(const ar_forecast *t, const ar_workload *w, bool train, ar_estimate *sum, double *part) {
    predict_share(t, w, train, 1, sum, part);
}

static double link_of(const ar_machine *m) {
    return m->link_bandwidth > 0 ? m->link_bandwidth : m->host_bandwidth;
}

/* Seconds of messages between the devices for a run. */
static double link_seconds(const ar_workload *w, const ar_option *o, bool train) {
    double link = link_of(o->machine), sum = 0;
    if (o->devices < 2)
        return 0;
    if (o->spread == AR_SPREAD_DATA)
        return train ? ar_all_reduce_seconds(o->need.gradients, o->devices, link) : 0;
    for (size_t i = 0; i < w->op_count; i++) {
        const ar_workload_op *one = &w->ops[i];
        bool summed = one->cost.weights > 0 && one->op.kind != AR_OP_LAYER;
        if (o->spread == AR_SPREAD_TENSOR && summed) /* every second product ends in a sum over the devices */
            sum += 0.5 * (double)one->count * ar_all_reduce_seconds(one->cost.output_bytes, o->devices, link);
    }
    if (o->spread == AR_SPREAD_PIPELINE && w->op_count > 0) {
        ar_workload_sum all;
        ar_workload_total(w, &all);
        sum = (o->devices - 1) * (all.output_bytes / all.operations / link + LINK_LATENCY);
    }
    return train ? 2 * sum : sum;
}

/* The network with a part of the batch on one device: 1 / 2^k of it for each k; seconds 0: it cannot be parted. */
#define POWERS 7 /* up to 64 */
typedef struct micro_batches {
    ar_estimate sum[POWERS];
    double part[POWERS][AR_LIMITS];
} micro_batches;

/* A pipeline's stages idle while it fills and drains: m micro-batches pass in the time that m + devices - 1 of
 * them take in one stage. A smaller one takes less time, but not in proportion: launches and small products do not
 * shrink. The m that is fastest; what it takes on one device into sum and part; how often that, as result. */
static double pipeline_times(const micro_batches *micro, int devices, ar_estimate *sum, double *part) {
    double least = INFINITY, times = 1;
    for (int k = 0; k < POWERS && 1 << k <= 4 * devices; k++) {
        double passes = ((1 << k) + devices - 1) / (double)devices;
        if (micro->sum[k].seconds > 0 && passes * micro->sum[k].seconds < least) {
            least = passes * micro->sum[k].seconds;
            times = passes;
            *sum = micro->sum[k];
            memcpy(part, micro->part[k], AR_LIMITS * sizeof *part);
        }
    }
    return times;
}

static void set_time(ar_option *o, const ar_forecast *t, const ar_workload *w, bool train,
                     const micro_batches *micro) {
    const ar_machine *m = o->machine;
    ar_estimate sum = {0};
    double scale = 1;
    if (o->spread == AR_SPREAD_PIPELINE)
        scale = pipeline_times(micro, o->devices, &sum, o->part);
    else
        predict_share(t, w, train, o->spread == AR_SPREAD_TENSOR ? o->devices : 1, &sum, o->part);
    double link = link_seconds(w, o, train), update = 0;
    if (train) /* reads weight, gradient and two moments, writes three of them back */
        update = (3 * o->need.weights + o->need.gradients + 2 * o->need.optimizer) / (STREAM_PART * m->bandwidth);
    double feed = m->host_bandwidth > 0 ? w->input * 4 / m->host_bandwidth : 0;
    for (int i = 0; i < AR_LIMITS; i++)
        o->part[i] *= scale;
    o->part[AR_LIMIT_MEMORY] += update;
    o->part[AR_LIMIT_LINK] = link;
    o->part[AR_LIMIT_FEED] = feed;
    o->seconds =
        fmax(scale * sum.seconds + update + link, feed); /* the next batch comes while this one is computed */
    o->low = fmax(scale * sum.low + 0.8 * (update + link), feed);
    o->high = fmax(scale * sum.high + 1.5 * (update + link), feed);
    o->naive = scale * sum.naive;
    o->assumed = isinf(sum.distance);
    for (int i = 0; i < AR_LIMITS; i++)
        if (o->part[i] > o->part[o->limit])
            o->limit = (ar_limit)i;
    if (feed < o->seconds && o->limit == AR_LIMIT_FEED) { /* hidden behind the computing */
        o->limit = AR_LIMIT_COMPUTE;
        for (int i = 0; i < AR_LIMIT_FEED; i++)
            if (o->part[i] > o->part[o->limit])
                o->limit = (ar_limit)i;
    }
}

static void set_worth(ar_option *o, const ar_workload *w, double share) {
    const ar_machine *m = o->machine;
    o->rate = w->items * share / o->seconds;
    o->joules = m->power * o->devices * o->seconds;
    if (m->price_hour > 0)
        o->dollars = m->price_hour * o->devices * o->seconds / 3600;
    else
        o->dollars = m->price * o->devices * o->seconds / (LIFE_HOURS * 3600.0);
}

/* One way of running it; w is the network with the batch that each device gets. */
static void evaluate(ar_option *o, const ar_forecast *t, const ar_workload *w, const ar_question *q,
                     const micro_batches *micro) {
    char why[96];
    ar_need_of(w, q->train, o->spread, o->devices, &o->need);
    o->usable = ar_machine_is_usable(o->machine, w->dtype, why);
    o->fits = o->machine->memory <= 0 || o->need.total <= USABLE_MEMORY * o->machine->memory;
    if (!o->usable)
        snprintf(o->why, sizeof o->why, "%s", why);
    else if (!o->fits)
        snprintf(o->why, sizeof o->why, "needs %.3g GB of %.3g", o->need.total * 1e-9, o->machine->memory * 1e-9);
    if (!o->usable)
        return;
    set_time(o, t, w, q->train, micro);
    set_worth(o, w, o->spread == AR_SPREAD_DATA ? o->devices : 1);
    o->nearest = ar_forecast_nearest(t, &o->likeness);
}

/* The network for each number of devices that share the batch; op_count 0: the batch cannot be shared so. */
typedef struct shares {
    ar_workload by_power[POWERS];
    int count;
} shares;

static arete_status load_shares(const ar_question *q, const ar_workload *whole, int most, shares *s) {
    int64_t batch = ar_workload_param_value(whole, "batch", 1);
    const char *settings[AR_WORKLOAD_PARAMS + 1];
    char text[32];
    size_t count = 0;
    for (size_t i = 0; i < q->setting_count && count < AR_WORKLOAD_PARAMS; i++)
        if (strncmp(q->settings[i], "batch=", 6) != 0)
            settings[count++] = q->settings[i];
    for (s->count = 0; s->count < POWERS && most > 1; s->count++) {
        int64_t devices = 1 << s->count;
        if (s->count == 0 || batch % devices || ar_workload_param_value(whole, "batch", 0) == 0)
            continue;
        snprintf(text, sizeof text, "batch=%lld", (long long)(batch / devices));
        settings[count] = text;
        arete_status status = ar_workload_load(q->word, settings, count + 1, q->dtype, &s->by_power[s->count]);
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

static arete_status push(ar_choice *a, const ar_option *one, size_t room) {
    if (a->count == room)
        return ar_fail(ARETE_E_INTERNAL, "more options than were counted");
    a->options[a->count++] = *one;
    return ARETE_OK;
}

static arete_status try_machine(const ar_question *q, const ar_machine *m, const ar_forecast *t, const shares *s,
                                ar_choice *a, size_t room) {
    arete_status status = ARETE_OK;
    micro_batches micro = {.sum = {{0}}};
    char why[96];
    if ((q->most > 1 || m->made_count > 1) && ar_machine_is_usable(m, a->workload.dtype, why))
        for (int k = 0; k < POWERS; k++) {
            const ar_workload *w = k == 0 ? &a->workload : &s->by_power[k];
            if (w->op_count > 0)
                predict_share(t, w, q->train, 1, &micro.sum[k], micro.part[k]);
        }
    for (int power = 0; power < POWERS && status == ARETE_OK; power++) {
        int devices = 1 << power;
        if (m->made_count > 1 ? devices != m->made_count : devices > q->most)
            continue;
        for (int spread = 0; spread < AR_SPREADS && status == ARETE_OK; spread++) {
            ar_option o = {.machine = m, .devices = devices, .spread = (ar_spread)spread, .nearest = ""};
            if ((devices == 1) != (spread == AR_ALONE) || (devices > 1 && link_of(m) <= 0))
                continue;
            const ar_workload *w = spread == AR_SPREAD_DATA ? &s->by_power[power] : &a->workload;
            if (w->op_count == 0)
                continue;
            evaluate(&o, t, w, q, &micro);
            status = push(a, &o, room);
        }
    }
    return status;
}

static double worth(const ar_option *o, ar_by by) {
    double value = by == AR_BY_COST ? o->dollars : by == AR_BY_ENERGY ? o->joules : o->seconds;
    return value > 0 ? value : INFINITY;
}

static int grade(const ar_option *o) {
    return !o->usable ? 2 : !o->fits ? 1 : 0;
}

static int better(const void *a, const void *b) {
    const ar_option *x = a, *y = b;
    if (grade(x) != grade(y))
        return grade(x) - grade(y);
    if (x->worth != y->worth)
        return x->worth > y->worth ? 1 : -1;
    if (x->seconds != y->seconds)
        return x->seconds > y->seconds ? 1 : -1;
    return strcmp(x->machine->id, y->machine->id);
}

static void mark_pareto(ar_choice *a) {
    for (size_t i = 0; i < a->fitting; i++) {
        ar_option *x = &a->options[i];
        x->pareto = x->dollars > 0 || x->joules > 0;
        for (size_t k = 0; k < a->fitting && x->pareto; k++) {
            const ar_option *y = &a->options[k];
            double mine = x->dollars > 0 ? x->dollars : x->joules, its = x->dollars > 0 ? y->dollars : y->joules;
            if (k != i && its > 0 && its <= mine && y->seconds <= x->seconds &&
                (its < mine || y->seconds < x->seconds))
                x->pareto = false;
        }
    }
}

static arete_status evaluate_all(const ar_question *q, const ar_machine *machines, size_t count,
                                 const ar_experience *experience, const ar_without *without,
                                 const ar_lessons *lessons, const shares *s, ar_choice *a, size_t room) {
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < count && status == ARETE_OK; i++) {
        ar_forecast *t = NULL;
        status = ar_forecast_open(experience, &machines[i], without, lessons, &t);
        if (status == ARETE_OK)
            status = try_machine(q, &machines[i], t, s, a, room);
        ar_forecast_close(t);
    }
    return status;
}

arete_status ar_pick(const ar_question *q, const ar_machine *machines, size_t count,
                     const ar_experience *experience, const ar_without *without, const ar_lessons *lessons,
                     ar_choice *a) {
    shares *s = ar_os_alloc(sizeof *s);
    size_t room = count * POWERS * AR_SPREADS;
    int most = q->most;
    *a = (ar_choice){0};
    for (size_t i = 0; i < count; i++)
        most = machines[i].made_count > most ? machines[i].made_count : most;
    arete_status status = s ? ar_workload_load(q->word, q->settings, q->setting_count, q->dtype, &a->workload)
                            : ar_fail_memory("a choice", sizeof *s);
    if (status == ARETE_OK) {
        ar_workload_total(&a->workload, &a->sum);
        a->options = ar_os_alloc((room + 1) * sizeof *a->options);
        status = a->options ? load_shares(q, &a->workload, most, s)
                            : ar_fail_memory("options", room * sizeof(ar_option));
    }
    if (status == ARETE_OK)
        status = evaluate_all(q, machines, count, experience, without, lessons, s, a, room);
    for (int i = 0; s && i < POWERS; i++)
        ar_workload_free(&s->by_power[i]);
    ar_os_free(s);
    if (status != ARETE_OK) {
        ar_choice_free(a);
        return status;
    }
    for (size_t i = 0; i < a->count; i++)
        a->options[i].worth = worth(&a->options[i], q->by);
    qsort(a->options, a->count, sizeof *a->options, better);
    while (a->fitting < a->count && grade(&a->options[a->fitting]) == 0)
        a->fitting++;
    mark_pareto(a);
    return ARETE_OK;
}

void ar_choice_free(ar_choice *a) {
    ar_workload_free(&a->workload);
    ar_os_free(a->options);
    a->options = NULL;
    a->count = a->fitting = 0;
}
