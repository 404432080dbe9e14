/* cpu_packed.cl: C = act(alpha * op(A) * B + beta * Cin + bias) with B packed into panels; CPU class.
 *
 * B panel    [ceil(N/NR)][K][NR] in B's own storage type, NR = 2 * LANES, columns from N on are 0
 *            (pack_b.cl makes it; one packed weight serves every M, see also gemv.cl)
 * Group      one work-item, an mc x nc block of C over all of K, in passes of kc (cpu_block.h).
 * Global     (ceil(M/mc), ceil(N/nc), batch): neighbours in x share B's panels.
 * mc, nc     multiples of MR and NR, at most MR * MT_MAX and NR * NT_MAX; kc at most KC_MAX.
 * Private    A's copy MT_MAX * MR * (KC_MAX + LANES) reals, sums MT_MAX * NT_MAX * MR * NR reals.
 * Registers  MR x 2 accumulators + 2 of B + 1 of A, see micro.h.
 * Precision  accumulates f32 (f64) by fma in blocks of kc; int8 x int8 exactly (args.h).
 * Limit      compute: 2 * MR * NR flops against MR + 2 loads a step. With few rows, the stream of B:
 *            with M <= 8 take MR = M, nc = NR: every panel is one long stream, read once.
 */
#ifndef MR
#define MR 12 /* rows of a tile: up to 14 with 32 vector registers, 6 with 16 */
#endif
#ifndef MT_MAX
#define MT_MAX 8 /* tiles in mc */
#endif
#ifndef NT_MAX
#define NT_MAX 16 /* panels in nc */
#endif
#ifndef KC_MAX
#define KC_MAX 512 /* steps in a pass */
#endif
#define B_PACKED 1
#include "matmul/cpu_block.h"

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void matmul_cpu_packed(CPU_BLOCK_PARAMETERS)
{
    group_of_c(CPU_BLOCK_NAMES);
}
