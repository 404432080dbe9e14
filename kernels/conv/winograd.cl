/* winograd.cl: F(4x4,3x3), F(2x2,3x3), F(2x2,5x5) and, along one axis alone, F(4,3), F(2,3), F(2,5); CPU class.
 *
 * Channels lie along the lanes in both transforms, whatever the images' size, and in the AH * AW products between:
 *   M[e][tile][m] = sum over c of V[e][tile][c] * U[e][c][m],  e < AH * AW
 * NCHW is turned on its way in and out, LANES channels x LANES positions at a time.
 *
 * Tiles      FH x FW outputs each, counted over tile columns, tile rows, images; a block has MR * MT of them.
 * V          transformed inputs of a block: [e][mt][ceil(c/LANES)][MR][LANES]
 * U          transformed weights, packed f32: [ceil(m/NR)][e][c up to whole LANES][NR], NR = NV * LANES, zeros
 *            beyond c and m (winograd_pack.cl)
 * winograd_fused   a group transforms a block into private memory (V_MAX reals, to stay in the second cache), then
 *                  makes m_blocks blocks of NR channels from it. Global (blocks of tiles, blocks of channels, groups).
 * winograd_input, winograd_output   the same in two launches, V in the workspace: for few tiles or many channels,
 *                  where all units shall share V and stream U once. winograd_input: global (blocks of tiles,
 *                  ceil(ceil(c/LANES) / c_blocks), groups); winograd_output: as winograd_fused.
 * Registers  MR * NV sums + NV + 1.
 * Limit      compute: AH * AW / (FH * FW * taps) of the flops by definition, and the transforms: per tile and LANES
 *            channels about 300 vector instructions each. With few tiles, the stream of U.
 * Precision  f32 by fma, one chain over c.
 */
#ifndef MR
#define MR 14 /* tiles that share a load of U */
#endif
#ifndef MT
#define MT 1
#endif
#ifndef NV
#define NV 2
#endif
#ifndef V_MAX
#define V_MAX 36 * 14 * 64 /* reals of V in private memory: AH * AW * MR * MT * c up to whole LANES, at least */
#endif
#include "conv/args.h"
#include "conv/cpu_finish.h"
#include "conv/winograd_transform.h"
#define NR (NV * LANES)
#define ELEMENTS (AH * AW)
#define TILES (MR * MT)
#define TURN_TILES (LANES / FW < 1 ? 1 : LANES / FW) /* tiles whose outputs fill a vector */

/* blocks of LANES channels of x; tiles of a row, of a column, of all images */
typedef struct {
    long c_blocks, across, down, tiles;
} tiling;

static inline tiling tiling_of(const conv_args *s)
{
    tiling t;
    t.c_blocks = (s->group_c + LANES - 1) / LANES;
    t.across = (s->out[2] + FW - 1) / FW;
    t.down = (s->out[1] + FH - 1) / FH;
    t.tiles = t.across * t.down * s->n;
    return t;
}

/* LANES positions of a row from x on; lanes outside of the image are 0. */
static inline realv load_row(__global const STORAGE(TYPE_X) *row, long x, long width, bool whole, bool safe,
                             maskv inside)
{
    if (whole)
        return LOADV(TYPE_X)(row + x);
    if (safe)
        return CAT2(as_float, LANES)(CAT2(as_int, LANES)(LOADV(TYPE_X)(row + x)) & inside);
    real part[LANES];
    for (int i = 0; i < LANES; ++i)
        part[i] = x + i >= 0 && x + i < width ? LOADS(TYPE_X)(row + x + i) : (real)0;
    return vloadv(0, part);
}

/* Rows y .. y + AH - 1 and LANES columns from column on, of channels c0 .., transformed along the height and turned:
 * to[a][column][channel], a < AH, pitch reals from a to the next. */
