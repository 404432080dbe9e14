/* cell.h: the argument block of all rnn kernels, and what a cell makes of its finished sums; vectors of units or of
 * sequences alike.
 *
 * Parameters
 *   CELL          CELL_LSTM, CELL_GRU, CELL_PLAIN
 *   LBR           GRU: 1 for linear_before_reset
 *   PROJECTION    LSTM: 1 where there is one
 *   ACT_F, ACT_G, ACT_H     activations: functions of device_math.h
 *   ACT_F2, ACT_G2, ACT_H2  those of direction 1
 *   TYPE_X, TYPE_W, TYPE_Y, TYPE_B, TYPE_STATE  storage of x, weights, y, biases and peepholes, states
 *
 * What is cheap to ask is a flag of rnn_args instead, so that few programs serve many layers.
 *
 * Precision     f32; activations to a few ulp.
 */
#define CELL_LSTM 0
#define CELL_GRU 1
#define CELL_PLAIN 2
#ifndef CELL
#define CELL CELL_LSTM
#endif
#ifndef LBR
#define LBR 0
#endif
#ifndef PROJECTION
#define PROJECTION 0
#endif
#ifndef TYPE_X
#define TYPE_X f32
#endif
#ifndef TYPE_W
#define TYPE_W f32
#endif
#ifndef TYPE_Y
#define TYPE_Y f32
#endif
#ifndef TYPE_B
#define TYPE_B f32
#endif
#ifndef TYPE_STATE
#define TYPE_STATE f32
#endif
#if !defined(ACT_F) && !defined(ACT_G) && !defined(ACT_H) && !defined(ACTS_APART)
#define PLAIN_ACTS 1 /* sigmoid and tanh: their divisions are put together */
#else
#define PLAIN_ACTS 0
#endif
#ifndef ACT_F
#define ACT_F act_sigmoid
#endif
#ifndef ACT_G
#define ACT_G act_tanh
#endif
#ifndef ACT_H
#define ACT_H act_tanh
#endif
#ifndef ACT_F2
#define ACT_F2 ACT_F
#endif
#ifndef ACT_G2
#define ACT_G2 ACT_G
#endif
#ifndef ACT_H2
#define ACT_H2 ACT_H
#endif
#ifndef ACTS_APART
#define ACTS_APART 0 /* 1: the directions have activations of their own */
#endif
#if CELL < 0 || CELL > 2 || (CELL != CELL_GRU && LBR) || (CELL != CELL_LSTM && PROJECTION)
#error "LBR goes with a GRU, PROJECTION with an LSTM"
#endif
#include "device_math.h"

#if CELL == CELL_LSTM
#define GATES 4
#elif CELL == CELL_GRU
#define GATES 3
#else
#define GATES 1
#endif
#define SCALED (CODE(TYPE_W) == CODE_i8)

/* Every distance and offset is in elements of its operand. */
typedef struct {
    long steps, batch, input, hidden, proj;
    long step; /* of a launch that makes one */
    long x_offset, x_step, x_lane;
    long y_offset, y_step, y_dir, y_lane;
    long lens_offset;
    long h0_offset, c0_offset, yh_offset, yc_offset; /* of this layer's direction 0 */
    long h_dir, h_lane, c_dir, c_lane;               /* of the states */
    long at[12];                                     /* places, see the kernel */
    float clip;
    float alpha[6], beta[6];
    int has_h0, has_c0, has_y, has_yh, has_yc;
    int bias, peephole, input_forget; /* 1: there are */
    int bounded;                      /* 1: the inputs of activations, to clip */
    int lengths;                      /* 1: sequences have lengths of their own */
    int reverse;                      /* 1: direction 0 goes backwards (direction 1 always does) */
    int torch;                        /* 1: gates lie as in PyTorch */
} rnn_args;

static inline realv rnn_bound(const rnn_args *s, realv x)
{
    return s->bounded ? betweenv((realv)(-s->clip), x, (realv)(s->clip)) : x;
}

/* Activation f, g or h of a direction. */
#define RNN_CALL(act, s, i, x) act(rnn_bound(s, x), (realv)((s)->alpha[i]), (realv)((s)->beta[i]))
#if ACTS_APART
#define RNN_F(s, dir, x) ((dir) ? RNN_CALL(ACT_F2, s, 3, x) : RNN_CALL(ACT_F, s, 0, x))
#define RNN_G(s, dir, x) ((dir) ? RNN_CALL(ACT_G2, s, 4, x) : RNN_CALL(ACT_G, s, 1, x))
#define RNN_H(s, dir, x) ((dir) ? RNN_CALL(ACT_H2, s, 5, x) : RNN_CALL(ACT_H, s, 2, x))
#else
#define RNN_F(s, dir, x) RNN_CALL(ACT_F, s, (dir) * 3, x)
#define RNN_G(s, dir, x) RNN_CALL(ACT_G, s, (dir) * 3 + 1, x)
#define RNN_H(s, dir, x) RNN_CALL(ACT_H, s, (dir) * 3 + 2, x)
#endif

