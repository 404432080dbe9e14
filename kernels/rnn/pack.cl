/* pack.cl: the weights of a layer into the panels of packed.h; CPU class.
 *
 * rnn_pack_panels   one of w, r, s. Group one work-item: one vector of a panel over all K. Global
 *                   (vectors of a panel, panels, D). Rows are read LANES abreast, each of them in order.
 * rnn_pack_vectors  everything of f32. Global (padded vectors of units, 1, D).
 * Limit             memory: every weight is read once and written once.
 */
#include "rnn/cell.h"
#include "rnn/packed.h"

#if CODE(TYPE_W) == CODE_f32
typedef uint element; /* moved as bits */
#elif CODE(TYPE_W) == CODE_i8
typedef uchar element;
#else
typedef ushort element;
#endif

/* units of a panel, gates of a unit in it, the first gate in memory order or -1: as cell.h numbers them. */
__kernel void rnn_pack_panels(const rnn_args s, const long count, const long rows, const long all_rows,
                              const int units, const int gates, const int only, const int wide,
                              const long from_at, const long into_at,
                              __global const element *from, __global element *into)
{
    const int vectors = get_global_size(0), v = get_global_id(0);
    const long panel = get_global_id(1), panels = get_global_size(1), dir = get_global_id(2);
    const long unit = (panel * units + v / gates) * LANES;
    const int gate = only >= 0 ? only : rnn_gate_at(&s, v % gates);
    const long pitch = (vectors - wide) * LANES; /* elements of a step */
    into += into_at + (dir * panels + panel) * STEPS_OF(count) * (vectors + wide) * LANES;
    into += v < wide ? v * 2 * LANES : 2 * wide * LANES * count + (v - wide) * LANES;
    from += from_at + (dir * all_rows + gate * rows + unit) * count;
    const int here = min((long)LANES, rows - unit);
#if CODE(TYPE_W) == CODE_f16
    if (v < wide) {
        __global const STORAGE(TYPE_W) *values = (__global const STORAGE(TYPE_W) *)from;
        for (long k = 0; k < count; ++k) {
            for (int i = 0; i < LANES; ++i)
                ((__global float *)into)[k * wide * LANES + i] =
                    i < here ? LOADS(TYPE_W)(values + i * count + k) : (real)0;
        }
        return;
    }
#endif
    for (long k = 0; k < STEPS_OF(count); ++k) {
        for (int i = 0; i < LANES; ++i)
            into[PAIRED ? k / 2 * 2 * pitch + v * LANES + 2 * i + k % 2 : k * pitch + i] =
                i < here && k < count ? from[i * count + k] : (element)0;
    }
}

/* One vector of units' values, which stand at `at` in from; 0 (or 1 for scales) where there are none. */
#define TAKE(type, from, at, unit, rows, otherwise)                                            \
    for (int i = 0; i < LANES; ++i)                                                            \
        line[i] = (from) && (unit) + i < (rows) ? LOADS(type)((from) + (at) + (unit) + i) : (real)(otherwise);

__kernel void rnn_pack_vectors(const rnn_args s, const long projected, __global const STORAGE(TYPE_B) *b,
                               __global const STORAGE(TYPE_B) *p, __global const float *w_scale,
                               __global const float *r_scale, __global const float *p_scale, const long b_at,
                               const long p_at, const long w_scale_at, const long r_scale_at, const long p_scale_at,
                               const long into_at, __global float *into)
{
    const long padded = get_global_size(0), u = get_global_id(0), dir = get_global_id(2), dirs = get_global_size(2);
    const long rows = s.hidden, unit = u * LANES, mine = dir * padded + u;
    real line[LANES];
    realv x, y;
    into += into_at;
    for (int g = 0; g < GATES; ++g) {
        const long at = rnn_gate_at(&s, g) * rows, of_b = b_at + dir * 2 * GATES * rows + at;
        TAKE(TYPE_B, b, of_b, unit, rows, 0)
        x = vloadv(0, line);
        TAKE(TYPE_B, b, of_b + GATES * rows, unit, rows, 0)
        y = vloadv(0, line);
        vstorev(LBR && g == 2 ? x : x + y, AT_BIAS(dirs, padded) + mine * GATES + g, into);
        if (g == GATES - 1)
            vstorev(y, AT_LINEAR(dirs, padded) + mine, into);
        TAKE(f32, w_scale, w_scale_at + dir * GATES * rows + at, unit, rows, 1)
        vstorev(vloadv(0, line), AT_W_SCALE(dirs, padded) + mine * GATES + g, into);
        TAKE(f32, r_scale, r_scale_at + dir * GATES * rows + at, unit, rows, 1)
        vstorev(vloadv(0, line), AT_R_SCALE(dirs, padded) + mine * GATES + g, into);
    }
    for (int g = 0; g < 3; ++g) {
        TAKE(TYPE_B, p, p_at + (dir * 3 + g) * rows, unit, rows, 0)
        vstorev(vloadv(0, line), AT_PEEP(dirs, padded) + mine * 3 + g, into);
    }
    for (long q = u; q < projected; q += padded) {
        TAKE(f32, p_scale, p_scale_at + dir * s.proj, q * LANES, s.proj, 1)
        vstorev(vloadv(0, line), AT_P_SCALE(dirs, padded) + dir * projected + q, into);
    }
}
