/* stepwise.cl: recurrent layers with one or two launches for every step; for any device, every attribute.
 *
 * Weights are read as they lie. What goes on between launches is in the workspace, f32:
 *   h     [2][D][B][P]  the output before and after a step, in turn          at[0], at[0] + D*B*P
 *   c     [D][B][H]     the cell state                                       at[1]
 *   u     [D][B][H]     LSTM with a projection: its input; GRU without LBR: r . h                 at[2]
 *   z     [D][B][H]     GRU without LBR: the update gate                     at[3]
 *   g     [D][B][H]     GRU without LBR: the candidate's share of x          at[4]
 * at[5] w, at[6] r, at[7] b, at[8] p, at[9] w_scale, at[10] r_scale: offsets of the weights; of the projection and
 * its scale at[11] and the argument `proj_scale_at`.
 *
 * rnn_begin     copies or clears the states.   Global (max(H, P), B, D), groups of 1.
 * rnn_gates     one step: a group of WG work-items makes one unit of BT sequences: every gate's row times x and h.
 *               Global (H * WG, ceil(B / BT), D). At WG = 1 rows are read in vectors, above it element by element
 *               by neighbouring work-items, and summed in local memory (GATES * BT * WG reals) in a fixed order.
 * rnn_second    the rest of a step: the projection (global over P), or a GRU's candidate (over H).
 * rnn_end       copies the states out.
 * rnn_lengths   writes lengths that came from the host, as arguments.
 *
 * Limit         memory: every weight is read once a step for each BT sequences. Launches: 1 or 2 a step.
 */
#ifndef WG
#define WG 1
#endif
#include "rnn/cell.h"
#define BT 4 /* sequences of a group; a vector has at least 4 elements */
#define TWO_PHASES (PROJECTION || (CELL == CELL_GRU && !LBR))
#if CELL == CELL_GRU && !LBR
#define RECURRENT 2 /* gates of rnn_gates that h goes into: z and r, which stand first in either order */
#else
#define RECURRENT GATES
#endif

#if WG == 1
typedef realv partial;
#else
typedef real partial;
#endif

/* sums[g][l] = row g of w (row_step apart) . x at at[l]. */
#define DEFINE_DOTS(name, TX)                                                                                 \
    static inline void name(__global const STORAGE(TX) *x, const long *at, __global const STORAGE(TYPE_W) *w, \
                            long row_step, int rows, long count, real sums[GATES][BT],                        \
                            __local real *scratch)                                                            \
    {                                                                                                         \
        partial acc[GATES][BT];                                                                               \
        for (int g = 0; g < GATES; ++g)                                                                       \
            for (int l = 0; l < BT; ++l)                                                                      \
                acc[g][l] = (partial)(0);                                                                     \
        long k = WG == 1 ? 0 : get_local_id(0);                                                               \
        DOTS_BODY(TX)                                                                                         \
    }

#if WG == 1
#define DOTS_BODY(TX)                                                               \
    for (; k + LANES <= count; k += LANES) {                                        \
        realv v[BT];                                                                \
        for (int l = 0; l < BT; ++l)                                                \
            v[l] = LOADV(TX)(x + at[l] + k);                                        \
        for (int g = 0; g < rows; ++g) {                                            \
            realv of_w = LOADV(TYPE_W)(w + g * row_step + k);                       \
            for (int l = 0; l < BT; ++l)                                            \
                acc[g][l] = fma(of_w, v[l], acc[g][l]);                             \
        }                                                                           \
    }                                                                               \
    for (int g = 0; g < rows; ++g) {                                                \
        for (int l = 0; l < BT; ++l) {                                              \
            real part[LANES];                                                       \
            real sum = 0;                                                           \
            vstorev(acc[g][l], 0, part);                                            \
            for (int i = 0; i < LANES; ++i)                                         \
                sum += part[i];                                                     \
            for (long i = k; i < count; ++i)                                        \
                sum = fma(LOADS(TYPE_W)(w + g * row_step + i), LOADS(TX)(x + at[l] + i), sum); \
            sums[g][l] = sum;                                                       \
        }                                                                           \
    }
