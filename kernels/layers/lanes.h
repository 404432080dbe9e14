/* layers/lanes.h: vectors of which only the first count lanes matter, and what becomes of a vector's lanes together. */
#if IS_REAL
typedef maskv lanev;
#define convert_lanev convert_maskv
#elif CLASS == CLASS_I64
typedef numv lanev;
#define convert_lanev convert_numv
#endif
__constant int lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* x, and neutral from lane count on. */
static inline numv first_lanes(numv x, long count, num neutral)
{
    const lanev lane = convert_lanev(vloadl(0, lane_numbers));
    return count >= LANES ? x : select((numv)(neutral), x, lane < (lanev)(count));
}

/* x, and neutral before its last count lanes. */
static inline numv last_lanes(numv x, long count, num neutral)
{
    const lanev lane = convert_lanev(vloadl(0, lane_numbers));
    return select((numv)(neutral), x, lane >= (lanev)(LANES - count));
}

#define ADD(a, b) ((a) + (b))
#define MUL(a, b) ((a) * (b))
/* NaN wins: a != a is true of it alone. */
#define MAXIMUM(a, b) ((a) > (b) || (a) != (a) ? (a) : (b))
#define MINIMUM(a, b) ((a) < (b) || (a) != (a) ? (a) : (b))

/* All lanes together, halves first: the same order on every device of that LANES. */
#define TOGETHER(name, COMBINE)                         \
    static inline num lanes_##name(numv x)              \
    {                                                   \
        num part[LANES];                                \
        vstorel(x, 0, part);                            \
        for (int h = LANES / 2; h > 0; h /= 2) \
            for (int i = 0; i < h; ++i)              \
                part[i] = COMBINE(part[i], part[i + h]); \
        return part[0];                                 \
    }
TOGETHER(sum, ADD)
TOGETHER(product, MUL)
TOGETHER(max, MAXIMUM)
TOGETHER(min, MINIMUM)
#undef TOGETHER

/* One value from all work-items of a group, the same for all of them. GROUP 1: x itself. */
#ifndef GROUP
#define GROUP 1
#endif
#if GROUP > 1
#define GROUP_TOGETHER(result, x, scratch, COMBINE)                                        \
    do {                                                                                   \
        barrier(CLK_LOCAL_MEM_FENCE);                                                      \
        (scratch)[get_local_id(0)] = (x);                                                  \
        barrier(CLK_LOCAL_MEM_FENCE);                                                      \
        for (int half_ = GROUP / 2; half_ > 0; half_ /= 2) {                               \
            if (get_local_id(0) < half_)                                                   \
                (scratch)[get_local_id(0)] =                                               \
                    COMBINE((scratch)[get_local_id(0)], (scratch)[get_local_id(0) + half_]); \
            barrier(CLK_LOCAL_MEM_FENCE);                                                  \
        }                                                                                  \
        (result) = (scratch)[0];                                                           \
    } while (0)
#define LANE get_local_id(0)
#else
#define GROUP_TOGETHER(result, x, scratch, COMBINE) ((result) = (x))
#define LANE 0
#endif
