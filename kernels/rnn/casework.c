/* Recurrent layers for the harness: operands, expected values, tolerance. */
#include "casework.h"

#include <math.h>
#include <string.h>

#include "solver_common.h"

/* Operands in their fixed order: x, the weights of each layer, then these. */
enum { LENS, H0, C0, Y, Y_H, Y_C, OTHERS };
enum { CASE_LAYERS = 3 }; /* whose operands the harness has room for */

static const char *const layer_names[CASE_LAYERS][RNN_WEIGHTS] = {
    {"w", "r", "b", "p", "proj", "w_scale", "r_scale", "proj_scale"},
    {"w1", "r1", "b1", "p1", "proj1", "w_scale1", "r_scale1", "proj_scale1"},
    {"w2", "r2", "b2", "p2", "proj2", "w_scale2", "r_scale2", "proj_scale2"}};

static arete_tensor *other(arete_rnn_args *args, int which) {
    arete_tensor *const fields[OTHERS] = {&args->lens, &args->h0, &args->c0, &args->y, &args->y_h, &args->y_c};
    return fields[which];
}

/* Lengths from the host are an operand here, too: their data is host memory. */
static bool present(const rnn_problem *p, int which) {
    const bool there[OTHERS] = {p->lens != RNN_LENS_NONE, p->h0, p->c0, p->y, p->y_h, p->y_c};
    return there[which];
}

/* Weights that let states neither vanish nor grow. */
static void weight_range(const rnn_problem *p, int64_t layer, int which, ar_operand *o) {
    double inputs = (double)ar_rnn_input(p, layer), top = 0.5;
    double of_w = 1.5 / sqrt(fmax(inputs, 1)), of_r = 1.2 / sqrt((double)p->proj),
           of_p = 1.5 / sqrt((double)p->hidden);
    double scaled = p->type_w == ARETE_I8 ? 127 : 0;
    switch (which) {
    case RNN_W:
        top = scaled > 0 ? scaled : of_w;
        break;
    case RNN_R:
        top = scaled > 0 ? scaled : of_r;
        break;
    case RNN_PROJ:
        top = scaled > 0 ? scaled : of_p;
        break;
    case RNN_W_SCALE:
    case RNN_R_SCALE:
    case RNN_PROJ_SCALE:
        top = (which == RNN_W_SCALE ? of_w : which == RNN_R_SCALE ? of_r : of_p) / 127;
        break;
    default:
        break;
    }
    o->low = which >= RNN_W_SCALE ? 0.5 * top : -top;
    o->high = top;
}

static void other_range(const rnn_problem *p, int which, ar_operand *o) {
    o->low = which == LENS ? 0 : -1;
    o->high = which == LENS ? (double)p->steps : 1;
}

static size_t operands(const void *of, ar_operand *out) {
    static const char *const names[OTHERS] = {"lens", "h0", "c0", "y", "y_h", "y_c"};
    const rnn_problem *p = of;
    rnn_description d;
    size_t count = 0;
    ar_rnn_problem_describe(p, &d);
    out[count++] = (ar_operand){.name = "x", .tensor = d.args.x, .role = AR_INPUT, .low = -1, .high = 1};
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        for (int which = 0; which < RNN_WEIGHTS; ++which) {
            if (!ar_rnn_weight_present(p, which))
                continue;
            ar_operand *o = &out[count++];
            *o = (ar_operand){.name = layer_names[layer][which],
                              .tensor = *ar_rnn_weight(&d.weights[layer], which),
                              .role = p->prepack ? AR_WEIGHT : AR_INPUT};
            weight_range(p, layer, which, o);
        }
    }
    for (int which = 0; which < OTHERS; ++which) {
        if (!present(p, which))
            continue;
        ar_operand *o = &out[count++];
        *o = (ar_operand){.name = names[which], .tensor = *other(&d.args, which), .role = AR_INPUT};
        if (which == LENS)
            o->tensor = arete_tensor_make(NULL, 0, ARETE_I32, 1, &p->batch);
        if (which >= Y)
            o->role = AR_OUTPUT;
        other_range(p, which, o);
    }
    return count;
}