static inline void turn_in(real *to, long pitch, const conv_args *s, __global const STORAGE(TYPE_X) *x, long c0,
                           long y, long column)
{
    realv part[AH][LANES];
    const long height = s->in[1];
    const long width = s->in[2];
    const bool whole = column >= 0 && column + LANES <= width;
    const bool none = column + LANES <= 0 || column >= width || y >= height || y + AH <= 0;
    int lane[LANES];
    for (int i = 0; i < LANES; ++i)
        lane[i] = column + i >= 0 && column + i < width ? -1 : 0;
    const maskv inside = vloadv(0, lane);
    const long end = (s->group_c - 1) * s->x_channel + height * width;
#pragma unroll 1
    for (int j = 0; j < LANES; ++j) {
        realv d[AH];
        realv t[AH];
        if (none || c0 + j >= s->group_c) {
#pragma unroll
            for (int a = 0; a < AH; ++a)
                part[a][j] = (realv)(0);
            continue;
        }
        const long at = (c0 + j) * s->x_channel;
        const bool safe = at + max(y, 0L) * width + column >= 0 &&
                          at + min(y + AH - 1, height - 1) * width + column + LANES <= end;
        __global const STORAGE(TYPE_X) *row = x + at;
#pragma unroll
        for (int a = 0; a < AH; ++a) {
            d[a] = (realv)(0);
            if (y + a >= 0 && y + a < height)
                d[a] = load_row(row + (y + a) * width, column, width, whole, safe, inside);
        }
        TRANSFORM_IN(FH)(d, t);
#pragma unroll
        for (int a = 0; a < AH; ++a)
            part[a][j] = t[a];
    }
#pragma unroll 1
    for (int a = 0; a < AH; ++a) {
        realv turned[LANES];
#pragma unroll
        for (int j = 0; j < LANES; ++j)
            turned[j] = part[a][j];
        transpose(turned);
#pragma unroll
        for (int j = 0; j < LANES; ++j)
            vstorev(turned[j], j, to + a * pitch);
    }
}

/* Tiles first .. of channels cb * LANES .. of one group into V, whose distances are e_step from element to element,
 * mt_step from MR tiles to the next MR. */
#define TURN_COLUMNS ((TILES * FW + AW - FW + LANES - 1) / LANES * LANES)
#define TRANSFORM_TILES(NAME, V_SPACE)                                                                              \
    static inline void NAME(V_SPACE real *v, long e_step, long mt_step, const conv_args *s, const tiling *t,        \
                            __global const STORAGE(TYPE_X) *x, long first, long cb)                                 \
    {                                                                                                               \
        real turned[AH * TURN_COLUMNS * LANES] __attribute__((aligned(64)));                                        \
        const long pitch = TURN_COLUMNS * LANES;                                                                    \
        const long count = min((long)TILES, t->tiles - first);                                                      \
        for (long i = 0; i < count;) {                                                                              \
            const long tile = first + i;                                                                            \
            const long tx = tile % t->across;                                                                       \
            const long ty = tile / t->across % t->down;                                                             \
            const long image = tile / t->across / t->down;                                                          \
            const long run = min(count - i, t->across - tx);                                                        \
            for (long at = 0; at < run * FW + AW - FW; at += LANES)                                                 \
                turn_in(turned + at * LANES, pitch, s, x + image * s->x_image, cb * LANES,                          \
                        ty * FH - s->pad[1], tx * FW - s->pad[2] + at);                                             \
            for (long r = 0; r < run; ++r, ++i) {                                                                   \
                V_SPACE real *to = v + i / MR * mt_step + i % MR * LANES;                                           \
                _Pragma("unroll") for (int a = 0; a < AH; ++a)                                                      \
                {                                                                                                   \
                    realv d[AW];                                                                                    \
                    realv u[AW];                                                                                    \
                    _Pragma("unroll") for (int b = 0; b < AW; ++b)                                                  \
                        d[b] = vloadv(r * FW + b, turned + a * pitch);                                              \
                    TRANSFORM_IN(FW)(d, u);                                                                         \
                    _Pragma("unroll") for (int b = 0; b < AW; ++b)                                                  \
                        STORE_NEAR(V_SPACE, realv, u[b], to + (a * AW + b) * e_step);                               \
                }                                                                                                   \
            }                                                                                                       \
        }                                                                                                           \
        for (long i = count; i < (count + MR - 1) / MR * MR; ++i) {                                                 \
            for (int e = 0; e < ELEMENTS; ++e)                                                                      \
                STORE_NEAR(V_SPACE, realv, (realv)(0), v + i / MR * mt_step + i % MR * LANES + e * e_step);         \
        }                                                                                                           \
    }