#else
#define DOTS_BODY(TX)                                                               \
    for (; k < count; k += WG) {                                                    \
        for (int g = 0; g < rows; ++g) {                                            \
            real of_w = LOADS(TYPE_W)(w + g * row_step + k);                        \
            for (int l = 0; l < BT; ++l)                                            \
                acc[g][l] = fma(of_w, LOADS(TX)(x + at[l] + k), acc[g][l]);         \
        }                                                                           \
    }                                                                               \
    barrier(CLK_LOCAL_MEM_FENCE);                                                   \
    for (int g = 0; g < rows; ++g)                                                  \
        for (int l = 0; l < BT; ++l)                                                \
            scratch[(g * BT + l) * WG + get_local_id(0)] = acc[g][l];               \
    barrier(CLK_LOCAL_MEM_FENCE);                                                   \
    for (int i = get_local_id(0); i < rows * BT; i += WG) {                         \
        real sum = 0;                                                               \
        for (int j = 0; j < WG; ++j)                                                \
            sum += scratch[i * WG + j];                                             \
        scratch[i * WG] = sum;                                                      \
    }                                                                               \
    barrier(CLK_LOCAL_MEM_FENCE);                                                   \
    for (int g = 0; g < rows; ++g)                                                  \
        for (int l = 0; l < BT; ++l)                                                \
            sums[g][l] = scratch[(g * BT + l) * WG];
#endif

DEFINE_DOTS(dots_x, TYPE_X)
DEFINE_DOTS(dots_h, f32)

static inline realv of_lanes(const real *values)
{
    real all[LANES];
    for (int i = 0; i < LANES; ++i)
        all[i] = i < BT ? values[i] : (real)0;
    return vloadv(0, all);
}

/* The sequences of this group: those past the batch repeat its last one and are not stored. */
typedef struct {
    long lane[BT], time[BT];
    int stored[BT], active[BT];
} lanes;

static inline void find_lanes(const rnn_args *s, __global const int *lens, int dir, lanes *l)
{
    for (int i = 0; i < BT; ++i) {
        long lane = get_group_id(1) * BT + i;
        l->stored[i] = lane < s->batch && get_local_id(0) == 0;
        l->lane[i] = min(lane, s->batch - 1);
        long n = rnn_length(s, lens, l->lane[i]);
        l->active[i] = s->step < n;
        l->time[i] = rnn_time(s, n, dir, s->step);
    }
}

/* A unit's new output: state, and y. */
static inline void finish_unit(const rnn_args *s, const lanes *l, int dir, long unit, realv fresh, long size,
                               __global float *work, __global STORAGE(TYPE_Y) *y)
{
    real values[LANES];
    const long dirs = get_num_groups(2);
    const long half_at = dirs * s->batch * size;
    __global const float *before = work + s->at[0] + (s->step % 2) * half_at;
    __global float *after = work + s->at[0] + ((s->step + 1) % 2) * half_at;
    vstorev(fresh, 0, values);
    for (int i = 0; i < BT; ++i) {
        if (!l->stored[i])
            continue;
        const long at = (dir * s->batch + l->lane[i]) * size + unit;
        after[at] = l->active[i] ? values[i] : before[at];
        if (s->has_y)
            STORES(TYPE_Y)(l->active[i] ? values[i] : (real)0, y + s->y_offset + l->time[i] * s->y_step +
                                                                   dir * s->y_dir + l->lane[i] * s->y_lane + unit);
    }
}