static arete_status parse_case(const char *text, void *into) {
    arete_status status = ar_rnn_parse(text, into);
    const rnn_problem *p = into;
    if (status == ARETE_OK && p->layers > CASE_LAYERS)
        return ar_fail(ARETE_E_FORMAT, "rnn case '%s': the harness has operands for at most %d layers", text,
                       CASE_LAYERS);
    if (status == ARETE_OK && p->lens == RNN_LENS_HOST)
        return ar_fail(ARETE_E_FORMAT, "rnn case '%s': the harness keeps lengths on the device: lens=device", text);
    return status;
}

static arete_status plan_case(arete_device *device, const void *of, const char *solver, arete_plan **plan) {
    rnn_description d;
    ar_rnn_problem_describe(of, &d);
    d.desc.solver = solver;
    return arete_rnn_plan(device, &d.desc, &d.args, plan);
}

static void args_of(const rnn_problem *p, const arete_tensor *tensors, rnn_description *d) {
    memset(d, 0, sizeof *d);
    d->args.size = sizeof d->args;
    d->args.weights = d->weights;
    d->args.x = *tensors++;
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        for (int which = 0; which < RNN_WEIGHTS; ++which)
            if (ar_rnn_weight_present(p, which))
                *ar_rnn_weight(&d->weights[layer], which) = *tensors++;
    }
    for (int which = 0; which < OTHERS; ++which)
        if (present(p, which))
            *other(&d->args, which) = *tensors++;
}

static arete_status pack_case(const arete_plan *plan, arete_queue *queue, const void *of,
                              const arete_tensor *tensors, arete_buffer **packed) {
    const rnn_problem *p = of;
    rnn_description d;
    *packed = NULL;
    if (!p->prepack || !arete_rnn_packs(plan))
        return ARETE_OK;
    args_of(p, tensors, &d);
    return arete_rnn_pack(plan, queue, d.weights, packed);
}

static arete_status run_case(const arete_plan *plan, arete_queue *queue, const void *of,
                             const arete_tensor *tensors, arete_buffer *packed, arete_buffer *workspace,
                             arete_wait_list after, arete_event **done) {
    rnn_description d;
    args_of(of, tensors, &d);
    d.args.packed = packed;
    d.args.workspace = workspace;
    return arete_rnn_run(plan, queue, &d.args, after, done);
}

/* Where an element of an output is: its sequence, its step or layer and direction, its unit. */
typedef struct place {
    int64_t lane, step, dir, unit;
} place;

static place place_of(const rnn_problem *p, int which, int64_t at) {
    int64_t dirs = ar_rnn_dirs(p), size = which == Y_C ? p->hidden : p->proj;
    place e = {.unit = at % size};
    at /= size;
    if (which != Y) {
        int64_t ld = p->layers * dirs, inner = p->batch_major ? ld : p->batch;
        e.lane = p->batch_major ? at / inner : at % inner;
        e.step = p->batch_major ? at % inner : at / inner;
    } else if (p->batch_major) {
        e.dir = at % dirs;
        e.step = at / dirs % p->steps;
        e.lane = at / dirs / p->steps;
    } else {
        e.lane = at % p->batch;
        e.dir = at / p->batch % dirs;
        e.step = at / p->batch / dirs;
    }
    return e;
}

/* Which of OTHERS operand number output is. */
static int which_output(const rnn_problem *p, size_t output) {
    size_t at = 1;
    for (int which = 0; which < RNN_WEIGHTS; ++which)
        at += ar_rnn_weight_present(p, which) ? (size_t)p->layers : 0;
    for (int which = 0; which < OTHERS; ++which) {
        if (present(p, which) && at++ == output)
            return which;
    }
    return Y;
}

static void host_of(const rnn_problem *p, const void *const *data, rnn_host *host) {
    const void *others[OTHERS] = {0};
    memset(host, 0, sizeof *host);
    host->x = *data++;
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        for (int which = 0; which < RNN_WEIGHTS; ++which)
            if (ar_rnn_weight_present(p, which))
                host->weights[layer][which] = *data++;
    }
    for (int which = 0; which < OTHERS; ++which)
        if (present(p, which))
            others[which] = *data++;
    host->lens = others[LENS];
    host->h0 = others[H0];
    host->c0 = others[C0];
}

