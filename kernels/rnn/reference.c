/* The oracle: every step summed in f64, and the solver of that name on the reference device. */
#include <math.h>
#include <string.h>

#include "activation.h"
#include "oracle.h"
#include "solver_common.h"

enum { CHUNK = 256, SUMS = 8, ABREAST = 4 }; /* CHUNK is a multiple of SUMS */

static void load_line(double *to, const void *data, uint8_t type, int64_t at, int64_t count) {
    if (type == ARETE_F32) {
        const float *from = (const float *)data + at;
        for (int64_t i = 0; i < count; ++i)
            to[i] = (double)from[i];
    } else {
        for (int64_t i = 0; i < count; ++i)
            to[i] = ar_oracle_load(data, type, at + i);
    }
}

/* part[u] += w[i + u] * x[i + u]: sums that do not wait for each other, so that a compiler can vectorise. */
static void dot_f32(const float *w, const double *x, int64_t count, double part[SUMS]) {
    double sum[SUMS] = {0};
    int64_t i = 0;
    for (; i + SUMS <= count; i += SUMS)
        for (int u = 0; u < SUMS; ++u)
            sum[u] += (double)w[i + u] * x[i + u];
    for (int u = 0; i + u < count; ++u)
        sum[u] += (double)w[i + u] * x[i + u];
    for (int u = 0; u < SUMS; ++u)
        part[u] += sum[u];
}

/* sums[l] += w . v[l] for up to ABREAST vectors, which lie pitch apart and end in SUMS zeros or more. */
static void dots(const void *w, uint8_t type, int64_t at, const double *v, int64_t pitch, int64_t vectors,
                 int64_t count, double *sums) {
    double line[CHUNK + SUMS], part[ABREAST][SUMS] = {{0}};
    for (int64_t l = 0; l < vectors && type == ARETE_F32; ++l)
        dot_f32((const float *)w + at, v + l * pitch, count, part[l]);
    for (int64_t k = 0; k < count && type != ARETE_F32; k += CHUNK) {
        int64_t n = count - k < CHUNK ? count - k : CHUNK;
        load_line(line, w, type, at + k, n);
        memset(line + n, 0, SUMS * sizeof line[0]);
        for (int64_t l = 0; l < vectors; ++l) {
            const double *x = v + l * pitch + k;
            for (int64_t i = 0; i < n; i += SUMS)
                for (int64_t u = 0; u < SUMS; ++u)
                    part[l][u] += line[i + u] * x[i + u];
        }
    }
    for (int64_t l = 0; l < vectors; ++l)
        for (int64_t u = 0; u < SUMS; ++u)
            sums[l] += part[l][u];
}

static double squares(const double *v, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
        sum += v[i] * v[i];
    return sum;
}

double ar_rnn_tolerance(const rnn_problem *p) {
    int64_t most =
        p->input > ar_rnn_input(p, 1) && p->layers > 0 ? p->input : ar_rnn_input(p, p->layers > 1 ? 1 : 0);
    double doublings = ceil(log2((double)(most + p->proj)));
    return 4 * fmax(1, doublings) * 0x1p-24;
}

/* One direction of one layer at work. Vectors of a sequence lie pitch apart, padded by zeros to a multiple of SUMS.
 */
typedef struct pass {
    const rnn_problem *p;
    const void *const *weights;
    int64_t layer, dir, lanes, input;
    int64_t pitch_x, pitch_h; /* of x; of everything of size H or P */
    double *norm_w, *norm_r;  /* Euclidean norms of the rows of w and r */
    double *x, *h, *c, *u;    /* this step's input; the state; what is between: [lanes][pitch] */
    double *gates;            /* [lanes][G*H] */
    double *linear;           /* GRU, linear_before_reset: the recurrent half of the last gate, [lanes][H] */
    double *size;             /* [lanes]: largest magnitude so far */
} pass;

static double scale_of(const pass *a, int which, int64_t row, int64_t rows) {
    return a->weights[which] ? (double)((const float *)a->weights[which])[a->dir * rows + row] : 1;
}

static double bound(const rnn_problem *p, double x) {
    double clip = (double)p->clip;
    return clip > 0 ? x > clip ? clip : x < -clip ? -clip : x : x;
}

