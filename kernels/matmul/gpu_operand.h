/* matmul/gpu_operand.h: how a work-group (or, with LOCAL 0, a work-item) reads one operand; GPU class.
 *
 * op(A) and op(B) look alike here: SPAN rows of C (or columns) by TK steps of K. Include it once for each; the
 * OPERAND_* parameters are consumed.
 *   OPERAND_NAME(x)    a_##x
 *   OPERAND_TYPE       storage type;  OPERAND_ZERO_TYPE of its zero point
 *   OPERAND_ZERO       0 none, 1 one for all, 2 one per row (column) of C
 *   OPERAND_K_INNER    1: neighbours in memory are steps of K; 0: they are rows (columns) of C
 *   OPERAND_SPAN       rows (columns) of C in the group's tile;  OPERAND_WORK in a work-item's block
 *
 * Values are `lds`: real, or short where int8 is summed in int; zero points are already taken off, and what lies
 * outside the matrix is 0. `whole` says that the tile lies inside the matrix and that every row starts at a multiple
 * of VECTOR elements: then loads are vectors, aligned to their size. Otherwise each element is checked and loaded
 * alone. whole is the same for all work-items of a group.
 */
#define SOURCE __global const STORAGE(OPERAND_TYPE)
#define ZEROS __global const STORAGE(OPERAND_ZERO_TYPE)

static inline lds OPERAND_NAME(zero)(ZEROS *zero, int s)
{
#if OPERAND_ZERO
    return (lds)LOADS(OPERAND_ZERO_TYPE)(zero + (OPERAND_ZERO == 2 ? s : 0));
#else
    return 0;
#endif
}

/* The value at row s, step k of the tile; 0 outside the matrix. */
static inline lds OPERAND_NAME(value)(SOURCE *from, long ld, ZEROS *zero, int s, int k, int s_left, int k_left)
{
    lds x = 0;
    if (s < s_left && k < k_left) {
        x = TAKE1(OPERAND_TYPE)(from + (OPERAND_K_INNER ? s * ld + k : k * ld + s));
        x -= OPERAND_NAME(zero)(zero, s);
    }
    return x;
}

#if VECTOR == 4
/* Four values from row s, step k on, along memory; all inside. */
static inline lds4 OPERAND_NAME(four)(SOURCE *from, long ld, ZEROS *zero, int s, int k)
{
    lds4 x = TAKE4(OPERAND_TYPE)(from + (OPERAND_K_INNER ? s * ld + k : k * ld + s));
#if OPERAND_ZERO
    x.x -= OPERAND_NAME(zero)(zero, s);
    x.y -= OPERAND_NAME(zero)(zero, OPERAND_K_INNER ? s : s + 1);
    x.z -= OPERAND_NAME(zero)(zero, OPERAND_K_INNER ? s : s + 2);
    x.w -= OPERAND_NAME(zero)(zero, OPERAND_K_INNER ? s : s + 3);
#endif
    return x;
}
#endif

#if LOCAL
#define INNER ((OPERAND_K_INNER ? TK : OPERAND_SPAN) / VECTOR) /* pieces in a line of memory */
#define COUNT (OPERAND_SPAN * TK / VECTOR)                     /* pieces in the tile */
#define EACH ((COUNT + GROUP - 1) / GROUP)                     /* pieces that a work-item moves */

/* The work-item's share of a tile, from global memory into registers. */
static inline void OPERAND_NAME(fetch)(piece *stage, SOURCE *from, long ld, ZEROS *zero, int s_left, int k_left,
                                       int whole, int item)
{
#pragma unroll
    for (int l = 0; l < EACH; ++l) {
        const int at = l * GROUP + item;
        const int inner = at % INNER * VECTOR;
        const int outer = at / INNER;
        const int s = OPERAND_K_INNER ? outer : inner;
        const int k = OPERAND_K_INNER ? inner : outer;
        if (COUNT % GROUP != 0 && at >= COUNT)
            continue;
#if VECTOR == 4
        if (whole) {
            stage[l] = OPERAND_NAME(four)(from, ld, zero, s, k);
        } else {
            stage[l].x = OPERAND_NAME(value)(from, ld, zero, s, k, s_left, k_left);
#if OPERAND_K_INNER
            stage[l].y = OPERAND_NAME(value)(from, ld, zero, s, k + 1, s_left, k_left);
            stage[l].z = OPERAND_NAME(value)(from, ld, zero, s, k + 2, s_left, k_left);
            stage[l].w = OPERAND_NAME(value)(from, ld, zero, s, k + 3, s_left, k_left);
#else
            stage[l].y = OPERAND_NAME(value)(from, ld, zero, s + 1, k, s_left, k_left);
            stage[l].z = OPERAND_NAME(value)(from, ld, zero, s + 2, k, s_left, k_left);
            stage[l].w = OPERAND_NAME(value)(from, ld, zero, s + 3, k, s_left, k_left);
#endif
        }
#else
        stage[l] = OPERAND_NAME(value)(from, ld, zero, s, k, s_left, k_left);
#endif
    }
}

