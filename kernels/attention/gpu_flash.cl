/* gpu_flash.cl: online softmax over tiles in local memory; GPU class.
 *
 * A work-group takes BQ queries of a head; keys pass in tiles of BK:
 *   S[BQ][BK] = Q K^T     4 x 4 scores a work-item; K in slices of DC elements through local memory
 *   m' = max(m, S) by the TX work-items of a row through local memory; P = e^(S - m') likewise; l, O *= e^(m - m')
 *   O[BQ][DV] += P V      4 rows and every TX-th element a work-item; V in slices of VB keys through local memory
 *
 * Group      GROUP = BQ / 4 * TX work-items; no sub-group or wavefront size is assumed; barriers are uniform, as a
 *            group's range of keys is that of its first and last query.
 * Global     1-D: GROUP * query tiles * heads * batch (grids in y and z end at 65535 on some devices).
 * Local      floats: D_MAX * BQ (Q) + max(DC * BK, VB * DV_MAX) + BK * BQ (P) + 2 * BQ * TX: 29 KB for heads of 64.
 * Registers  4 * DV_MAX / TX of O, 16 scores, 8 of m and l.
 * Precision  f32 by fma; exp() of the device.
 * Limit      local memory: 8 words for 16 multiply-adds (Q K^T), 4 + DV/TX for 4 * DV/TX (P V); of global memory
 *            2 * BQ flops an element of K and V.
 * NaN        what weighs 0 is left out of O, whatever its V holds.
 */
#include "attention/args.h"
#ifndef D_MAX
#define D_MAX 64 /* d at most */
#endif
#ifndef DV_MAX
#define DV_MAX D_MAX /* dv at most; a multiple of TX */
#endif
#ifndef BQ
#define BQ 32 /* queries of a group; a multiple of 4 */
#endif
#ifndef TX
#define TX 8 /* work-items across a row */
#endif
#ifndef DC
#define DC 16 /* elements of K in local memory */
#endif
#ifndef VB
#define VB 16 /* keys of V in local memory */
#endif
#define BK (4 * TX)
#define GROUP (BQ / 4 * TX)
#define DVI (DV_MAX / TX)
#if BQ % 4 || DV_MAX % TX || BK % VB
#error "BQ must be a multiple of 4, DV_MAX of TX, 4 * TX of VB"
#endif
#if DC * BK > VB * DV_MAX
#define SLICE (DC * BK)
#else
#define SLICE (VB * DV_MAX)
#endif

/* Whether query i sees key j, and what the mask adds. */
static inline float settle(const attention_args *s, attention_span span, __global const STORAGE(TYPE_MASK) *mask,
                           long i, long j, float score, float softcap)
{
    if (j >= span.total || i >= s->sq || j < first_key(s, span, i) || j >= end_key(s, span, i))
        return -INFINITY;
    if (s->softcap)
        score = softcap * tanh(score / softcap);
#if MASK == 1
    if (mask[i * s->mask_q + j * s->mask_k] == 0)
        return -INFINITY;
#elif MASK == 2
    float add = LOADS(TYPE_MASK)(mask + i * s->mask_q + j * s->mask_k);
    if (add == -INFINITY)
        return add;
    score += add;
#endif
    return score;
}