#if PLAIN_ACTS
/* e^x with |x| cut off at 40, where 1 + e^-x is 1 and sigmoid is 4e-18; NaN stays. */
static inline realv rnn_exp(realv x)
{
    maskv whole;
    x = select(x, (realv)(40.0f), x > 40.0f);
    x = select(x, (realv)(-40.0f), x < -40.0f);
    realv n = wholev(x, 1.44269504f, &whole);
    realv r = fma(n, (realv)(-0.693145752f), x);
    r = fma(n, (realv)(-1.42860677e-6f), r);
    realv p = fma(r, (realv)(1.38888889e-3f), (realv)(8.33333333e-3f));
    p = fma(p, r, (realv)(4.16666667e-2f));
    p = fma(p, r, (realv)(1.66666667e-1f));
    p = fma(p, r, (realv)(0.5f));
    p = fma(p, r, (realv)(1.0f));
    p = fma(p, r, (realv)(1.0f));
    return p * CAT2(as_float, LANES)((whole + 127) << 23); /* WHOLE_BITS is shifted out */
}

/* tanh x = top / bottom, so that a division serves more than it: the odd series where 1 - e^-2x would cancel. */
static inline realv rnn_tanh_parts(realv x, realv *bottom)
{
    realv e = rnn_exp(-2.0f * x);
    realv z = x * x;
    realv p = fma(z, (realv)(-5.70498872745e-3f), (realv)(2.06390887954e-2f));
    p = fma(p, z, (realv)(-5.37397155531e-2f));
    p = fma(p, z, (realv)(1.33314422036e-1f));
    p = fma(p, z, (realv)(-3.33332819422e-1f));
    *bottom = e + 1.0f;
    return select(1.0f - e, fma(p * z, x, x) * *bottom, fabs(x) < 0.625f);
}
#endif

#if CELL == CELL_LSTM
/* i, o, f, c: sums with their biases. peep: those of i, o, f. The output before any projection; *cell goes on. */
static inline realv rnn_lstm(const rnn_args *s, int dir, realv i, realv o, realv f, realv c, const realv *peep,
                             realv *cell)
{
    realv old = *cell;
    if (s->peephole) {
        i = fma(peep[0], old, i);
        f = fma(peep[2], old, f);
    }
#if PLAIN_ACTS
    if (!s->input_forget) {
        realv of_c, of_h;
        const realv of_i = rnn_exp(-rnn_bound(s, i)) + 1.0f, of_f = rnn_exp(-rnn_bound(s, f)) + 1.0f;
        const realv top = rnn_tanh_parts(rnn_bound(s, c), &of_c);
        *cell = old / of_f + top / (of_i * of_c);
        if (s->peephole)
            o = fma(peep[1], *cell, o);
        const realv out = rnn_tanh_parts(rnn_bound(s, *cell), &of_h);
        return out / ((rnn_exp(-rnn_bound(s, o)) + 1.0f) * of_h);
    }
#endif
    i = RNN_F(s, dir, i);
    if (s->input_forget)
        f = (realv)(1) - i;
    else
        f = RNN_F(s, dir, f);
    realv fresh = fma(f, old, i * RNN_G(s, dir, c));
    if (s->peephole)
        o = fma(peep[1], fresh, o);
    *cell = fresh;
    return RNN_F(s, dir, o) * RNN_H(s, dir, fresh);
}
#endif

#if CELL == CELL_GRU
/* The update and reset gates from their sums. */
static inline void rnn_gru_gates(const rnn_args *s, int dir, realv *update, realv *reset)
{
#if PLAIN_ACTS
    const realv of_z = rnn_exp(-rnn_bound(s, *update)) + 1.0f, of_r = rnn_exp(-rnn_bound(s, *reset)) + 1.0f;
    const realv both = 1.0f / (of_z * of_r);
    *update = of_r * both;
    *reset = of_z * both;
#else
    *update = RNN_F(s, dir, *update);
    *reset = RNN_F(s, dir, *reset);
#endif
}

static inline realv rnn_candidate(const rnn_args *s, int dir, realv x)
{
#if PLAIN_ACTS
    realv bottom;
    const realv top = rnn_tanh_parts(rnn_bound(s, x), &bottom);
    return top / bottom;
#else
    return RNN_G(s, dir, x);
#endif
}
#endif

/* (1 - z) h + z old */
static inline realv rnn_blend(realv z, realv fresh, realv old)
{
    return fma(z, old - fresh, fresh);
}

/* How many steps a sequence has. */
static inline long rnn_length(const rnn_args *s, __global const int *lens, long lane)
{
    if (!s->lengths)
        return s->steps;
    long n = lens[s->lens_offset + lane];
    return n < 0 ? 0 : n > s->steps ? s->steps : n;
}

/* The time that a sequence of n steps is at in a direction's step; past its end the step itself. */
static inline long rnn_time(const rnn_args *s, long n, int dir, long step)
{
    return step < n && (s->reverse || dir == 1) ? n - 1 - step : step;
}

/* Where gate number g (i o f c, z r h) lies in memory. */
static inline int rnn_gate_at(const rnn_args *s, int g)
{
#if CELL == CELL_LSTM
    return !s->torch || g == 0 ? g : g == 1 ? 3 : g - 1;
#elif CELL == CELL_GRU
    return !s->torch || g == 2 ? g : 1 - g;
#else
    return g;
#endif
}
