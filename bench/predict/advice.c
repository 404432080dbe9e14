/* What to take, and why, in sentences. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "pick.h"
#include "words.h"

static void put_seconds(ar_writer *w, double seconds) {
    if (seconds < 1e-3)
        ar_put(w, "%.3g us", seconds * 1e6);
    else if (seconds < 1)
        ar_put(w, "%.3g ms", seconds * 1e3);
    else
        ar_put(w, "%.3g s", seconds);
}

static void put_who(ar_writer *w, const ar_option *o) {
    if (o->devices > 1 && o->machine->made_count <= 1)
        ar_put(w, "%d x %s (%s parallel)", o->devices, o->machine->name, ar_spread_name(o->spread));
    else
        ar_put(w, "%s", o->machine->name);
}

static const char *criterion(ar_by by) {
    return by == AR_BY_COST ? "cost" : by == AR_BY_ENERGY ? "energy" : "time";
}

static double part_of_time(const ar_option *o) {
    double all = 0;
    for (int i = 0; i < AR_LIMIT_FEED; i++)
        all += o->part[i];
    return all > 0 ? o->part[o->limit] / all : 0;
}

/* Whether what is known does not tell the two apart. */
static bool is_tie(const ar_option *best, const ar_option *o) {
    return isfinite(o->worth) && o->low * o->worth / o->seconds <= best->high * best->worth / best->seconds &&
           strcmp(o->machine->id, best->machine->id) != 0;
}

static size_t ties_of(const ar_choice *a) {
    size_t ties = 0;
    for (size_t i = 1; i < a->fitting; i++)
        ties += is_tie(&a->options[0], &a->options[i]);
    return ties;
}

static void put_interval(ar_writer *w, const ar_option *o) {
    put_seconds(w, o->seconds);
    ar_put(w, " a run (90%%: ");
    put_seconds(w, o->low);
    ar_put(w, " to ");
    put_seconds(w, o->high);
    ar_put(w, ")");
}

static void put_choice(ar_writer *w, const ar_question *q, const ar_choice *a) {
    const ar_option *best = &a->options[0], *sure = best;
    size_t ties = ties_of(a);
    for (size_t i = 1; i < a->fitting; i++) {
        const ar_option *o = &a->options[i];
        if (isfinite(o->worth) && o->high * o->worth / o->seconds < sure->high * sure->worth / sure->seconds)
            sure = o;
    }
    if (ties == 0)
        ar_put(w, "Take ");
    else
        ar_put(w, "First by %s, not for certain: ", criterion(q->by));
    put_who(w, best);
    ar_put(w, ", least %s of %zu that fit: ", criterion(q->by), a->fitting);
    put_interval(w, best);
    ar_put(w, ", %.4g %ss a second.\n", best->rate, a->workload.item);
    if (ties > 0 && sure != best) {
        ar_put(w, "Surest: ");
        put_who(w, sure);
        ar_put(w, ", ");
        put_interval(w, sure);
        ar_put(w, ": no other has so low an upper end.\n");
    }
}

/* What bounds it there, against the point where arithmetic and traffic balance. */
static void put_bound(ar_writer *w, const ar_choice *a) {
    const ar_option *best = &a->options[0];
    const ar_machine *m = best->machine;
    double ridge = m->peak[a->workload.dtype] / m->bandwidth;
    int64_t batch = ar_workload_param_value(&a->workload, "batch", 0);
    char steps[64] = "";
    double chain = 0;
    for (size_t i = 0; i < a->workload.op_count; i++)
        chain += a->workload.ops[i].op.kind == AR_OP_RNN
                     ? (double)(a->workload.ops[i].count * a->workload.ops[i].op.steps)
                     : 0;
    if (chain > 0)
        snprintf(steps, sizeof steps, ", %.0f steps of recurrent layers one after another", chain);
    ar_put(w, "There %s spends %.0f%% of its time bound by %s", a->workload.name, 100 * part_of_time(best),
           ar_limit_name(best->limit));
    if (batch > 0)
        ar_put(w, " at batch %lld", (long long)batch);
    switch (best->limit) {
    case AR_LIMIT_MEMORY:
    case AR_LIMIT_COMPUTE:
        ar_put(w, ": it does %.3g operations for each byte that must move, and the device balances at %.3g.\n",
               a->sum.flops / a->sum.bytes, ridge);
        break;
    case AR_LIMIT_LAUNCH:
        ar_put(w, ": %.0f operations%s, most too small to fill it; latency counts, not its roofs.\n",
               a->sum.operations, steps);
        break;
    case AR_LIMIT_LINK:
        ar_put(
            w,
            ": %d devices exchange more than they compute; fewer devices, a faster link or a larger batch help.\n",
            best->devices);
        break;
    default:
        ar_put(
            w,
            ": the host's link (%.3g GB/s) feeds it too slowly; keep the data on the device or in fewer bytes.\n",
            m->host_bandwidth * 1e-9);
        break;
    }
}