__kernel void rnn_gates(const rnn_args s, __global const STORAGE(TYPE_X) *x, __global const int *lens,
                        __global const STORAGE(TYPE_W) *w, __global const STORAGE(TYPE_W) *r,
                        __global const STORAGE(TYPE_B) *b, __global const STORAGE(TYPE_B) *p,
                        __global const float *w_scale, __global const float *r_scale, __global float *work,
                        __global STORAGE(TYPE_Y) *y)
{
#if WG > 1
    LOCAL_ARRAY real scratch[GATES * BT * WG];
#else
    __local real *scratch = 0;
#endif
    const long unit = get_group_id(0);
    const int dir = get_group_id(2);
    const long hidden = s.hidden;
    const long row = dir * GATES * hidden + unit; /* of gate 0 in memory */
    const long dirs = get_num_groups(2);
    __global const float *before = work + s.at[0] + (s.step % 2) * dirs * s.batch * s.proj;
    lanes l;
    find_lanes(&s, lens, dir, &l);
    long at_x[BT], at_h[BT], at_u[BT];
    for (int i = 0; i < BT; ++i) {
        at_x[i] = s.x_offset + l.time[i] * s.x_step + l.lane[i] * s.x_lane;
        at_h[i] = (dir * s.batch + l.lane[i]) * s.proj;
        at_u[i] = (dir * s.batch + l.lane[i]) * hidden + unit;
    }
    real of_x[GATES][BT], of_h[GATES][BT];
    dots_x(x, at_x, w + s.at[5] + row * s.input, hidden * s.input, GATES, s.input, of_x, scratch);
    dots_h(before, at_h, r + s.at[6] + row * s.proj, hidden * s.proj, RECURRENT, s.proj, of_h, scratch);
    realv gate[GATES], linear = (realv)(0);
    for (int g = 0; g < GATES; ++g) {
        const int m = rnn_gate_at(&s, g);
        const int split = CELL == CELL_GRU && g == 2; /* x and h are kept apart */
        real sum[BT], apart[BT];
        for (int i = 0; i < BT; ++i) {
            real from_x = of_x[m][i], from_h = m < RECURRENT ? of_h[m][i] : (real)0;
#if SCALED
            from_x *= w_scale[s.at[9] + row + m * hidden];
            from_h *= r_scale[s.at[10] + row + m * hidden];
#endif
            if (s.bias) {
                from_x += LOADS(TYPE_B)(b + s.at[7] + dir * GATES * hidden + row + m * hidden);
                from_h += LOADS(TYPE_B)(b + s.at[7] + (dir + 1) * GATES * hidden + row + m * hidden);
            }
            sum[i] = split ? from_x : from_x + from_h;
            apart[i] = from_h;
        }
        gate[g] = of_lanes(sum);
        if (split)
            linear = of_lanes(apart);
    }
#if CELL == CELL_LSTM
    realv peep[3] = {(realv)(0), (realv)(0), (realv)(0)};
    for (int g = 0; s.peephole && g < 3; ++g)
        peep[g] = (realv)(LOADS(TYPE_B)(p + s.at[8] + (dir * 3 + g) * hidden + unit));
    real cells[LANES];
    for (int i = 0; i < LANES; ++i)
        cells[i] = i < BT ? work[s.at[1] + at_u[i]] : 0;
    realv cell = vloadv(0, cells);
    realv fresh = rnn_lstm(&s, dir, gate[0], gate[1], gate[2], gate[3], peep, &cell);
    vstorev(cell, 0, cells);
#if WG > 1
    barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE); /* all have read the cell state */
#endif
    for (int i = 0; i < BT; ++i)
        if (l.stored[i] && l.active[i])
            work[s.at[1] + at_u[i]] = cells[i];
#if PROJECTION
    vstorev(fresh, 0, cells);
    for (int i = 0; i < BT; ++i)
        if (l.stored[i])
            work[s.at[2] + at_u[i]] = cells[i];
#else
    finish_unit(&s, &l, dir, unit, fresh, hidden, work, y);
#endif
#elif CELL == CELL_GRU
    real olds[LANES];
    for (int i = 0; i < LANES; ++i)
        olds[i] = i < BT ? before[at_h[i] + unit] : 0;
    realv old = vloadv(0, olds);
    realv z = gate[0], reset = gate[1];
    rnn_gru_gates(&s, dir, &z, &reset);
#if LBR
    realv candidate = fma(reset, linear, gate[2]);
    finish_unit(&s, &l, dir, unit, rnn_blend(z, rnn_candidate(&s, dir, candidate), old), hidden, work, y);
#else
    real zs[LANES], us[LANES], gs[LANES];
    vstorev(z, 0, zs);
    vstorev(reset * old, 0, us);
    vstorev(gate[2] + linear, 0, gs); /* of h it has the bias alone so far */
    for (int i = 0; i < BT; ++i) {
        if (!l.stored[i])
            continue;
        work[s.at[2] + at_u[i]] = us[i];
        work[s.at[3] + at_u[i]] = zs[i];
        work[s.at[4] + at_u[i]] = gs[i];
    }
