/* persistent.cl: all steps of a layer in one launch; CPU class. README.md here has the data flow, and why the
 * groups of a launch cannot wait for each other forever.
 *
 * Weights    packed.h: panels of one or more vectors of units, every gate of a unit beside the others.
 * Work       cut into stages: the input product of a block of steps, then for each step the gates, then
 *            (TWO_PHASES) the projection or a GRU's candidate. A stage is chunks, each a panel's share; a group
 *            claims chunks, its own slice first, and starts a stage when the one before is done.
 * Group      one work-item; global (groups). Any number of groups: each could do everything alone.
 * Workspace  f32, places in rnn_args.at:
 *   at[0] h  [2][D][B][h_pitch]          before and after a step, in turn
 *   at[1] c  [D][padded][B][LANES]
 *   at[2] u  [D][B][u_pitch]             the projection's input, or r . h
 *   at[3] z  [D][padded][B][LANES]       GRU without LBR: the update gate
 *   at[4] g  [D][padded/W_UNITS][rows][W_UNITS * GATES][LANES]   x's share of the gates and the biases; rows are
 *            the block's steps times B, each step at its own time (lengths, directions)
 *   at[5] x  [T][B][I]                   where x is not f32 (rnn_start)
 *   at[6] the meeting place, in ints: done, then a claim counter for each group, MEET_PITCH apart
 * at[7], at[8], at[9]: w, r, s of packed.h in elements; at[10] its f32 vectors, in floats.
 *
 * rnn_start  clears the meeting place, brings h0, c0 and x in. Global (parts, B, D), groups of 1.
 * ALONE      1: there is one group, which meets nobody and starts by itself: no launch of rnn_start before it.
 * Limit      one step is B / 2 flop per byte of f32 weights: with few sequences the caches that hold a slice.
 */
#include "rnn/cell.h"
#include "rnn/packed.h"
#include "rnn/meeting.h"
#ifndef MR
#define MR 6 /* rows of a product of 4 vectors: MR * 4 + 5 registers */
#endif
#if MR != 2 && MR != 6
#error "MR must be 2 or 6"
#endif
#ifndef ALONE
#define ALONE 0
#endif
#ifndef TYPE_GIVEN
#define TYPE_GIVEN f32 /* of x as it is given, where that is not f32 */
#endif
#define ROWS_MAX 48 /* rows of a chunk of the input product: a multiple of MR */
#define STATE_AHEAD 1024 /* vectors of a state that are asked for ahead */
#define NVW (W_UNITS * GATES)
#define NVR (R_UNITS * R_GATES)
#define SAME_PANELS (R_UNITS == W_UNITS && R_GATES == GATES)

#include "rnn/products.h"

/* Vector number i of f32 at p, in one piece (prelude.h). */
#define GET(i, p) loadv_f32((p) + (i) * (long)LANES)
#define PUT(x, i, p) storev_f32(x, (p) + (i) * (long)LANES)

typedef struct {
    long dirs, padded; /* vectors of units */
    long h_pitch, u_pitch;
    long block;        /* steps of an input product */
    long chunk_rows;   /* of the input product: at most ROWS_MAX */
    long chunk_panels;
    long projected;    /* vectors of P */
} rnn_shape;

/* What every chunk needs. */
typedef struct {
    const rnn_args *s;
    const rnn_shape *z;
    __global const float *x;
    __global const int *lens;
    __global const STORAGE(TYPE_W) *w;
    __global const float *vectors;
    __global float *work;
    __global STORAGE(TYPE_Y) *y;
    __global STORAGE(TYPE_STATE) *yh;
    __global STORAGE(TYPE_STATE) *yc;
} place;

/* How many rows the next tile takes when `left` are left: tiles of one size, but for one. */
static inline int tile_rows(long left)
{
    const long tiles = (left + MR - 1) / MR;
    return (int)((left + tiles - 1) / tiles);
}

static inline __global float *share_at(const place *p, int dir, long unit, long row, int gate)
{
    const long rows = p->z->block * p->s->batch;
    const long panel = (dir * p->z->padded + unit) / W_UNITS;
    return p->work + p->s->at[4] + ((panel * rows + row) * NVW + unit % W_UNITS * GATES + gate) * LANES;
}