__attribute__((reqd_work_group_size(GROUP, 1, 1)))
__kernel void attention_gpu_flash(const attention_args s, const float scale, const float softcap,
                                  __global const STORAGE(TYPE_Q) *q, __global const STORAGE(TYPE_K) *k,
                                  __global const STORAGE(TYPE_V) *v, __global STORAGE(TYPE_Y) *y,
                                  __global const STORAGE(TYPE_MASK) *mask, __global const int *lens,
                                  __global const int *past, __global float *work)
{
    LOCAL_ARRAY float tile_q[D_MAX * BQ];
    LOCAL_ARRAY float slice[SLICE];
    LOCAL_ARRAY float weights[BK * BQ];
    LOCAL_ARRAY float maxima[BQ * TX];
    LOCAL_ARRAY float sums[BQ * TX];
    const int item = (int)get_local_id(0), tx = item % TX, row = item / TX * 4;
    const long tiles = (s.sq + BQ - 1) / BQ, group = (long)get_group_id(0);
    const long i0 = group % tiles * BQ, h = group / tiles % s.hq, b = group / tiles / s.hq;
    const attention_span span = key_span(&s, b, lens, past);
    q += s.q_offset + b * s.q_b + h * s.q_h + i0 * s.q_s;
    k += s.k_offset + b * s.k_b + h / s.group * s.k_h;
    v += s.v_offset + b * s.v_b + h / s.group * s.v_h;
    y += s.y_offset + b * s.y_b + h * s.y_h + i0 * s.y_s;
#if MASK
    mask += s.mask_offset + b * s.mask_b + h * s.mask_h;
#endif
    for (long n = item; n < BQ * s.d; n += GROUP) {
        long r = n / s.d, e = n % s.d;
        tile_q[e * BQ + r] = i0 + r < s.sq ? LOADS(TYPE_Q)(q + r * s.q_s + e) * scale : 0.0f;
    }
    float o[4][DVI], m[4], l[4];
    for (int a = 0; a < 4; ++a) {
        m[a] = -INFINITY;
        l[a] = 0;
        for (int c = 0; c < DVI; ++c)
            o[a][c] = 0;
    }
    const long first = first_key(&s, span, i0), end = end_key(&s, span, min(i0 + BQ, s.sq) - 1);
    for (long j0 = first; j0 < end; j0 += BK) {
        float score[4][4];
        for (int a = 0; a < 4; ++a) {
            for (int c = 0; c < 4; ++c)
                score[a][c] = 0;
        }
        for (long e0 = 0; e0 < s.d; e0 += DC) {
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int n = item; n < DC * BK; n += GROUP) {
                int j = n / DC, e = n % DC;
                slice[e * BK + j] =
                    j0 + j < end && e0 + e < s.d ? LOADS(TYPE_K)(k + (j0 + j) * s.k_s + e0 + e) : 0.0f;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            const int width = (int)min((long)DC, s.d - e0);
            for (int e = 0; e < width; ++e) {
                float x[4], z[4];
#pragma unroll
                for (int a = 0; a < 4; ++a) {
                    x[a] = tile_q[(e0 + e) * BQ + row + a];
                    z[a] = slice[e * BK + tx + a * TX];
                }
#pragma unroll
                for (int a = 0; a < 4; ++a) {
#pragma unroll
                    for (int c = 0; c < 4; ++c)
                        score[a][c] = fma(x[a], z[c], score[a][c]);
                }
            }
        }
        for (int a = 0; a < 4; ++a) {
            float most = -INFINITY;
            for (int c = 0; c < 4; ++c) {
                float x = settle(&s, span, mask, i0 + row + a, j0 + tx + c * TX, score[a][c], softcap);
                score[a][c] = x;
                most = x > most ? x : most;
            }
            maxima[(row + a) * TX + tx] = most;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int a = 0; a < 4; ++a) {
            float most = m[a], sum = 0;
            for (int t = 0; t < TX; ++t) {
                float x = maxima[(row + a) * TX + t];
                most = x > most ? x : most;
            }
            /* Nothing seen yet: any base gives weights of 0. */
            const float base = most == -INFINITY ? 0.0f : most, factor = exp(m[a] - base);
            m[a] = most;
            l[a] *= factor;
            for (int c = 0; c < 4; ++c) {
                float x = exp(score[a][c] - base);
                weights[(tx + c * TX) * BQ + row + a] = x;
                sum += x;
            }
            sums[(row + a) * TX + tx] = sum;
#pragma unroll
            for (int c = 0; c < DVI; ++c)
                o[a][c] *= factor;
        }
        for (int v0 = 0; v0 < BK; v0 += VB) {
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int n = item; n < VB * DV_MAX; n += GROUP) {
                int j = n / DV_MAX, e = n % DV_MAX;
                slice[n] =
                    j0 + v0 + j < end && e < s.dv ? LOADS(TYPE_V)(v + (j0 + v0 + j) * s.v_s + e) : 0.0f;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int j = 0; j < VB; ++j) {
                float p[4];
#pragma unroll
                for (int a = 0; a < 4; ++a)
                    p[a] = weights[(v0 + j) * BQ + row + a];
#pragma unroll
                for (int c = 0; c < DVI; ++c) {
                    float x = slice[j * DV_MAX + tx + c * TX];
#pragma unroll
                    for (int a = 0; a < 4; ++a)
                        o[a][c] = p[a] == 0 ? o[a][c] : fma(p[a], x, o[a][c]);
                }
            }
        }
        /* The sums were written before the barriers above, and are written next after those of the next tile. */
        for (int a = 0; a < 4; ++a) {
            float sum = 0;
            for (int t = 0; t < TX; ++t)
                sum += sums[(row + a) * TX + t];
            l[a] += sum;
        }
    }
    for (int a = 0; a < 4; ++a) {
        const float inverse = l[a] == 0 ? 0.0f : 1.0f / l[a];
        for (int c = 0; c < DVI; ++c) {
            int e = tx + c * TX;
            if (i0 + row + a < s.sq && e < s.dv)
                STORES(TYPE_Y)(o[a][c] * inverse, y + (row + a) * s.y_s + e);
        }
    }
}