#endif
#else
    finish_unit(&s, &l, dir, unit, RNN_F(&s, dir, gate[0]), hidden, work, y);
#endif
}

#if TWO_PHASES
/* r: the projection's weights, or a GRU's recurrent ones; scale of their rows. */
__kernel void rnn_second(const rnn_args s, __global const int *lens, __global const STORAGE(TYPE_W) *r,
                         __global const float *scale, __global float *work, __global STORAGE(TYPE_Y) *y)
{
#if WG > 1
    LOCAL_ARRAY real scratch[GATES * BT * WG];
#else
    __local real *scratch = 0;
#endif
    const long unit = get_group_id(0);
    const int dir = get_group_id(2);
    const long hidden = s.hidden;
    lanes l;
    find_lanes(&s, lens, dir, &l);
    long at_u[BT];
    for (int i = 0; i < BT; ++i)
        at_u[i] = (dir * s.batch + l.lane[i]) * hidden;
    real sums[GATES][BT];
#if PROJECTION
    const long row = dir * s.proj + unit;
    __global const STORAGE(TYPE_W) *rows = r + s.at[11] + row * hidden;
#else
    const long row = (dir * GATES + 2) * hidden + unit;
    __global const STORAGE(TYPE_W) *rows = r + s.at[6] + row * hidden;
#endif
    dots_h(work + s.at[2], at_u, rows, 0, 1, hidden, sums, scratch);
    realv sum = of_lanes(sums[0]);
#if SCALED
    sum *= scale[s.at[10] + row];
#endif
#if PROJECTION
    finish_unit(&s, &l, dir, unit, sum, s.proj, work, y);
#else
    const long dirs = get_num_groups(2);
    __global const float *before = work + s.at[0] + (s.step % 2) * dirs * s.batch * hidden;
    real zs[LANES], gs[LANES], olds[LANES];
    for (int i = 0; i < LANES; ++i) {
        const int j = min(i, BT - 1);
        zs[i] = work[s.at[3] + at_u[j] + unit];
        gs[i] = work[s.at[4] + at_u[j] + unit];
        olds[i] = before[at_u[j] + unit];
    }
    realv candidate = sum + vloadv(0, gs);
    const realv fresh = rnn_blend(vloadv(0, zs), rnn_candidate(&s, dir, candidate), vloadv(0, olds));
    finish_unit(&s, &l, dir, unit, fresh, hidden, work, y);
#endif
}
#endif

__kernel void rnn_begin(const rnn_args s, __global const STORAGE(TYPE_STATE) *h0,
                        __global const STORAGE(TYPE_STATE) *c0, __global float *work)
{
    const long i = get_global_id(0), lane = get_global_id(1), dir = get_global_id(2);
    const long at = dir * s.batch + lane;
    if (i < s.proj)
        work[s.at[0] + at * s.proj + i] =
            s.has_h0 ? LOADS(TYPE_STATE)(h0 + s.h0_offset + dir * s.h_dir + lane * s.h_lane + i) : (real)0;
#if CELL == CELL_LSTM
    if (i < s.hidden)
        work[s.at[1] + at * s.hidden + i] =
            s.has_c0 ? LOADS(TYPE_STATE)(c0 + s.c0_offset + dir * s.c_dir + lane * s.c_lane + i) : (real)0;
#endif
}

__kernel void rnn_end(const rnn_args s, __global STORAGE(TYPE_STATE) *yh, __global STORAGE(TYPE_STATE) *yc,
                      __global const float *work)
{
    const long i = get_global_id(0), lane = get_global_id(1), dir = get_global_id(2);
    const long at = dir * s.batch + lane;
    const long half_at = get_global_size(2) * s.batch * s.proj;
    if (i < s.proj && s.has_yh)
        STORES(TYPE_STATE)(work[s.at[0] + (s.steps % 2) * half_at + at * s.proj + i],
                           yh + s.yh_offset + dir * s.h_dir + lane * s.h_lane + i);
    if (i < s.hidden && s.has_yc)
        STORES(TYPE_STATE)(work[s.at[1] + at * s.hidden + i],
                           yc + s.yc_offset + dir * s.c_dir + lane * s.c_lane + i);
}

#include "rnn/lengths.h"