/* Stage: the input product of the steps from first on. Chunks: [D][groups of panels][blocks of rows]. */
static inline void input_chunk(const place *p, long first, long chunk)
{
    const rnn_args *s = p->s;
    const rnn_shape *z = p->z;
    const long rows = min(z->block, s->steps - first) * s->batch;
    const long blocks = (rows + z->chunk_rows - 1) / z->chunk_rows;
    const long panels = ((s->hidden + LANES - 1) / LANES + W_UNITS - 1) / W_UNITS;
    const long groups = (panels + z->chunk_panels - 1) / z->chunk_panels;
    const long row_0 = chunk % blocks * z->chunk_rows, row_1 = min(rows, row_0 + z->chunk_rows);
    const long group = chunk / blocks % groups;
    const int dir = chunk / blocks / groups;
    long at[ROWS_MAX];
    for (long row = row_0; row < row_1; ++row) {
        const long lane = row % s->batch;
        const long time = rnn_time(s, rnn_length(s, p->lens, lane), dir, first + row / s->batch);
        at[row - row_0] = s->x_offset + time * s->x_step + lane * s->x_lane;
    }
    for (long panel = group * z->chunk_panels; panel < min(panels, (group + 1) * z->chunk_panels); ++panel) {
        __global const STORAGE(TYPE_W) *w =
            p->w + s->at[7] + (dir * panels + panel) * STEPS_OF(s->input) * NVW * LANES;
        const long mine = dir * z->padded + panel * W_UNITS;
        for (long row = row_0; row < row_1;) {
            realv acc[MR * NVW];
            const int count = tile_rows(row_1 - row);
            for (int i = 0; i < count * NVW; ++i)
                acc[i] = SCALED ? (realv)(0)
                                : GET(AT_BIAS(z->dirs, z->padded) + mine * GATES + i % NVW, p->vectors);
            product_input(count, p->x, at + row - row_0, w, s->input, acc);
            __global float *to = share_at(p, dir, panel * W_UNITS, row, 0);
            for (int i = 0; i < count * NVW; ++i) {
#if SCALED
                acc[i] = fma(acc[i], GET(AT_W_SCALE(z->dirs, z->padded) + mine * GATES + i % NVW, p->vectors),
                             GET(AT_BIAS(z->dirs, z->padded) + mine * GATES + i % NVW, p->vectors));
#endif
                PUT(acc[i], i, to);
            }
            row += count;
        }
    }
}

/* The new output of a vector of units of one sequence: the state, y, and at the end y_h. */
static inline void finish_units(const place *p, int dir, long lane, long step, int active, long time, long unit,
                                long size, realv fresh)
{
    const rnn_args *s = p->s;
    const long half_at = p->z->dirs * s->batch * p->z->h_pitch;
    const long at = s->at[0] + (dir * s->batch + lane) * p->z->h_pitch + unit * LANES;
    const long first = unit * LANES;
    const long count = size - first;
    if (!active)
        fresh = GET(0, p->work + at + (step % 2) * half_at);
    PUT(fresh, 0, p->work + at + ((step + 1) % 2) * half_at);
    if (s->has_y) {
        __global STORAGE(TYPE_Y) *y =
            p->y + s->y_offset + time * s->y_step + dir * s->y_dir + lane * s->y_lane + first;
        const realv out = active ? fresh : (realv)(0);
        if (count >= LANES) {
            STOREV(TYPE_Y)(out, y);
        } else {
            real part[LANES];
            vstorev(out, 0, part);
            for (int i = 0; i < count; ++i)
                STORES(TYPE_Y)(part[i], y + i);
        }
    }
    if (s->has_yh && step == s->steps - 1) {
        real part[LANES];
        vstorev(fresh, 0, part);
        for (int i = 0; i < min(count, (long)LANES); ++i)
            STORES(TYPE_STATE)(part[i], p->yh + s->yh_offset + dir * s->h_dir + lane * s->h_lane + first + i);
    }
}

