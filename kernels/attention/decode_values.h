/* attention/decode_values.h: PART vectors of O from vector e0 on, over a block of keys; a piece of decode.cl. */
        realv acc[ROWS][PART];
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
#pragma unroll
            for (int e = 0; e < PART; ++e)
                acc[r][e] = LOAD_NEAR(const, realv, o + r * DV_PITCH + (e0 + e) * LANES) * factor[r];
        }
        __global const STORAGE(TYPE_V) *line = v + e0 * LANES;
#pragma unroll 1
        for (long j = 0; j < keys; ++j, line += v_s) {
#if HIDES && ROWS == 1
            if (weights[j] == 0)
                continue;
#endif
#pragma unroll
            for (int e = 0; e < PART; ++e) {
                realv x = LOADV(TYPE_V)(line + e * LANES);
#pragma unroll
                for (int r = 0; r < ROWS; ++r) {
                    realv w = (realv)(weights[r * BLOCK + j]);
#if HIDES && ROWS > 1
                    acc[r][e] = select(fma(w, x, acc[r][e]), acc[r][e], w == (realv)(0));
#else
                    acc[r][e] = fma(w, x, acc[r][e]);
#endif
                }
            }
        }
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
#pragma unroll
            for (int e = 0; e < PART; ++e)
                STORE_NEAR(, realv, acc[r][e], o + r * DV_PITCH + (e0 + e) * LANES);
        }