/* Why the best beats the next of another name: the ratio of the roofs that the time goes by. */
static void put_gain(ar_writer *w, const ar_choice *a) {
    const ar_option *best = &a->options[0], *next = NULL;
    for (size_t i = 1; i < a->fitting && !next; i++)
        if (a->options[i].devices == best->devices && strcmp(a->options[i].machine->id, best->machine->id) != 0)
            next = &a->options[i];
    if (!next)
        return;
    const ar_machine *x = best->machine, *y = next->machine;
    double arithmetic = x->peak[a->workload.dtype] / y->peak[a->workload.dtype];
    double bandwidth = x->bandwidth / y->bandwidth, gain = next->seconds / best->seconds;
    ar_put(w, "Against %s it has %.2fx the arithmetic and %.2fx the bandwidth, and is %.2fx as fast", y->name,
           arithmetic, bandwidth, gain);
    if (best->limit == AR_LIMIT_MEMORY && gain > 1.02 && bandwidth > 1.02)
        ar_put(w, ": what it gains, it gains by its memory%s", arithmetic < 1.02 ? ", not by its FLOPS" : "");
    else if (best->limit == AR_LIMIT_COMPUTE && gain > 1.02 && arithmetic > 1.02)
        ar_put(w, ": what it gains, it gains by its arithmetic%s", bandwidth < 1.02 ? ", not by its memory" : "");
    ar_put(w, ".\n");
}

/* Options that the intervals do not tell from the best. */
static void put_ties(ar_writer *w, const ar_question *q, const ar_choice *a) {
    const ar_option *best = &a->options[0];
    size_t ties = ties_of(a), named = 0;
    if (ties == 0) {
        ar_put(w, "Its interval of %s lies below all others'.\n", criterion(q->by));
        return;
    }
    ar_put(w, "By %s, what is known cannot tell %s from ", criterion(q->by), best->machine->name);
    for (size_t i = 1; i < a->fitting && named < 4; i++) {
        const ar_option *o = &a->options[i];
        if (!is_tie(best, o))
            continue;
        ar_put(w, "%s%s", named++ ? ", " : "", o->machine->name);
    }
    if (ties > named)
        ar_put(w, " and %zu others", ties - named);
    ar_put(w, ": their intervals overlap. Measure there (arete bench), or choose by another criterion.\n");
}

static bool knows_maker(const ar_experience *experience, const char *stack) {
    for (size_t r = 0; r < experience->count; r++)
        if (strcmp(experience->runs[r].machine.stack, stack) == 0)
            return true;
    return false;
}

static void put_trust(ar_writer *w, const ar_choice *a, const ar_experience *experience) {
    const ar_option *best = &a->options[0];
    if (!knows_maker(experience, best->machine->stack))
        ar_put(w,
               "Nothing that runs %s's libraries was measured, and what others' reach does not carry over well: "
               "trust the interval, not the time.\n",
               best->machine->stack);
    else if (best->likeness < 0.02)
        ar_put(w, "No device like it was measured; the nearest is %s. The interval is as wide as that makes it.\n",
               best->nearest);
    else
        ar_put(w, "Efficiencies come mostly from %s.\n", best->nearest);
    if (best->assumed)
        ar_put(w,
               "Element-wise layers were not measured anywhere: they are taken to reach 80%% of the bandwidth.\n");
}

static void put_other_criteria(ar_writer *w, const ar_question *q, const ar_choice *a) {
    const ar_option *cost = NULL, *energy = NULL;
    for (size_t i = 0; i < a->fitting; i++) {
        const ar_option *o = &a->options[i];
        if (o->dollars > 0 && (!cost || o->dollars < cost->dollars))
            cost = o;
        if (o->joules > 0 && (!energy || o->joules < energy->joules))
            energy = o;
    }
    if (q->by != AR_BY_COST && cost && cost->machine != a->options[0].machine) {
        ar_put(w, "Least cost, where prices are known: ");
        put_who(w, cost);
        ar_put(w, ", $%.3g for a million %ss.\n", 1e6 * cost->dollars / (cost->rate * cost->seconds),
               a->workload.item);
    }
    if (q->by != AR_BY_ENERGY && energy && energy->machine != a->options[0].machine) {
        ar_put(w, "Least energy, at rated power: ");
        put_who(w, energy);
        ar_put(w, ", %.3g J for each %s.\n", energy->joules / (energy->rate * energy->seconds), a->workload.item);
    }
}

static bool still_fits(const ar_choice *a, const ar_option *best) {
    for (size_t i = 0; i < a->fitting; i++)
        if (strcmp(a->options[i].machine->id, best->machine->id) == 0)
            return true;
    return false;
}