#if CELL == CELL_LSTM
static inline void lstm_units(const place *p, int dir, long unit, long lane, long step, int active, long time,
                              const realv *gate)
{
    const rnn_args *s = p->s;
    const rnn_shape *z = p->z;
    const long mine = dir * z->padded + unit;
    __global float *c = p->work + s->at[1];
    realv peep[3];
    for (int g = 0; g < 3; ++g)
        peep[g] = s->peephole ? GET(AT_PEEP(z->dirs, z->padded) + mine * 3 + g, p->vectors) : (realv)(0);
    const realv old = GET(mine * s->batch + lane, c);
    realv cell = old;
    const realv fresh = rnn_lstm(s, dir, gate[0], gate[1], gate[2], gate[3], peep, &cell);
    cell = active ? cell : old;
    PUT(cell, mine * s->batch + lane, c);
    if (s->has_yc && step == s->steps - 1) {
        real part[LANES];
        vstorev(cell, 0, part);
        for (int i = 0; i < min(s->hidden - unit * LANES, (long)LANES); ++i)
            STORES(TYPE_STATE)(part[i],
                               p->yc + s->yc_offset + dir * s->c_dir + lane * s->c_lane + unit * LANES + i);
    }
#if PROJECTION
    PUT(fresh, 0, p->work + s->at[2] + (dir * s->batch + lane) * z->u_pitch + unit * LANES);
#else
    finish_units(p, dir, lane, step, active, time, unit, s->hidden, fresh);
#endif
}
#endif

#if CELL == CELL_GRU
static inline void gru_units(const place *p, int dir, long unit, long lane, long step, int active, long time,
                             const realv *gate)
{
    const rnn_args *s = p->s;
    const rnn_shape *z = p->z;
    const long half_at = z->dirs * s->batch * z->h_pitch;
    const realv old = GET(0, p->work + s->at[0] + (step % 2) * half_at + (dir * s->batch + lane) * z->h_pitch +
                                    unit * LANES);
    realv update = gate[0], reset = gate[1];
    rnn_gru_gates(s, dir, &update, &reset);
#if LBR
    const realv candidate = fma(reset, gate[3], gate[2]);
    const realv fresh = rnn_blend(update, rnn_candidate(s, dir, candidate), old);
    finish_units(p, dir, lane, step, active, time, unit, s->hidden, fresh);
#else
    PUT(update, (dir * z->padded + unit) * s->batch + lane, p->work + s->at[3]);
    PUT(reset * old, 0, p->work + s->at[2] + (dir * s->batch + lane) * z->u_pitch + unit * LANES);
#endif
}
#endif

