/* matmul/sum_of_lanes.h: the sum of a vector's lanes, by halves. */
static inline real sum_of_lanes(realv x)
{
    real part[LANES];
    vstorev(x, 0, part);
#pragma unroll
    for (int half_lanes = LANES / 2; half_lanes > 0; half_lanes /= 2) {
#pragma unroll
        for (int i = 0; i < half_lanes; ++i)
            part[i] += part[i + half_lanes];
    }
    return part[0];
}