static double activate(const pass *a, int which, double x) {
    int i = (int)a->dir * 3 + which;
    return ar_activation_value((arete_activation)a->p->act[i], (double)a->p->alpha[i], (double)a->p->beta[i],
                               bound(a->p, x));
}

static void note(const pass *a, int64_t lane, double magnitude) {
    if (!(magnitude <= a->size[lane]))
        a->size[lane] = magnitude;
}

/* out[lane][unit] = Wx + Wb (+ Rh + Rb where recurrent) of one gate for every unit; recurrent NULL: the x half
 * alone, x NULL: the recurrent half alone. */
static void gate_sums(const pass *a, int64_t gate, const double *x, const double *h, double *out,
                      int64_t out_pitch) {
    const rnn_problem *p = a->p;
    int64_t hidden = p->hidden, rows = ar_rnn_gates(p) * hidden, first = ar_rnn_gate_at(p, gate) * hidden;
    double norm_x[ABREAST] = {0}, norm_h[ABREAST] = {0};
    for (int64_t l = 0; l < a->lanes; ++l) {
        norm_x[l] = x ? sqrt(squares(x + l * a->pitch_x, a->input)) : 0;
        norm_h[l] = h ? sqrt(squares(h + l * a->pitch_h, p->proj)) : 0;
    }
    for (int64_t j = 0; j < hidden; ++j) {
        int64_t row = first + j, at = a->dir * rows + row;
        double of_x[ABREAST] = {0}, of_h[ABREAST] = {0};
        double scale_x = scale_of(a, RNN_W_SCALE, row, rows), scale_h = scale_of(a, RNN_R_SCALE, row, rows);
        if (x)
            dots(a->weights[RNN_W], p->type_w, at * a->input, x, a->pitch_x, a->lanes, a->input, of_x);
        if (h)
            dots(a->weights[RNN_R], p->type_w, at * p->proj, h, a->pitch_h, a->lanes, p->proj, of_h);
        double bias_x = x && p->bias ? ar_oracle_load(a->weights[RNN_B], p->type_b, a->dir * 2 * rows + row) : 0;
        double bias_h =
            h && p->bias ? ar_oracle_load(a->weights[RNN_B], p->type_b, a->dir * 2 * rows + rows + row) : 0;
        for (int64_t l = 0; l < a->lanes; ++l) {
            out[l * out_pitch + j] = scale_x * of_x[l] + scale_h * of_h[l] + bias_x + bias_h;
            note(a, l,
                 fabs(scale_x) * a->norm_w[row] * norm_x[l] + fabs(scale_h) * a->norm_r[row] * norm_h[l] +
                     fabs(bias_x) + fabs(bias_h));
        }
    }
}

static double peephole(const pass *a, int which, int64_t unit) {
    const rnn_problem *p = a->p;
    return p->peephole
               ? ar_oracle_load(a->weights[RNN_P], p->type_b, a->dir * 3 * p->hidden + which * p->hidden + unit)
               : 0;
}

/* u = the new output of every lane; c is updated in fresh. */
static void lstm_step(pass *a, double *fresh_c) {
    const rnn_problem *p = a->p;
    int64_t hidden = p->hidden, pitch = 4 * hidden;
    for (int64_t gate = 0; gate < 4; ++gate)
        gate_sums(a, gate, a->x, a->h, a->gates + gate * hidden, pitch);
    for (int64_t l = 0; l < a->lanes; ++l) {
        for (int64_t j = 0; j < hidden; ++j) {
            const double *g = a->gates + l * pitch + j;
            double c = a->c[l * a->pitch_h + j];
            double i = activate(a, 0, g[0] + peephole(a, 0, j) * c);
            double f = p->input_forget ? 1 - i : activate(a, 0, g[2 * hidden] + peephole(a, 2, j) * c);
            double fresh = f * c + i * activate(a, 1, g[3 * hidden]);
            double o = activate(a, 0, g[hidden] + peephole(a, 1, j) * fresh);
            note(a, l, fabs(fresh));
            fresh_c[l * a->pitch_h + j] = fresh;
            a->u[l * a->pitch_h + j] = o * activate(a, 2, fresh);
        }
    }
}