/* MR tiles x NR channels of one element: out[i][v]. */
#define PRODUCT(NAME, V_SPACE)                                                                                      \
    static inline void NAME(V_SPACE const real *a, __global const float *u, long c_blocks, realv *out)              \
    {                                                                                                               \
        realv acc[MR][NV];                                                                                          \
        _Pragma("unroll") for (int i = 0; i < MR; ++i)                                                              \
        {                                                                                                           \
            _Pragma("unroll") for (int v = 0; v < NV; ++v) acc[i][v] = (realv)(0);                                  \
        }                                                                                                           \
        _Pragma("unroll 1") for (long cb = 0; cb < c_blocks; ++cb)                                                  \
        {                                                                                                           \
            _Pragma("unroll 1") for (int p = 0; p < LANES; ++p)                                                     \
            {                                                                                                       \
                realv w[NV];                                                                                        \
                _Pragma("unroll") for (int v = 0; v < NV; ++v)                                                      \
                    w[v] = LOAD_NEAR(__global const, realv, u + v * LANES);                                         \
                _Pragma("unroll") for (int i = 0; i < MR; ++i)                                                      \
                {                                                                                                   \
                    realv av = (realv)(a[i * LANES]);                                                               \
                    _Pragma("unroll") for (int v = 0; v < NV; ++v) acc[i][v] = fma(av, w[v], acc[i][v]);            \
                }                                                                                                   \
                a += 1;                                                                                             \
                u += NR;                                                                                            \
            }                                                                                                       \
            a += (MR - 1) * LANES;                                                                                  \
        }                                                                                                           \
        _Pragma("unroll") for (int i = 0; i < MR; ++i)                                                              \
        {                                                                                                           \
            _Pragma("unroll") for (int v = 0; v < NV; ++v) out[i * NV + v] = acc[i][v];                             \
        }                                                                                                           \
    }

/* One tile's AH x AW sums of LANES channels (step reals from element to element) to FH x FW outputs. */
static inline void transform_back(const realv *m, long step, realv *y)
{
    realv s[FH][AW];
#pragma unroll
    for (int b = 0; b < AW; ++b) {
        realv d[AH];
        realv t[FH];
#pragma unroll
        for (int a = 0; a < AH; ++a)
            d[a] = m[(a * AW + b) * step];
        TRANSFORM_OUT(FH)(d, t);
#pragma unroll
        for (int r = 0; r < FH; ++r)
            s[r][b] = t[r];
    }
#pragma unroll
    for (int r = 0; r < FH; ++r)
        TRANSFORM_OUT(FW)(s[r], y + r * LANES);
}

/* count tiles from tile on, which stand in sums as [element][tile][NV], to channels m0 .. of y. */
static inline void store_tiles(const conv_args *s, const tiling *t, const realv *sums, long tile, long count,
                               long m0, long group, real alpha, real beta, __global STORAGE(TYPE_Y) *y,
                               __global const STORAGE(TYPE_R) *r, __global const STORAGE(TYPE_BIAS) *bias)
{
    for (long i = 0; i < count;) {
        const long tx = (tile + i) % t->across;
        const long ty = (tile + i) / t->across % t->down;
        const long run = min(min((long)TURN_TILES, count - i), t->across - tx);
        const conv_way_out o = way_out(s, (tile + i) / t->across / t->down, group, alpha, beta, y, r, bias);
        const int rows = (int)min((long)FH, s->out[1] - ty * FH);
        const int columns = (int)min(run * FW, s->out[2] - tx * FW);
        const long at = ty * FH * s->out[2] + tx * FW;
        for (int v = 0; v < NV; ++v) {
            const long m = m0 + v * LANES;
            const int channels = (int)min((long)LANES, s->group_m - m);
            if (channels <= 0)
                break;
            realv part[FH][LANES];
            for (int q = 0; q < run; ++q)
                transform_back(sums + (i + q) * NV + v, MR * NV, &part[0][q * FW]);
            for (int row = 0; row < rows; ++row) {
#if Y_LAST
                for (int j = 0; j < columns; ++j)
                    finish_channels(&o, part[row][j], m, at + row * s->out[2] + j, channels);
#else
                realv turned[LANES];
#pragma unroll
                for (int j = 0; j < LANES; ++j)
                    turned[j] = part[row][j];
                transpose(turned);
                if (channels == LANES && columns == LANES) {
#pragma unroll
                    for (int j = 0; j < LANES; ++j)
                        finish_positions(&o, turned[j], m + j, at + row * s->out[2], LANES);
                } else {
                    for (int j = 0; j < channels; ++j)
                        finish_positions(&o, turned[j], m + j, at + row * s->out[2], columns);
                }
#endif
            }
        }
        i += run;
    }
}

