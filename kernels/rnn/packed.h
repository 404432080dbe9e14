/* packed.h: the layout of packed weights, for the kernel that makes it and the one that reads it.
 *
 * Units lie in vectors of LANES; PADDED vectors of units are ceil(H / LANES) made a multiple of 4, units from H on
 * being 0. A panel is [K][vectors][LANES]: for each of its units' vectors, each gate. For one layer, of TYPE_W:
 *   w     [D][panels][I][W_UNITS * GATES][LANES]
 *   r     [D][panels][P][R_UNITS * R_GATES][LANES]     the gates that h goes into at once
 *   s     [D][panels][H][4][LANES]                     a GRU's candidate (without LBR), or the projection
 * With WIDE = n a panel of r is [P][n][LANES] of f32, its first vectors, and then [P][vectors - n][LANES] of f16:
 * converting two bytes and reading four are bound by different parts of a core, so that some of each is faster than
 * either. bf16 is PAIRED: K is made even with 0, and a panel is [K / 2][vectors][LANES][2]: two steps in 32 bits,
 * the second one in the upper half, so that one instruction makes either an f32.
 * And after all of them, f32 vectors of units, each [D][PADDED]:
 *   bias [GATES], bias of r's last gate (LBR), peepholes [3], scales of w [GATES], of r [GATES], of the projection
 * bias is Wb + Rb, but for the last gate of a GRU with LBR: Wb alone.
 */
#if CELL == CELL_PLAIN
#define W_UNITS 4
#define R_UNITS 4
#define R_GATES 1
#elif CELL == CELL_GRU && !LBR
#define W_UNITS 1
#define R_UNITS 2
#define R_GATES 2
#else
#define W_UNITS 1
#define R_UNITS 1
#define R_GATES GATES
#endif
#ifndef WIDE
#define WIDE 0
#endif
#define PAIRED (CODE(TYPE_W) == CODE_bf16)
#define STEPS_OF(count) (PAIRED ? ((count) + 1) / 2 * 2 : (count)) /* of a panel */
#define S_UNITS 4 /* of the second product */
#define TWO_PHASES (PROJECTION || (CELL == CELL_GRU && !LBR))

/* Places in the f32 vectors, in vectors; each is [D][padded][its gates]. */
#define AT_BIAS(dirs, padded) 0
#define AT_LINEAR(dirs, padded) ((dirs) * (padded) * GATES)
#define AT_PEEP(dirs, padded) ((dirs) * (padded) * (GATES + 1))
#define AT_W_SCALE(dirs, padded) ((dirs) * (padded) * (GATES + 4))
#define AT_R_SCALE(dirs, padded) ((dirs) * (padded) * (2 * GATES + 4))
#define AT_P_SCALE(dirs, padded) ((dirs) * (padded) * (3 * GATES + 4))
