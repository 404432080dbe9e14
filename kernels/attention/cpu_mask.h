/* attention/cpu_mask.h: masks for cpu_flash.cl, as [key][NR] of what is added to scores; by MASK and TYPE_MASK. */
/* A score and what is added to it; hidden ones are -infinity whatever they were. */
static inline realv masked(realv score, realv add)
{
    return select(score + add, (realv)(-INFINITY), add == (realv)(-INFINITY));
}

/* What a mask's values add to scores, times log2 e. */
static inline realv added(realv x)
{
#if MASK == 1
    return select((realv)(0), (realv)(-INFINITY), x == (realv)(0));
#else
    return x * 1.44269504f;
#endif
}

/* Brings the lines of a key's mask for the panel from query i0 on near: rows are a power of two apart as a rule, so
 * the hardware foresees nothing, and the lines of so many rows displace each other. A hint: private pointers are
 * addresses like others where groups are of one work-item. */
static inline void expect_mask(const attention_args *s, __global const STORAGE(TYPE_MASK) *mask, long i0, long j)
{
#if defined(__clang__)
    if (s->mask_q == 0 || i0 >= s->sq || j >= s->mask_keys)
        return;
    mask += i0 * s->mask_q + j * s->mask_k;
    for (long i = min((long)NR, s->sq - i0); i > 0; --i, mask += s->mask_q)
        __builtin_prefetch((const void *)(size_t)mask, 0, 2);
#endif
}

/* LANES keys from `at` on, of the queries from row on; as [key][NR]. The largest of them. Rows are read as they lie
 * and turned in registers; where all queries have the same, it goes to all lanes. */
static inline realv take_mask_keys(const attention_args *s, realv *to, __global const STORAGE(TYPE_MASK) *at, long row,
                                   long count)
{
    realv most = (realv)(-INFINITY);
    if (s->mask_q == 0) {
        most = added(LOADV(TYPE_MASK)(at));
        float line[LANES];
        vstorev(most, 0, line);
#pragma unroll
        for (int i = 0; i < LANES; ++i)
            to[i * 2] = to[i * 2 + 1] = (realv)(line[i]);
        return most;
    }
    for (int h = 0; h < 2; ++h) {
        realv x[LANES];
#pragma unroll
        for (int i = 0; i < LANES; ++i) {
            x[i] = LOADV(TYPE_MASK)(at + (row + min((long)(h * LANES + i), count - 1)) * s->mask_q);
        }
        transpose(x);
#pragma unroll
        for (int i = 0; i < LANES; ++i) {
            x[i] = added(x[i]);
            to[i * 2 + h] = x[i];
            most = select(x[i], most, x[i] == (realv)(-INFINITY));
        }
    }
    return most;
}

/* What the mask adds to scores of keys lo .. hi - 1 and queries i0 .., times log2 e, -infinity for hidden ones, as
 * [key][NR]. Returns where the first key that any query sees is, or somewhat before it, *end behind the last. */
static inline long take_mask(const attention_args *s, realv *to, __global const STORAGE(TYPE_MASK) *mask, long i0,
                             long lo, long hi, long *end)
{
    long first = hi;
    long last = lo;
    const long count = min((long)NR, s->sq - i0);
    long j = lo;
    if (s->mask_k == 1 && hi - lo >= LANES) {
        for (; j < hi; j += LANES) {
            const long from = min(j, hi - LANES); /* the last ones overlap those before */
            if (all(take_mask_keys(s, to + (from - lo) * 2, mask + from, i0, count) == (realv)(-INFINITY)))
                continue;
            first = min(first, from);
            last = from + LANES;
        }
    }
    for (; j < hi; ++j) {
        float line[NR];
        int any = 0;
        for (int i = 0; i < NR; ++i) {
            const long row = i0 + min((long)i, count - 1);
            __global const STORAGE(TYPE_MASK) *at = mask + row * s->mask_q + j * s->mask_k;
#if MASK == 1
            float x = *at != 0 ? 0.0f : -INFINITY;
#else
            float x = LOADS(TYPE_MASK)(at) * 1.44269504f;
#endif
            line[i] = x;
            any |= x != -INFINITY;
        }
        to[(j - lo) * 2] = vloadv(0, line);
        to[(j - lo) * 2 + 1] = vloadv(1, line);
        first = any && first == hi ? j : first;
        last = any ? j + 1 : last;
    }
    *end = max(first, last);
    return first;
}