/* Stage: the gates of a step. Chunks: [D][panels of r]. */
static inline void step_chunk(const place *p, long first, long step, long chunk)
{
    const rnn_args *s = p->s;
    const rnn_shape *z = p->z;
    const long panels = ((s->hidden + LANES - 1) / LANES + R_UNITS - 1) / R_UNITS;
    const long panel = chunk % panels;
    const int dir = chunk / panels;
    const long half_at = z->dirs * s->batch * z->h_pitch;
    __global const STORAGE(TYPE_W) *w =
        p->w + s->at[8] + (dir * panels + panel) * STEPS_OF(s->proj) * (NVR + WIDE) * LANES;
    for (long lane = 0; lane < s->batch;) {
        realv acc[MR * NVR];
        long at[MR];
        const int count = tile_rows(s->batch - lane);
        __global const float *share = share_at(p, dir, panel * R_UNITS, (step - first) * s->batch + lane, 0);
        for (int i = 0; i < count; ++i)
            at[i] = s->at[0] + (step % 2) * half_at + (dir * s->batch + lane + i) * z->h_pitch;
        for (int j = 0; j < count * NVR; ++j) {
            const int v = j % NVR, g = v % R_GATES;
#if SCALED
            acc[j] = (realv)(0);
#elif SAME_PANELS
            acc[j] = LBR && g == 2 ? GET(AT_LINEAR(z->dirs, z->padded) + dir * z->padded + panel, p->vectors)
                                   : GET(j, share);
#else
            acc[j] = GET((long)(v / R_GATES) * z->block * s->batch * NVW + j / NVR * NVW + g, share);
#endif
        }
        product_step(count, p->work, at, w, s->proj, acc);
        if (lane + count < s->batch) { /* the next tile's, while the gates of this one are made */
            fetch(share + count * NVW * LANES, tile_rows(s->batch - lane - count) * NVW);
        } else if (s->batch > 1) { /* of what is probably this group's next chunk; a single row gains nothing */
            const long by = step % 2 ? -1 : 1;
            fetch((__global const float *)(w + by * STEPS_OF(s->proj) * (NVR + WIDE) * LANES), 4 * NVR);
            fetch(share_at(p, dir, (panel + by) * R_UNITS, (step - first) * s->batch, 0),
                  tile_rows(s->batch) * NVW);
        }
        for (int i = 0; i < count; ++i) {
            const long row = (step - first) * s->batch + lane + i;
            const long n = rnn_length(s, p->lens, lane + i);
            const int active = step < n;
            const long time = rnn_time(s, n, dir, step);
            for (int u = 0; u < R_UNITS; ++u) {
                const long unit = panel * R_UNITS + u;
                realv gate[4];
                for (int g = 0; g < R_GATES; ++g) {
                    gate[g] = acc[i * NVR + u * R_GATES + g];
#if SCALED
                    const realv scale =
                        GET(AT_R_SCALE(z->dirs, z->padded) + (dir * z->padded + unit) * GATES + g, p->vectors);
                    const realv add =
                        LBR && g == 2
                            ? GET(AT_LINEAR(z->dirs, z->padded) + dir * z->padded + unit, p->vectors)
                            : GET(0, share_at(p, dir, unit, row, g));
                    gate[g] = fma(gate[g], scale, add);
#endif
                }
#if CELL == CELL_LSTM
                lstm_units(p, dir, unit, lane + i, step, active, time, gate);
#elif CELL == CELL_GRU
#if LBR
                gate[3] = gate[2];
                gate[2] = GET(0, share_at(p, dir, unit, row, 2));
#endif
                if (unit * LANES < s->hidden)
                    gru_units(p, dir, unit, lane + i, step, active, time, gate);
#else
                if (unit * LANES < s->hidden)
                    finish_units(p, dir, lane + i, step, active, time, unit, s->hidden, RNN_F(s, dir, gate[0]));
#endif
            }
        }
        lane += count;
    }
}

#if TWO_PHASES
/* Stage: the projection of a step, or a GRU's candidate. Chunks: [D][panels of s]. */
static inline void second_chunk(const place *p, long first, long step, long chunk)
{
    const rnn_args *s = p->s;
    const rnn_shape *z = p->z;
    const long size = s->proj; /* of what comes out; a GRU has P = H */
    const long panels = ((size + LANES - 1) / LANES + S_UNITS - 1) / S_UNITS;
    const long panel = chunk % panels;
    const int dir = chunk / panels;
    __global const STORAGE(TYPE_W) *w =
        p->w + s->at[9] + (dir * panels + panel) * STEPS_OF(s->hidden) * S_UNITS * LANES;
    for (long lane = 0; lane < s->batch;) {
        realv acc[MR * S_UNITS];
        long at[MR];
        const int count = tile_rows(s->batch - lane);
        for (int i = 0; i < count; ++i) {
            at[i] = s->at[2] + (dir * s->batch + lane + i) * z->u_pitch;
            for (int u = 0; u < S_UNITS; ++u) {
#if PROJECTION || SCALED
                acc[i * S_UNITS + u] = (realv)(0);
#else
                acc[i * S_UNITS + u] =
                    GET(0, share_at(p, dir, panel * S_UNITS + u, (step - first) * s->batch + lane + i, 2));
#endif
            }
        }
        product_second(count, p->work, at, w, s->hidden, acc);
        for (int i = 0; i < count; ++i) {
            const long n = rnn_length(s, p->lens, lane + i);
            for (int u = 0; u < S_UNITS; ++u) {
                const long unit = panel * S_UNITS + u;
                realv sum = acc[i * S_UNITS + u];
                if (unit * LANES >= size)
                    break;
#if PROJECTION
#if SCALED
                sum *= GET(AT_P_SCALE(z->dirs, z->padded) + dir * z->projected + unit, p->vectors);
#endif
#else
                const long mine = dir * z->padded + unit;
#if SCALED
                sum = fma(sum, GET(AT_R_SCALE(z->dirs, z->padded) + mine * GATES + 2, p->vectors),
                          GET(0, share_at(p, dir, unit, (step - first) * s->batch + lane + i, 2)));
#endif
                const long half_at = z->dirs * s->batch * z->h_pitch;
                const realv old = GET(0, p->work + s->at[0] + (step % 2) * half_at +
                                                (dir * s->batch + lane + i) * z->h_pitch + unit * LANES);
                const realv update = GET(mine * s->batch + lane + i, p->work + s->at[3]);
                sum = rnn_blend(update, rnn_candidate(s, dir, sum), old);
#endif
                finish_units(p, dir, lane + i, step, step < n, rnn_time(s, n, dir, step), unit, size, sum);
            }
        }
        lane += count;
    }
}
#endif

