/* winograd_pack.cl: weights transformed and packed for winograd.cl.
 *
 *   U[g][b][e][c][j] = (G W[g][b * NR + j][c] G^T)[e], 0 for channels beyond group_m, group_c;  NR = NV * LANES
 *
 * c runs up to whole LANES, e over AH x AW; with FLIP the taps come in reverse.
 * Group      one work-item. Global (blocks of NR channels, ceil(group_c / LANES), groups).
 * Limit      memory, done once for weights that stay.
 */
#ifndef NV
#define NV 2
#endif
#include "conv/args.h"
#include "conv/winograd_transform.h"
#define TAPS_H (FH == 1 ? 1 : FR)
#define TAPS_W (FW == 1 ? 1 : FR)
#define TAPS (TAPS_H * TAPS_W)
#define NR (NV * LANES)

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void winograd_pack(const conv_args s, __global const STORAGE(TYPE_W) *w, __global float *u)
{
    const long block = get_group_id(0);
    const long group = get_group_id(2);
    const long whole = get_num_groups(1) * LANES;
    w += s.w_offset + group * s.w_group;
    u += (group * get_num_groups(0) + block) * (AH * AW) * whole * NR;
    for (long c = get_group_id(1) * LANES; c < (long)(get_group_id(1) + 1) * LANES; ++c) {
        for (int v = 0; v < NV; ++v) {
            const long m = block * NR + v * LANES;
            realv g[TAPS_W][TAPS_H];
            realv half_way[AH][TAPS_W];
            for (int t = 0; t < TAPS; ++t) {
                real lane[LANES];
                for (int j = 0; j < LANES; ++j)
                    lane[j] = m + j < s.group_m && c < s.group_c
                                  ? LOADS(TYPE_W)(w + (m + j) * s.w_out + c * s.w_in + (FLIP ? TAPS - 1 - t : t) * s.w_tap)
                                  : (real)0;
                g[t % TAPS_W][t / TAPS_W] = vloadv(0, lane);
            }
            for (int i = 0; i < TAPS_W; ++i) {
                realv column[AH];
                TRANSFORM_WEIGHTS(FH)(g[i], column);
                for (int a = 0; a < AH; ++a)
                    half_way[a][i] = column[a];
            }
            for (int a = 0; a < AH; ++a) {
                realv row[AW];
                TRANSFORM_WEIGHTS(FW)(half_way[a], row);
                for (int b = 0; b < AW; ++b)
                    vstorev(row[b], 0, u + ((a * AW + b) * whole + c) * NR + v * LANES);
            }
        }
    }
}