/* The first larger or smaller batch at which another device leads. */
static arete_status put_turn(ar_writer *w, const ar_question *q, const ar_choice *a, const ar_machine *machines,
                             size_t count, const ar_experience *experience, const ar_without *without,
                             const ar_lessons *lessons) {
    static const double factors[] = {4, 16, 64, 0.25};
    int64_t batch = ar_workload_param_value(&a->workload, "batch", 0);
    const ar_option *best = &a->options[0];
    const char *settings[AR_WORKLOAD_PARAMS + 1];
    char text[40];
    size_t used = 0;
    for (size_t i = 0; i < q->setting_count && used < AR_WORKLOAD_PARAMS; i++)
        if (strncmp(q->settings[i], "batch=", 6) != 0)
            settings[used++] = q->settings[i];
    for (size_t f = 0; f < 4 && batch > 0; f++) {
        ar_question other = *q;
        ar_choice turned;
        int64_t now = (int64_t)((double)batch * factors[f]);
        if (now < 1 || now == batch)
            continue;
        snprintf(text, sizeof text, "batch=%lld", (long long)now);
        settings[used] = text;
        other.settings = settings;
        other.setting_count = used + 1;
        arete_status status = ar_pick(&other, machines, count, experience, without, lessons, &turned);
        if (status != ARETE_OK)
            return status;
        const ar_option *first = &turned.options[0];
        bool turns = turned.fitting > 0 && strcmp(first->machine->id, best->machine->id) != 0;
        if (turns) {
            ar_put(w, "What would turn it: at batch %lld ", (long long)now);
            if (!still_fits(&turned, best))
                ar_put(w, "it no longer fits; of %zu that do, ", turned.fitting);
            put_who(w, first);
            ar_put(w, " leads, bound by %s.\n", ar_limit_name(first->limit));
        }
        ar_choice_free(&turned);
        if (turns)
            return ARETE_OK;
    }
    if (batch > 0)
        ar_put(w, "Batches from a quarter to 64 times of this do not turn the answer.\n");
    return ARETE_OK;
}

/* Nothing fits, or nothing can be predicted. */
static void put_no_fit(ar_writer *w, const ar_question *q, const ar_choice *a) {
    const ar_option *nearest = NULL;
    ar_need need, narrow;
    ar_need_of(&a->workload, q->train, AR_ALONE, 1, &need);
    ar_put(w, "Nothing that was asked for %s. It takes %.3g GB: weights %.3g",
           a->count && a->options[0].usable ? "has the memory" : "can be predicted", need.total * 1e-9,
           need.weights * 1e-9);
    if (q->train)
        ar_put(w, ", gradients %.3g, optimizer %.3g", need.gradients * 1e-9, need.optimizer * 1e-9);
    ar_put(w, ", activations and workspace %.3g, state %.3g.\n", (need.activations + need.workspace) * 1e-9,
           need.state * 1e-9);
    for (size_t i = 0; i < a->count; i++)
        if (a->options[i].usable && (!nearest || a->options[i].machine->memory > nearest->machine->memory))
            nearest = &a->options[i];
    if (!nearest)
        return;
    double room = 0.94 * nearest->machine->memory;
    if (arete_dtype_size(a->workload.dtype) > (q->train ? 2 : 1)) { /* nobody trains in int8 */
        ar_workload smaller = a->workload;
        narrow = need;
        smaller.dtype = arete_dtype_size(a->workload.dtype) > 2 ? ARETE_F16 : ARETE_I8;
        double scale = (double)arete_dtype_size(smaller.dtype) / (double)arete_dtype_size(a->workload.dtype);
        narrow.total = (need.total - need.optimizer) * scale + need.optimizer;
        ar_put(w, "In %s it would take about %.3g GB%s.\n", arete_dtype_name(smaller.dtype), narrow.total * 1e-9,
               narrow.total <= room ? ", which fits" : "");
    }
    if (need.weights + need.gradients + need.optimizer < room)
        ar_put(w, "A smaller batch would help: weights and what belongs to them fit.\n");
    ar_put(w,
           "Split over devices of %.3g GB (--devices %d, tensor or pipeline parallel) it fits; or take a CPU with "
           "that "
           "much memory.\n",
           nearest->machine->memory * 1e-9, (int)fmax(2, exp2(ceil(log2(need.total / room)))));
}

arete_status ar_advise(const ar_question *q, const ar_choice *a, const ar_machine *machines, size_t count,
                       const ar_experience *experience, const ar_without *without, const ar_lessons *lessons,
                       char *text, size_t bytes) {
    ar_writer w = {text, bytes};
    text[0] = '\0';
    if (a->fitting == 0) {
        put_no_fit(&w, q, a);
        return ARETE_OK;
    }
    if (isinf(a->options[0].worth)) {
        ar_put(&w, "By %s nothing can be said: none of what fits has a known %s.\n", criterion(q->by),
               q->by == AR_BY_COST ? "price" : "power");
        return ARETE_OK;
    }
    put_choice(&w, q, a);
    put_bound(&w, a);
    put_gain(&w, a);
    put_ties(&w, q, a);
    put_trust(&w, a, experience);
    put_other_criteria(&w, q, a);
    return count > 1 ? put_turn(&w, q, a, machines, count, experience, without, lessons) : ARETE_OK;
}