static void gru_step(pass *a) {
    const rnn_problem *p = a->p;
    int64_t hidden = p->hidden, pitch = 3 * hidden;
    gate_sums(a, 0, a->x, a->h, a->gates, pitch);
    gate_sums(a, 1, a->x, a->h, a->gates + hidden, pitch);
    for (int64_t l = 0; l < a->lanes; ++l) {
        for (int64_t j = 0; j < 2 * hidden; ++j)
            a->gates[l * pitch + j] = activate(a, 0, a->gates[l * pitch + j]);
        for (int64_t j = 0; j < hidden; ++j)
            a->u[l * a->pitch_h + j] = a->gates[l * pitch + hidden + j] * a->h[l * a->pitch_h + j];
    }
    if (p->linear_before_reset) {
        gate_sums(a, 2, NULL, a->h, a->linear, hidden);
        gate_sums(a, 2, a->x, NULL, a->gates + 2 * hidden, pitch);
    } else {
        gate_sums(a, 2, a->x, a->u, a->gates + 2 * hidden, pitch);
    }
    for (int64_t l = 0; l < a->lanes; ++l) {
        for (int64_t j = 0; j < hidden; ++j) {
            double *g = a->gates + l * pitch + j, z = g[0];
            if (p->linear_before_reset)
                g[2 * hidden] += g[hidden] * a->linear[l * hidden + j];
            a->u[l * a->pitch_h + j] = (1 - z) * activate(a, 1, g[2 * hidden]) + z * a->h[l * a->pitch_h + j];
        }
    }
}

static void plain_step(pass *a) {
    int64_t hidden = a->p->hidden;
    gate_sums(a, 0, a->x, a->h, a->gates, hidden);
    for (int64_t l = 0; l < a->lanes; ++l)
        for (int64_t j = 0; j < hidden; ++j)
            a->u[l * a->pitch_h + j] = activate(a, 0, a->gates[l * hidden + j]);
}

/* u through the projection, into gates first. */
static void project(pass *a) {
    const rnn_problem *p = a->p;
    double norm_u[ABREAST];
    for (int64_t l = 0; l < a->lanes; ++l)
        norm_u[l] = sqrt(squares(a->u + l * a->pitch_h, p->hidden));
    for (int64_t q = 0; q < p->proj; ++q) {
        double sums[ABREAST] = {0}, line[CHUNK], square = 0;
        int64_t at = (a->dir * p->proj + q) * p->hidden;
        double scale = scale_of(a, RNN_PROJ_SCALE, q, p->proj);
        dots(a->weights[RNN_PROJ], p->type_w, at, a->u, a->pitch_h, a->lanes, p->hidden, sums);
        for (int64_t k = 0; k < p->hidden; k += CHUNK) {
            int64_t n = p->hidden - k < CHUNK ? p->hidden - k : CHUNK;
            load_line(line, a->weights[RNN_PROJ], p->type_w, at + k, n);
            square += squares(line, n);
        }
        for (int64_t l = 0; l < a->lanes; ++l) {
            a->gates[l * p->proj + q] = scale * sums[l];
            note(a, l, fabs(scale) * sqrt(square) * norm_u[l]);
        }
    }
    for (int64_t l = 0; l < a->lanes; ++l)
        for (int64_t q = 0; q < p->proj; ++q)
            a->u[l * a->pitch_h + q] = a->gates[l * p->proj + q];
}

static void row_norms(const pass *a) {
    const rnn_problem *p = a->p;
    int64_t rows = ar_rnn_gates(p) * p->hidden;
    double line[CHUNK];
    for (int64_t row = 0; row < rows; ++row) {
        double w = 0, r = 0;
        for (int64_t k = 0; k < a->input; k += CHUNK) {
            int64_t n = a->input - k < CHUNK ? a->input - k : CHUNK;
            load_line(line, a->weights[RNN_W], p->type_w, (a->dir * rows + row) * a->input + k, n);
            w += squares(line, n);
        }
        for (int64_t k = 0; k < p->proj; k += CHUNK) {
            int64_t n = p->proj - k < CHUNK ? p->proj - k : CHUNK;
            load_line(line, a->weights[RNN_R], p->type_w, (a->dir * rows + row) * p->proj + k, n);
            r += squares(line, n);
        }
        a->norm_w[row] = sqrt(w);
        a->norm_r[row] = sqrt(r);
    }
}

