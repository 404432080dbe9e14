/* bring.cl: rows of heads copied to another place and type, rotated on the way: new keys and values to their
 * caches, rotated Q and K to the workspace.
 *
 *   each pair (x1, x2) of the first `rotated` elements becomes (cos x1 - sin x2, sin x1 + cos x2)
 *
 * Group     on CPUs one row a work-item and a group; on GPUs 64 rows a group. Global: rows, rounded up.
 * Limit     memory: a row is read and written once, and half a row of each table read.
 * Precision f32, then one rounding to TYPE_TO.
 */
#ifndef TYPE_FROM
#define TYPE_FROM f32
#endif
#ifndef TYPE_TO
#define TYPE_TO f32
#endif
#ifndef TYPE_TABLE
#define TYPE_TABLE f32
#endif
typedef struct {
    long batch, heads, tokens;
    long width, rotated; /* elements of a row, and how many of them are rotated: even */
    long rotary;         /* 0 none; 1 pairs are (i, i + rotated / 2); 2 (2i, 2i + 1) */
    long from_offset, from_b, from_h, from_s;
    long to_offset, to_b, to_h, to_s;
    long past, past_offset, past_step, past_most; /* keys before these: their positions start there */
    long past_bytes;                              /* past lengths on the device: 0 none, 4 int, 8 long */
    long to_cache;                                /* 1: rows go behind the past ones */
    long table_rows, cos_offset, sin_offset;      /* table_rows 0: a row for each token */
    long position_offset, position_bytes;         /* 0: none; 4 int, 8 long */
} bring_args;

static inline void rotate_halves(__global const STORAGE(TYPE_FROM) *x, __global STORAGE(TYPE_TO) *y, long half_row,
                                 __global const STORAGE(TYPE_TABLE) *cos_row,
                                 __global const STORAGE(TYPE_TABLE) *sin_row)
{
    long i = 0;
    for (; i + LANES <= half_row; i += LANES) {
        realv c = LOADV(TYPE_TABLE)(cos_row + i);
        realv s = LOADV(TYPE_TABLE)(sin_row + i);
        realv a = LOADV(TYPE_FROM)(x + i);
        realv b = LOADV(TYPE_FROM)(x + half_row + i);
        STOREV(TYPE_TO)(fma(c, a, -(s * b)), y + i);
        STOREV(TYPE_TO)(fma(s, a, c * b), y + half_row + i);
    }
    for (; i < half_row; ++i) {
        real c = LOADS(TYPE_TABLE)(cos_row + i);
        real s = LOADS(TYPE_TABLE)(sin_row + i);
        real a = LOADS(TYPE_FROM)(x + i);
        real b = LOADS(TYPE_FROM)(x + half_row + i);
        STORES(TYPE_TO)(fma(c, a, -(s * b)), y + i);
        STORES(TYPE_TO)(fma(s, a, c * b), y + half_row + i);
    }
}

static inline void rotate_pairs(__global const STORAGE(TYPE_FROM) *x, __global STORAGE(TYPE_TO) *y, long half_row,
                                __global const STORAGE(TYPE_TABLE) *cos_row,
                                __global const STORAGE(TYPE_TABLE) *sin_row)
{
    for (long i = 0; i < half_row; ++i) {
        real c = LOADS(TYPE_TABLE)(cos_row + i);
        real s = LOADS(TYPE_TABLE)(sin_row + i);
        real a = LOADS(TYPE_FROM)(x + 2 * i);
        real b = LOADS(TYPE_FROM)(x + 2 * i + 1);
        STORES(TYPE_TO)(fma(c, a, -(s * b)), y + 2 * i);
        STORES(TYPE_TO)(fma(s, a, c * b), y + 2 * i + 1);
    }
}

static inline long integer_at(__global const int *values, long bytes, long at)
{
    return bytes == 8 ? ((__global const long *)values)[at] : (long)values[at];
}

__kernel void attention_bring(const bring_args s, __global const STORAGE(TYPE_FROM) *from,
                              __global STORAGE(TYPE_TO) *to, __global const STORAGE(TYPE_TABLE) *cos_table,
                              __global const STORAGE(TYPE_TABLE) *sin_table,
                              __global const int *positions, __global const int *past)
{
    long row = (long)get_global_id(0);
    if (row >= s.batch * s.heads * s.tokens)
        return;
    long token = row % s.tokens;
    long h = row / s.tokens % s.heads;
    long b = row / s.tokens / s.heads;
    long before = s.past;
    if (s.past_bytes)
        before = clamp(integer_at(past, s.past_bytes, s.past_offset + b * s.past_step), 0L, s.past_most);
    __global const STORAGE(TYPE_FROM) *x = from + s.from_offset + b * s.from_b + h * s.from_h + token * s.from_s;
    __global STORAGE(TYPE_TO) *y =
        to + s.to_offset + b * s.to_b + h * s.to_h + (token + (s.to_cache ? before : 0)) * s.to_s;
    long e = 0;
    if (s.rotary) {
        long half_row = s.rotated / 2;
        long at = before + token;
        if (s.position_bytes)
            at = integer_at(positions, s.position_bytes, s.position_offset + b * s.tokens + token);
        at = s.table_rows > 0 ? clamp(at, 0L, s.table_rows - 1) : b * s.tokens + token;
        __global const STORAGE(TYPE_TABLE) *cos_row = cos_table + s.cos_offset + at * half_row;
        __global const STORAGE(TYPE_TABLE) *sin_row = sin_table + s.sin_offset + at * half_row;
        if (s.rotary == 1)
            rotate_halves(x, y, half_row, cos_row, sin_row);
        else
            rotate_pairs(x, y, half_row, cos_row, sin_row);
        e = s.rotated;
    }
    for (; e + LANES <= s.width; e += LANES)
        STOREV(TYPE_TO)(LOADV(TYPE_FROM)(x + e), y + e);
    for (; e < s.width; ++e)
        STORES(TYPE_TO)(LOADS(TYPE_FROM)(x + e), y + e);
}