/* A block's outputs of channel blocks first .. last - 1. */
#define PRODUCTS(NAME, PRODUCT_NAME, V_SPACE)                                                                       \
    static inline void NAME(V_SPACE const real *v, const conv_args *s, const tiling *t, long tile, long first,      \
                            long last, long group, real alpha, real beta, __global const float *u,                             \
                            __global STORAGE(TYPE_Y) *y, __global const STORAGE(TYPE_R) *r,                         \
                            __global const STORAGE(TYPE_BIAS) *bias)                                                \
    {                                                                                                               \
        realv sums[MT * ELEMENTS * MR * NV];                                                                        \
        const long panel = t->c_blocks * (LANES * NR);                                                              \
        const long mt_step = t->c_blocks * (MR * LANES);                                                            \
        const long count = min((long)TILES, t->tiles - tile);                                                       \
        const long turns = (count + MR - 1) / MR;                                                                   \
        for (long b = first; b < last; ++b) {                                                                       \
            for (int e = 0; e < ELEMENTS; ++e) {                                                                    \
                for (long i = 0; i < turns; ++i)                                                                    \
                    PRODUCT_NAME(v + (e * MT + i) * mt_step, u + (b * ELEMENTS + e) * panel, t->c_blocks,           \
                                 sums + (i * ELEMENTS + e) * (MR * NV));                                            \
            }                                                                                                       \
            for (long i = 0; i < turns; ++i)                                                                        \
                store_tiles(s, t, sums + i * ELEMENTS * MR * NV, tile + i * MR, min((long)MR, count - i * MR),      \
                            b * NR, group, alpha, beta, y, r, bias);                                                      \
        }                                                                                                           \
    }

TRANSFORM_TILES(transform_private, )
PRODUCT(product_private, )
PRODUCTS(products_private, product_private, )
TRANSFORM_TILES(transform_global, __global)
PRODUCT(product_global, __global)
PRODUCTS(products_global, product_global, __global)

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void winograd_fused(const conv_args s, const real alpha, const real beta, const long m_blocks,
                             __global const STORAGE(TYPE_X) *x, __global const float *u,
                             __global const STORAGE(TYPE_BIAS) *bias, __global const STORAGE(TYPE_R) *r,
                             __global STORAGE(TYPE_Y) *y)
{
    real v[V_MAX] __attribute__((aligned(64)));
    const tiling t = tiling_of(&s);
    const long group = get_group_id(2);
    const long tile = get_group_id(0) * TILES;
    const long blocks = (s.group_m + NR - 1) / NR;
    const long first = get_group_id(1) * m_blocks;
    const long mt_step = t.c_blocks * (MR * LANES);
    x += s.x_offset + group * s.group_c * s.x_channel;
    u += group * blocks * ELEMENTS * t.c_blocks * (LANES * NR);
    for (long cb = 0; cb < t.c_blocks; ++cb)
        transform_private(v + cb * (MR * LANES), MT * mt_step, mt_step, &s, &t, x, tile, cb);
    products_private(v, &s, &t, tile, first, min(blocks, first + m_blocks), group, alpha, beta, u, y, r, bias);
}

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void winograd_input(const conv_args s, const long c_blocks, const long v_offset,
                             __global const STORAGE(TYPE_X) *x, __global real *v)
{
    const tiling t = tiling_of(&s);
    const long group = get_group_id(2);
    const long mt_step = t.c_blocks * (MR * LANES);
    const long first = get_group_id(1) * c_blocks;
    x += s.x_offset + group * s.group_c * s.x_channel;
    v += v_offset + (group * get_num_groups(0) + get_group_id(0)) * ELEMENTS * MT * mt_step;
    for (long cb = first; cb < min(t.c_blocks, first + c_blocks); ++cb)
        transform_global(v + cb * (MR * LANES), MT * mt_step, mt_step, &s, &t, x, get_group_id(0) * TILES, cb);
}

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void winograd_output(const conv_args s, const real alpha, const real beta, const long m_blocks,
                              const long v_offset, __global const real *v,
                              __global const float *u, __global const STORAGE(TYPE_BIAS) *bias,
                              __global const STORAGE(TYPE_R) *r, __global STORAGE(TYPE_Y) *y)
{
    const tiling t = tiling_of(&s);
    const long group = get_group_id(2);
    const long blocks = (s.group_m + NR - 1) / NR;
    const long first = get_group_id(1) * m_blocks;
    v += v_offset + (group * get_num_groups(0) + get_group_id(0)) * ELEMENTS * MT * t.c_blocks * (MR * LANES);
    u += group * blocks * ELEMENTS * t.c_blocks * (LANES * NR);
    products_global(v, &s, &t, get_group_id(0) * TILES, first, min(blocks, first + m_blocks), group, alpha, beta, u, y,
                    r, bias);
}