static int64_t pad(int64_t n) {
    return (n + 2 * SUMS - 1) / SUMS * SUMS;
}

static int64_t lens_of(const rnn_problem *p, const rnn_host *host, int64_t lane) {
    int64_t n = p->lens == RNN_LENS_NONE ? p->steps : host->lens[lane];
    return n < 0 ? 0 : n > p->steps ? p->steps : n;
}

/* The memory of a computation of count sequences, ABREAST at a time. */
typedef struct layout {
    int64_t pitch_x, pitch_h, between; /* doubles; between: one sequence's h of all steps and directions */
    int64_t work;                      /* of one pass */
    int64_t y, h, c, y_size, end_size, all;
} layout;

static layout lay_out(const rnn_problem *p, int64_t count) {
    int64_t dirs = ar_rnn_dirs(p), rows = ar_rnn_gates(p) * p->hidden, ld = p->layers * dirs;
    int64_t widest = p->input > dirs * p->proj ? p->input : dirs * p->proj;
    layout m = {.pitch_x = pad(widest), .pitch_h = pad(p->hidden > p->proj ? p->hidden : p->proj)};
    m.between = p->steps * dirs * p->proj;
    int64_t gates = rows > p->proj ? rows : p->proj;
    m.work = 2 * rows + ABREAST * (m.pitch_x + 4 * m.pitch_h + gates + p->hidden + 1 + 2 * m.between);
    m.y = m.work;
    m.h = m.y + p->steps * dirs * count * p->proj;
    m.c = m.h + ld * count * p->proj;
    m.y_size = m.c + ld * count * p->hidden;
    m.end_size = m.y_size + p->steps * dirs * count;
    m.all = m.end_size + ld * count;
    return m;
}

uint64_t ar_rnn_compute_bytes(const rnn_problem *p, int64_t count) {
    return (uint64_t)lay_out(p, count).all * sizeof(double);
}

/* Steps of one direction of one layer for a->lanes sequences. from: the layer before, [lane][t][D*P], NULL: x;
 * into: likewise. sizes: [t] for each lane, pitch apart. */
static void run_pass(pass *a, const rnn_host *host, const int64_t *lanes, const double *from, double *into,
                     double *fresh_c, double *sizes, int64_t size_step) {
    const rnn_problem *p = a->p;
    int64_t dirs = ar_rnn_dirs(p), width = dirs * p->proj;
    bool reverse = p->direction == ARETE_RNN_REVERSE || a->dir == 1;
    for (int64_t s = 0; s < p->steps; ++s) {
        int64_t at[ABREAST];
        bool active[ABREAST], any = false;
        for (int64_t l = 0; l < a->lanes; ++l) {
            int64_t n = lens_of(p, host, lanes[l]);
            active[l] = s < n;
            any |= active[l];
            at[l] = active[l] && reverse ? n - 1 - s : s;
            double *x = a->x + l * a->pitch_x;
            if (!active[l])
                memset(x, 0, (size_t)a->input * sizeof *x); /* what is there may be NaN */
            else if (from)
                memcpy(x, from + l * p->steps * width + at[l] * width, (size_t)width * sizeof *x);
            else
                load_line(x, host->x, p->type_x, at[l] * p->x_step + lanes[l] * p->x_lane, p->input);
        }
        if (any && p->cell == ARETE_RNN_LSTM)
            lstm_step(a, fresh_c);
        else if (any && p->cell == ARETE_RNN_GRU)
            gru_step(a);
        else if (any)
            plain_step(a);
        if (any && p->projection)
            project(a);
        for (int64_t l = 0; l < a->lanes; ++l) {
            double *y = into + l * p->steps * width + at[l] * width + a->dir * p->proj;
            if (active[l]) {
                memcpy(a->h + l * a->pitch_h, a->u + l * a->pitch_h, (size_t)p->proj * sizeof *y);
                memcpy(a->c + l * a->pitch_h, fresh_c + l * a->pitch_h, (size_t)p->hidden * sizeof *y);
                memcpy(y, a->u + l * a->pitch_h, (size_t)p->proj * sizeof *y);
            } else {
                memset(y, 0, (size_t)p->proj * sizeof *y);
            }
            sizes[at[l] * size_step + l] = a->size[l];
        }
    }
}

