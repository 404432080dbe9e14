/* cpu_pack.cl: weights into the panels that cpu_direct.cl and cpu_implicit.cl read.
 *
 *   P[g][b][k][j] = W[g][b * panel + j][k], 0 for channels from group_m on;  k = (input channel, taps)
 *
 * as f32, whatever W's type and strides are; with FLIP the taps come in reverse. With BY_COLUMN k = (column of taps, input
 * channel, depth and line of taps): what one tap along the width of all channels needs is in one piece.
 * Group      one work-item. Global (blocks of `panel` channels, ceil(group_c / channels), groups).
 * Limit      memory, done once for weights that stay.
 */
#ifndef BY_COLUMN
#define BY_COLUMN 0
#endif
#include "conv/args.h"

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv_cpu_pack(const conv_args s, const long panel, const long channels,
                            __global const STORAGE(TYPE_W) *w, __global float *packed)
{
    const long taps = s.taps[0] * s.taps[1] * s.taps[2];
    const long block = get_group_id(0);
    const long group = get_group_id(2);
    const long first = get_group_id(1) * channels;
    const long rows = min(panel, s.group_m - block * panel);
    w += s.w_offset + group * s.w_group + block * panel * s.w_out;
    packed += (group * get_num_groups(0) + block) * s.group_c * taps * panel;
    for (long c = first; c < min(s.group_c, first + channels); ++c) {
        for (long t = 0; t < taps; ++t) {
            __global const STORAGE(TYPE_W) *from = w + c * s.w_in + (FLIP ? taps - 1 - t : t) * s.w_tap;
#if BY_COLUMN
            const long lines = s.taps[0] * s.taps[1];
            const long k = (t % s.taps[2] * s.group_c + c) * lines + t / s.taps[2];
#else
            const long k = c * taps + t;
#endif
            __global float *to = packed + k * panel;
            for (long j = 0; j < panel; ++j)
                to[j] = j < rows ? LOADS(TYPE_W)(from + j * s.w_out) : 0.0f;
        }
    }
}