/* Part number `part` of `parts` of a sequence's start: x as f32, where it is not; then by part 0 the states. */
static inline void start_lane(const rnn_args *s, const rnn_shape *z, long part, long parts, long lane, long dir,
                              __global const STORAGE(TYPE_STATE) *h0, __global const STORAGE(TYPE_STATE) *c0,
                              __global const STORAGE(TYPE_GIVEN) *x_given, __global float *work)
{
    if (CODE(TYPE_GIVEN) != CODE_f32 && dir == 0) {
        for (long t = part; t < s->steps; t += parts) {
            for (long i = 0; i < s->input; ++i)
                work[s->at[5] + (t * s->batch + lane) * s->input + i] =
                    LOADS(TYPE_GIVEN)(x_given + s->x_offset + t * s->x_step + lane * s->x_lane + i);
        }
    }
    if (part > 0)
        return;
    __global float *h = work + s->at[0] + (dir * s->batch + lane) * z->h_pitch;
    for (long i = 0; i < z->h_pitch; ++i)
        h[i] = s->has_h0 && i < s->proj
                   ? LOADS(TYPE_STATE)(h0 + s->h0_offset + dir * s->h_dir + lane * s->h_lane + i)
                   : (real)0;
#if CELL == CELL_LSTM
    for (long u = 0; u < z->padded; ++u) {
        __global float *c = work + s->at[1] + ((dir * z->padded + u) * s->batch + lane) * LANES;
        for (long i = 0; i < LANES; ++i)
            c[i] = s->has_c0 && u * LANES + i < s->hidden
                       ? LOADS(TYPE_STATE)(c0 + s->c0_offset + dir * s->c_dir + lane * s->c_lane + u * LANES + i)
                       : (real)0;
    }
#endif
}

enum { STAGE_INPUT, STAGE_STEP, STAGE_SECOND };

static inline void run_chunk(const place *p, int kind, long first, long step, long chunk)
{
    if (kind == STAGE_INPUT)
        input_chunk(p, first, chunk);
    else if (kind == STAGE_STEP)
        step_chunk(p, first, step, chunk);
#if TWO_PHASES
    else
        second_chunk(p, first, step, chunk);
#endif
}

#if ALONE
static inline void run_stage(const place *p, meeting *m, int kind, const int *before, const int *chunks, int rest,
                             int count, long first, long step)
{
    for (int i = 0; i < count; ++i)
        run_chunk(p, kind, first, step, step % 2 ? count - 1 - i : i);
}
#else
/* Does as much of a stage of `count` chunks as it can claim, then waits until all of it is done. before[]: how many
 * stages of each kind there were, of chunks[] chunks each; rest: of the last block's input product, once done. */