static double initial(const rnn_problem *p, const void *state, int64_t ld, int64_t lane, int64_t size, int64_t i) {
    return state ? ar_oracle_load(state, p->type_state,
                                  ld * ar_rnn_state_dir(p, size) + lane * ar_rnn_state_lane(p, size) + i)
                 : 0;
}

/* Up to ABREAST sequences through all layers; results go to places first.. of count. */
static void compute_some(const rnn_problem *p, const rnn_host *host, const int64_t *lanes, int64_t first,
                         int64_t abreast, int64_t count, double *memory, const rnn_result *out) {
    layout m = lay_out(p, count);
    int64_t dirs = ar_rnn_dirs(p), rows = ar_rnn_gates(p) * p->hidden, gates = rows > p->proj ? rows : p->proj;
    memset(memory, 0, (size_t)m.work * sizeof *memory);
    pass a = {.p = p, .lanes = abreast, .pitch_x = m.pitch_x, .pitch_h = m.pitch_h};
    a.norm_w = memory;
    a.norm_r = a.norm_w + rows;
    a.x = a.norm_r + rows;
    a.h = a.x + ABREAST * m.pitch_x;
    a.c = a.h + ABREAST * m.pitch_h;
    a.u = a.c + ABREAST * m.pitch_h;
    double *fresh_c = a.u + ABREAST * m.pitch_h;
    a.gates = fresh_c + ABREAST * m.pitch_h;
    a.linear = a.gates + ABREAST * gates;
    a.size = a.linear + ABREAST * p->hidden;
    double *between[2] = {a.size + ABREAST, a.size + ABREAST + ABREAST * m.between};
    for (a.layer = 0; a.layer < p->layers; ++a.layer) {
        const double *from = a.layer ? between[(a.layer + 1) % 2] : NULL;
        double *into = between[a.layer % 2];
        a.weights = host->weights[a.layer];
        a.input = ar_rnn_input(p, a.layer);
        for (a.dir = 0; a.dir < dirs; ++a.dir) {
            int64_t ld = a.layer * dirs + a.dir;
            memset(a.x, 0, (size_t)(a.linear - a.x) * sizeof *a.x);
            row_norms(&a);
            for (int64_t l = 0; l < abreast; ++l) {
                for (int64_t i = 0; i < p->proj; ++i)
                    a.h[l * a.pitch_h + i] = initial(p, host->h0, ld, lanes[first + l], p->proj, i);
                for (int64_t i = 0; i < p->hidden && p->cell == ARETE_RNN_LSTM; ++i) {
                    a.c[l * a.pitch_h + i] = initial(p, host->c0, ld, lanes[first + l], p->hidden, i);
                    note(&a, l, fabs(a.c[l * a.pitch_h + i]));
                }
            }
            run_pass(&a, host, lanes + first, from, into, fresh_c, out->y_size + a.dir * count + first,
                     dirs * count);
            for (int64_t l = 0; l < abreast; ++l) {
                int64_t at = ld * count + first + l;
                memcpy(out->h + at * p->proj, a.h + l * a.pitch_h, (size_t)p->proj * sizeof *a.h);
                memcpy(out->c + at * p->hidden, a.c + l * a.pitch_h, (size_t)p->hidden * sizeof *a.h);
                out->end_size[at] = a.size[l];
            }
        }
    }
    const double *last = between[(p->layers - 1) % 2];
    for (int64_t t = 0; t < p->steps; ++t)
        for (int64_t d = 0; d < dirs; ++d)
            for (int64_t l = 0; l < abreast; ++l)
                memcpy(out->y + ((t * dirs + d) * count + first + l) * p->proj,
                       last + (l * p->steps + t) * dirs * p->proj + d * p->proj, (size_t)p->proj * sizeof *last);
}