/* From registers into the local tile [TK][OPERAND_SPAN + PAD]. */
static inline void OPERAND_NAME(commit)(__local lds *tile, const piece *stage, int item)
{
#pragma unroll
    for (int l = 0; l < EACH; ++l) {
        const int at = l * GROUP + item;
        const int inner = at % INNER * VECTOR;
        const int outer = at / INNER;
        if (COUNT % GROUP != 0 && at >= COUNT)
            continue;
#if OPERAND_K_INNER
        __local lds *to = tile + inner * (OPERAND_SPAN + PAD) + outer;
#if VECTOR == 4
        to[0] = stage[l].x;
        to[OPERAND_SPAN + PAD] = stage[l].y;
        to[2 * (OPERAND_SPAN + PAD)] = stage[l].z;
        to[3 * (OPERAND_SPAN + PAD)] = stage[l].w;
#else
        to[0] = stage[l];
#endif
#else
        *(__local piece *)(tile + outer * (OPERAND_SPAN + PAD) + inner) = stage[l];
#endif
    }
}

/* One step of the work-item's block: OPERAND_WORK values, where SPREAD() puts them. */
static inline void OPERAND_NAME(read)(lds *block, __local const lds *line, int lane)
{
#pragma unroll
    for (int i = 0; i < OPERAND_WORK; i += 4) {
#if OPERAND_WORK % 4 == 0
        lds4 x = *(__local const lds4 *)(line + SPREAD(OPERAND_SPAN, OPERAND_WORK, lane, i));
        block[i] = x.x;
        block[i + 1] = x.y;
        block[i + 2] = x.z;
        block[i + 3] = x.w;
#else
#pragma unroll
        for (int j = i; j < OPERAND_WORK; ++j)
            block[j] = line[SPREAD(OPERAND_SPAN, OPERAND_WORK, lane, j)];
#endif
    }
}
#undef INNER
#undef COUNT
#undef EACH
#else

/* Four steps of the work-item's block straight from global memory: block[step][OPERAND_WORK]. */
static inline void OPERAND_NAME(gather)(lds *block, SOURCE *from, long ld, ZEROS *zero, int s_left, int k_left,
                                        int whole, int lane)
{
#if VECTOR == 4 && (OPERAND_K_INNER || OPERAND_WORK % 4 == 0)
    if (whole) {
#if OPERAND_K_INNER
#pragma unroll
        for (int i = 0; i < OPERAND_WORK; ++i) {
            lds4 x = OPERAND_NAME(four)(from, ld, zero, SPREAD(OPERAND_SPAN, OPERAND_WORK, lane, i), 0);
            block[i] = x.x;
            block[OPERAND_WORK + i] = x.y;
            block[2 * OPERAND_WORK + i] = x.z;
            block[3 * OPERAND_WORK + i] = x.w;
        }
#else
#pragma unroll
        for (int k = 0; k < 4; ++k) {
#pragma unroll
            for (int i = 0; i < OPERAND_WORK; i += 4) {
                lds4 x = OPERAND_NAME(four)(from, ld, zero, SPREAD(OPERAND_SPAN, OPERAND_WORK, lane, i), k);
                block[k * OPERAND_WORK + i] = x.x;
                block[k * OPERAND_WORK + i + 1] = x.y;
                block[k * OPERAND_WORK + i + 2] = x.z;
                block[k * OPERAND_WORK + i + 3] = x.w;
            }
        }
#endif
        return;
    }
#endif
#pragma unroll
    for (int k = 0; k < 4; ++k) {
#pragma unroll
        for (int i = 0; i < OPERAND_WORK; ++i)
            block[k * OPERAND_WORK + i] = OPERAND_NAME(value)(
                from, ld, zero, SPREAD(OPERAND_SPAN, OPERAND_WORK, lane, i), k, s_left, k_left);
    }
}
#endif
#undef SOURCE
#undef ZEROS
#undef OPERAND_NAME
#undef OPERAND_TYPE
#undef OPERAND_ZERO_TYPE
#undef OPERAND_ZERO
#undef OPERAND_K_INNER
#undef OPERAND_SPAN
#undef OPERAND_WORK
