/* What the families' oracles share: elements of any type as doubles, and the frame of the solver "reference". */
#ifndef AR_ORACLE_H
#define AR_ORACLE_H

#include <math.h>

#include "arete/memory.h"
#include "solver.h"

static inline double ar_oracle_load(const void *data, uint8_t type, int64_t at) {
    switch (type) {
    case ARETE_F32: return (double)((const float *)data)[at];
    case ARETE_F64: return ((const double *)data)[at];
    case ARETE_F16: return (double)arete_f32_from_f16(((const uint16_t *)data)[at]);
    case ARETE_BF16: return (double)arete_f32_from_bf16(((const uint16_t *)data)[at]);
    case ARETE_I8: return ((const int8_t *)data)[at];
    case ARETE_U8: return ((const uint8_t *)data)[at];
    case ARETE_I32: return ((const int32_t *)data)[at];
    case ARETE_I64: return (double)((const int64_t *)data)[at];
    default: return ((const uint8_t *)data)[at] != 0; /* ARETE_BOOL */
    }
}

/* Rounded once. I8 and U8 are within their range already; sums that pass 32 bits wrap, as on the devices. */
static inline void ar_oracle_store(void *data, uint8_t type, int64_t at, double value) {
    switch (type) {
    case ARETE_F32: ((float *)data)[at] = (float)value; break;
    case ARETE_F64: ((double *)data)[at] = value; break;
    case ARETE_F16: ((uint16_t *)data)[at] = arete_f16_from_f32((float)value); break;
    case ARETE_BF16: ((uint16_t *)data)[at] = arete_bf16_from_f32((float)value); break;
    case ARETE_I8: ((int8_t *)data)[at] = (int8_t)rint(value); break;
    case ARETE_U8: ((uint8_t *)data)[at] = (uint8_t)rint(value); break;
    default: ((int32_t *)data)[at] = (int32_t)(uint32_t)(int64_t)value; break;
    }
}

/* The memory of a reference device's tensor; NULL: none given. */
void *ar_oracle_host(const arete_tensor *t);

/* An ar_solver's applies: the reference device only. */
bool ar_oracle_applies(const void *problem, const arete_device *device, const char **why);

#endif