/* Whole sequences are computed, but only those that are asked for. */
static void expect(const void *of, const void *const *data, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes) {
    const rnn_problem *p = of;
    int which = which_output(p, output);
    int64_t dirs = ar_rnn_dirs(p), used = 0;
    int64_t *lanes = ar_os_alloc((size_t)(p->batch ? p->batch : 1) * 2 * sizeof *lanes), *index = lanes + p->batch;
    for (size_t e = 0; e < count; ++e)
        values[e] = magnitudes[e] = NAN; /* what stays when there is no memory: a failure */
    if (!lanes)
        return;
    for (size_t e = 0; e < count; ++e)
        index[place_of(p, which, elements[e]).lane] = 1;
    for (int64_t lane = 0; lane < p->batch; ++lane) {
        if (index[lane]) {
            index[lane] = used;
            lanes[used++] = lane;
        }
    }
    void *memory = ar_os_alloc(ar_rnn_compute_bytes(p, used));
    rnn_host host;
    rnn_result r;
    host_of(p, data, &host);
    if (memory)
        ar_rnn_compute(p, &host, lanes, used, memory, &r);
    for (size_t e = 0; e < count && memory; ++e) {
        place at = place_of(p, which, elements[e]);
        int64_t lane = index[at.lane],
                row = which == Y ? (at.step * dirs + at.dir) * used + lane : at.step * used + lane;
        values[e] = which == Y     ? r.y[row * p->proj + at.unit]
                    : which == Y_H ? r.h[row * p->proj + at.unit]
                                   : r.c[row * p->hidden + at.unit];
        magnitudes[e] = which == Y ? r.y_size[row] : r.end_size[row];
    }
    ar_os_free(memory);
    ar_os_free(lanes);
}

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}

/* Elements of few sequences, because each of them has to be computed whole: the ends of their rows and steps, then
 * at random. */
static size_t sample(const void *of, size_t output, uint64_t seed, size_t limit, int64_t *elements) {
    const rnn_problem *p = of;
    int which = which_output(p, output);
    int64_t dirs = ar_rnn_dirs(p), size = which == Y_C ? p->hidden : p->proj;
    int64_t rows = which == Y ? p->steps * dirs : p->layers * dirs;
    int64_t lanes = (int64_t)limit / (rows * size) + 1;
    lanes = lanes < p->batch ? lanes : p->batch;
    for (size_t i = 0; i < limit; ++i) {
        uint64_t bits = mix(seed * 0x100000001b3u + i);
        int64_t lane = (int64_t)((seed + bits % (uint64_t)lanes) % (uint64_t)p->batch);
        int64_t row = (int64_t)((bits >> 8) % (uint64_t)rows), unit = (int64_t)((bits >> 32) % (uint64_t)size);
        row = i % 4 == 1 ? rows - 1 : i % 64 == 2 ? 0 : row;
        unit = i % 16 == 3 ? size - 1 : i % 16 == 4 ? 0 : unit;
        elements[i] = (p->batch_major ? lane * rows + row : row * p->batch + lane) * size + unit;
    }
    return limit;
}

static double tolerance(const void *of, const arete_plan *plan, size_t output) {
    (void)plan;
    (void)output;
    return ar_rnn_tolerance(of);
}

static bool streams(const ar_case_list *list) {
    return strcmp(list->name, "streaming") == 0;
}

const ar_casework ar_rnn_casework = {
    .family = &ar_rnn_family,
    .case_bytes = sizeof(rnn_problem),
    .parse = parse_case,
    .format = ar_rnn_format,
    .operands = operands,
    .plan = plan_case,
    .pack = pack_case,
    .run = run_case,
    .expect = expect,
    .sample = sample,
    .tolerance = tolerance,
    .lists = ar_rnn_lists,
    .list_count = AR_RNN_LISTS,
    .streams = streams,
};