static inline void run_stage(const place *p, meeting *m, int kind, const int *before, const int *chunks, int rest,
                             int count, long first, long step)
{
    const int target = m->done + count;
    if (*m->meet < target) {
        for (int i = 0; i < m->groups; ++i) {
            const int slice = (m->group + i) % m->groups;
            int start = SLICE_SIZE(rest, slice, m->groups), mine = 0;
            for (int k = 0; k < 3; ++k)
                start += before[k] * SLICE_SIZE(chunks[k], slice, m->groups);
            const int from = SLICE_FROM(count, slice, m->groups);
            const int size = SLICE_SIZE(count, slice, m->groups);
            for (int at; (at = claim(m, slice, start, size)) >= 0; ++mine) {
                /* Every other step backwards: what the cache still holds of the slice comes first. */
                const long chunk = from + (step % 2 ? size - 1 - at : at);
                run_chunk(p, kind, first, step, chunk);
            }
            if (mine > 0)
                atomic_add(m->meet, mine); /* releases what was written */
        }
        while (*m->meet < target)
            ;
    }
    atomic_add(m->meet, 0); /* acquires what the others wrote */
    if (kind != STAGE_INPUT && p->s->batch > 1) { /* h comes from the other units' caches: ask for it all at once */
        const long half_at = p->z->dirs * p->s->batch * p->z->h_pitch;
        fetch(p->work + p->s->at[0] + (step + 1) % 2 * half_at, min(half_at / LANES, (long)STATE_AHEAD));
    }
    m->done = target;
}
#endif

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void rnn_persistent(const rnn_args s, const rnn_shape z, __global const float *x, __global const int *lens,
                             __global const STORAGE(TYPE_W) *w, __global const float *vectors, __global float *work,
                             volatile __global int *meet, __global STORAGE(TYPE_Y) *y,
                             __global STORAGE(TYPE_STATE) *yh, __global STORAGE(TYPE_STATE) *yc
#if ALONE
                             ,
                             __global const STORAGE(TYPE_STATE) *h0, __global const STORAGE(TYPE_STATE) *c0,
                             __global const STORAGE(TYPE_GIVEN) *x_given
#endif
                             )
{
    rnn_args own = s;
    if (CODE(TYPE_GIVEN) != CODE_f32) { /* x is what the start has made of it */
        own.x_offset = s.at[5];
        own.x_step = s.batch * s.input;
        own.x_lane = s.input;
    }
    const place p = {&own, &z, x, lens, w, vectors + s.at[10], work, y, yh, yc};
    meeting m = {meet + s.at[6], get_num_groups(0), get_group_id(0), 0};
#if ALONE
    for (long i = 0; i < z.dirs * s.batch; ++i)
        start_lane(&s, &z, 0, 1, i % s.batch, i / s.batch, h0, c0, x_given, work);
#endif
    const long units = (s.hidden + LANES - 1) / LANES;
    const long panels = (units + W_UNITS - 1) / W_UNITS;
    const long groups = z.dirs * ((panels + z.chunk_panels - 1) / z.chunk_panels);
    const long out = (s.proj + LANES - 1) / LANES;
    int before[3] = {0, 0, 0}, rest = 0;
    const int chunks[3] = {groups * ((z.block * s.batch + z.chunk_rows - 1) / z.chunk_rows),
                           z.dirs * ((units + R_UNITS - 1) / R_UNITS), z.dirs * ((out + S_UNITS - 1) / S_UNITS)};
    for (long first = 0; first < s.steps; first += z.block) {
        const long steps = min(z.block, s.steps - first);
        const int count = groups * ((steps * s.batch + z.chunk_rows - 1) / z.chunk_rows);
        run_stage(&p, &m, STAGE_INPUT, before, chunks, rest, count, first, 0);
        if (steps == z.block)
            ++before[STAGE_INPUT];
        else
            rest = count;
        for (long step = first; step < first + steps; ++step) {
            run_stage(&p, &m, STAGE_STEP, before, chunks, rest, chunks[STAGE_STEP], first, step);
            ++before[STAGE_STEP];
#if TWO_PHASES
            run_stage(&p, &m, STAGE_SECOND, before, chunks, rest, chunks[STAGE_SECOND], first, step);
            ++before[STAGE_SECOND];
#endif
        }
    }
}

#if !ALONE
/* meet_ints: how much of the meeting place there is. */
__kernel void rnn_start(const rnn_args s, const rnn_shape z, const long meet_ints,
                        __global const STORAGE(TYPE_STATE) *h0, __global const STORAGE(TYPE_STATE) *c0,
                        __global const STORAGE(TYPE_GIVEN) *x_given, __global float *work, __global int *meet)
{
    const long part = get_global_id(0), lane = get_global_id(1), dir = get_global_id(2);
    start_lane(&s, &z, part, get_global_size(0), lane, dir, h0, c0, x_given, work);
    if (part == 0 && lane == 0 && dir == 0) {
        for (long i = 0; i < meet_ints; ++i)
            meet[s.at[6] + i] = 0;
    }
}
#endif

#include "rnn/lengths.h"
