/* cpu_direct.cl: C = act(alpha * op(A) * op(B) + beta * Cin + bias) from A and B as they lie; CPU class.
 *
 * One launch, no workspace, any shape: the kernel that takes everything.
 * Group      one work-item, an mc x nc block of C over all of K, in passes of kc (cpu_block.h); it copies
 *            its part of A once per pass and each kc x NR panel of B into private memory, and uses that
 *            panel for all of its mc / MR tiles. The first tile's product leaves the panel's copy; with
 *            TRANS_B and in partial panels it is made beforehand, transposed in registers.
 * Global     (ceil(M/mc), ceil(N/nc), batch).
 * mc, nc     multiples of MR and NR, at most MR * MT_MAX and NR * NT_MAX; kc at most KC_MAX.
 * Private    A's copy MT_MAX * MR * (KC_MAX + LANES) reals, B's KC_MAX * NR, sums MT_MAX * NT_MAX * MR * NR.
 * Registers  MR x 2 accumulators + 2 of B + 1 of A, see micro.h.
 * Precision  accumulates f32 (f64) by fma in blocks of kc; int8 x int8 exactly (args.h).
 * Limit      compute; of that copies of A cost about 4.5 / nc, of B 8 / mc, transposed 20 / mc.
 */
#ifndef MR
#define MR 12 /* rows of a tile: up to 14 with 32 vector registers, 6 with 16 */
#endif
#ifndef MT_MAX
#define MT_MAX 22 /* tiles in mc */
#endif
#ifndef NT_MAX
#define NT_MAX 16 /* panels in nc */
#endif
#ifndef KC_MAX
#define KC_MAX 512 /* steps in a pass */
#endif
#define B_PACKED 0
#include "matmul/cpu_block.h"

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void matmul_cpu_direct(CPU_BLOCK_PARAMETERS)
{
    group_of_c(CPU_BLOCK_NAMES);
}
