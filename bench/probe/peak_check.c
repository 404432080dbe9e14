/* The same arithmetic on the host, operation by operation, so that the device's result can be demanded bit by bit.
 */
#include <math.h>
#include <string.h>

#include "os.h"
#include "peak.h"

/* An f64 rounded once to f16, to nearest even; no overflow and no subnormal occurs here. */
static double to_half(double x) {
    if (x == 0 || !isfinite(x))
        return x;
    int exponent;
    (void)frexp(x, &exponent);
    double unit = ldexp(1, exponent - 11);
    return nearbyint(x / unit) * unit;
}

static double steps_f32(int form, float factor, float addend, float a, int32_t steps) {
    volatile float product; /* rounded by itself: compilers may fuse otherwise */
    for (int32_t i = 0; i < steps; i++) {
        if (form == AR_PEAK_CHAIN) {
            a = fmaf(a, factor, addend);
        } else if (form == AR_PEAK_SUM) {
            a = fmaf(factor, addend, a);
        } else {
            product = a * factor;
            a = product + addend;
        }
    }
    return a;
}

static double steps_f64(int form, double factor, double addend, double a, int32_t steps) {
    volatile double product;
    for (int32_t i = 0; i < steps; i++) {
        if (form == AR_PEAK_CHAIN) {
            a = fma(a, factor, addend);
        } else if (form == AR_PEAK_SUM) {
            a = fma(factor, addend, a);
        } else {
            product = a * factor;
            a = product + addend;
        }
    }
    return a;
}

/* Products of two halves, and their sums with a third, are exact in f64. */
static double steps_f16(int form, double factor, double addend, double a, int32_t steps) {
    for (int32_t i = 0; i < steps; i++) {
        if (form == AR_PEAK_CHAIN)
            a = to_half(a * factor + addend);
        else if (form == AR_PEAK_SUM)
            a = to_half(factor * addend + a);
        else
            a = to_half(to_half(a * factor) + addend);
    }
    return a;
}

static uint32_t dot4(uint32_t a, uint32_t b) {
    int32_t sum = 0;
    for (int byte = 0; byte < 4; byte++)
        sum += (int32_t)(int8_t)(a >> (8 * byte)) * (int8_t)(b >> (8 * byte));
    return (uint32_t)sum;
}

static uint32_t pairs(uint32_t a, uint32_t b) {
    uint32_t low = (uint32_t)((int32_t)(int16_t)a * (int16_t)b);
    return low + (uint32_t)((int32_t)(int16_t)(a >> 16) * (int16_t)(b >> 16));
}

static double steps_int8(int form, uint32_t factor, uint32_t addend, uint32_t a, int32_t steps) {
    for (int32_t i = 0; i < steps; i++)
        a = form == AR_PEAK_DOT4    ? a + dot4(a, factor)
            : form == AR_PEAK_PAIRS ? a + pairs(a, factor)
                                    : a * factor + addend;
    return a;
}

static double one_chain(const ar_peak_shape *shape, double factor, double addend, double start, int32_t steps) {
    switch (shape->type) {
    case AR_PEAK_F32:
        return steps_f32(shape->form, (float)factor, (float)addend, (float)start, steps);
    case AR_PEAK_F64:
        return steps_f64(shape->form, factor, addend, start, steps);
    case AR_PEAK_F16:
        return steps_f16(shape->form, factor, addend, start, steps);
    default:
        return steps_int8(shape->form, (uint32_t)factor, (uint32_t)addend, (uint32_t)start, steps);
    }
}

double ar_peak_expect(const ar_peak_shape *shape, double factor, double addend, const double *starts,
                      int32_t steps) {
    double sum = 0;
    for (uint32_t c = 0; c < shape->chains; c++) {
        sum += one_chain(shape, factor, addend, starts[c], steps);
        if (shape->type == AR_PEAK_F32)
            sum = (float)sum;
        else if (shape->type == AR_PEAK_F16)
            sum = to_half(sum);
        else if (shape->type == AR_PEAK_INT8)
            sum = (uint32_t)((uint64_t)sum & UINT32_MAX);
    }
    return sum;
}