void ar_rnn_compute(const rnn_problem *p, const rnn_host *host, const int64_t *lanes, int64_t count, void *memory,
                    rnn_result *result) {
    double *from = memory;
    layout m = lay_out(p, count);
    *result = (rnn_result){from + m.y, from + m.h, from + m.c, from + m.y_size, from + m.end_size};
    for (int64_t first = 0; first < count; first += ABREAST)
        compute_some(p, host, lanes, first, count - first < ABREAST ? count - first : ABREAST, count, from, result);
    double slope = 0;
    for (int i = 0; i < RNN_ACTS; ++i)
        slope = fmax(slope, p->act[i] ? ar_activation_slope((arete_activation)p->act[i], (double)p->alpha[i],
                                                            (double)p->beta[i])
                                      : 0);
    for (int64_t i = 0; i < p->steps * ar_rnn_dirs(p) * count; ++i)
        result->y_size[i] = fmax(1, slope) * (1 + result->y_size[i]);
    for (int64_t i = 0; i < p->layers * ar_rnn_dirs(p) * count; ++i)
        result->end_size[i] = fmax(1, slope) * (1 + result->end_size[i]);
}

static double reference_estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                                 const ar_params *params) {
    arete_cost cost;
    (void)device;
    (void)roofs;
    (void)params;
    ar_rnn_family.cost(problem, &cost);
    return cost.flops * 0.5e-9;
}

static arete_status reference_build(arete_plan *plan) {
    const rnn_problem *p = ar_plan_problem(plan);
    plan->workspace = ar_rnn_compute_bytes(p, ABREAST);
    return ARETE_OK;
}

/* Results of the lanes first.. to the outputs. */
static void put_out(const rnn_problem *p, const arete_rnn_args *a, const rnn_result *r, int64_t first,
                    int64_t count) {
    int64_t dirs = ar_rnn_dirs(p);
    for (int64_t l = 0; l < count; ++l) {
        for (int64_t td = 0; td < p->steps * dirs && p->y; ++td)
            for (int64_t i = 0; i < p->proj; ++i)
                ar_oracle_store(ar_oracle_host(&a->y), p->type_y,
                                td / dirs * p->y_step + td % dirs * p->y_dir + (first + l) * p->y_lane + i,
                                r->y[(td * count + l) * p->proj + i]);
        for (int64_t ld = 0; ld < p->layers * dirs; ++ld) {
            int64_t h = ld * ar_rnn_state_dir(p, p->proj) + (first + l) * ar_rnn_state_lane(p, p->proj);
            int64_t c = ld * ar_rnn_state_dir(p, p->hidden) + (first + l) * ar_rnn_state_lane(p, p->hidden);
            for (int64_t i = 0; i < p->proj && p->y_h; ++i)
                ar_oracle_store(ar_oracle_host(&a->y_h), p->type_state, h + i,
                                r->h[(ld * count + l) * p->proj + i]);
            for (int64_t i = 0; i < p->hidden && p->y_c; ++i)
                ar_oracle_store(ar_oracle_host(&a->y_c), p->type_state, c + i,
                                r->c[(ld * count + l) * p->hidden + i]);
        }
    }
}

static arete_status reference_run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                                  arete_event **done) {
    const rnn_problem *p = ar_plan_problem(plan);
    const arete_rnn_args *a = of;
    arete_buffer *scratch;
    arete_status status = ar_plan_scratch(plan, queue, a->workspace, &scratch);
    /* Events of this device are complete when they are made, so the marker may come first. */
    if (status == ARETE_OK)
        status = ar_queue_marker(queue, after, done);
    if (status != ARETE_OK)
        return status;
    rnn_host host = {.x = ar_oracle_host(&a->x), .h0 = ar_oracle_host(&a->h0), .c0 = ar_oracle_host(&a->c0)};
    host.lens = p->lens == RNN_LENS_HOST ? a->host_lens : ar_oracle_host(&a->lens);
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        arete_rnn_weights copy = a->weights[layer];
        for (int which = 0; which < RNN_WEIGHTS; ++which)
            host.weights[layer][which] = ar_oracle_host(ar_rnn_weight(&copy, which));
    }
    for (int64_t first = 0; first < p->batch; first += ABREAST) {
        int64_t lanes[ABREAST] = {first, first + 1, first + 2, first + 3};
        int64_t count = p->batch - first < ABREAST ? p->batch - first : ABREAST;
        rnn_result result;
        ar_rnn_compute(p, &host, lanes, count, scratch->impl, &result);
        put_out(p, a, &result, first, count);
    }
    return ARETE_OK;
}

const ar_solver ar_rnn_reference = {
    .name = "reference",
    .applies = ar_oracle_applies,
    .estimate = reference_estimate,
    .build = reference_build,
    .run = reference_run,
};
