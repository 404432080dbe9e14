#include "data.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "os.h"

uint64_t ar_random(uint64_t stream, uint64_t index) {
    /* Two rounds of the finaliser of splitmix64 over stream and counter. */
    uint64_t z = stream * 0x9e3779b97f4a7c15u + index * 0xd1342543de82ef95u + 0x2545f4914f6cdd1du;
    for (int round = 0; round < 2; round++) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        z ^= z >> 31;
    }
    return z;
}

static bool is_integer(arete_dtype dtype) {
    return dtype == ARETE_I8 || dtype == ARETE_U8 || dtype == ARETE_I32 || dtype == ARETE_I64 ||
           dtype == ARETE_BOOL;
}

static double whole_number(double low, double high, uint64_t bits) {
    double first = ceil(low), last = floor(high);
    if (first > last) { /* no whole number in it: a power of two keeps products exact */
        double top = fmax(fabs(low), fabs(high));
        double power = top > 0 ? exp2(floor(log2(top))) : 0;
        return fabs(high) >= fabs(low) ? power : -power;
    }
    if (first == last && low < 0 && high > 0) { /* only 0: whole numbers of a power of two */
        double unit = exp2(floor(log2(fmin(-low, high) / 3)));
        return ((double)(bits % 7) - 3) * unit;
    }
    return first + (double)(bits % ((uint64_t)(last - first) + 1));
}

/* Of a random number the upper 53 bits; signed for the sake of machines that convert only that in vectors. */
static double uniform(double low, double high, uint64_t bits) {
    return low + (high - low) * ((double)(int64_t)(bits >> 11) * 0x1p-53);
}

double ar_data_value(const ar_data_spec *spec, const ar_operand *operand, size_t which, uint64_t index) {
    uint64_t bits = ar_random(spec->seed * 64 + which, index);
    double low = operand->low, high = operand->high;
    if (spec->mode == AR_DATA_INTEGERS)
        return whole_number(fmax(low, fmin(-3, high)), fmin(high, fmax(3, low)), bits >> 11);
    if (is_integer(operand->tensor.dtype))
        return whole_number(low, high, bits >> 11);
    return uniform(low, high, bits);
}

static double clamp_round(double value, double low, double high) {
    if (!(value == value))
        return 0;
    return fmin(fmax(rint(value), low), high);
}

void ar_element_store(arete_dtype dtype, void *address, double value) {
    union {
        float f32;
        double f64;
        uint16_t u16;
        int8_t i8;
        uint8_t u8;
        int32_t i32;
        int64_t i64;
    } as;
    switch (dtype) {
    case ARETE_F32:
        as.f32 = (float)value;
        break;
    case ARETE_F16:
        as.u16 = arete_f16_from_f32((float)value);
        break;
    case ARETE_BF16:
        as.u16 = arete_bf16_from_f32((float)value);
        break;
    case ARETE_F64:
        as.f64 = value;
        break;
    case ARETE_I8:
        as.i8 = (int8_t)clamp_round(value, -128, 127);
        break;
    case ARETE_U8:
        as.u8 = (uint8_t)clamp_round(value, 0, 255);
        break;
    case ARETE_BOOL:
        as.u8 = value != 0;
        break;
    case ARETE_I32:
        as.i32 = (int32_t)clamp_round(value, -2147483648.0, 2147483647.0);
        break;
    case ARETE_I64:
        as.i64 = (int64_t)clamp_round(value, -0x1p62, 0x1p62);
        break;
    default:
        return;
    }
    memcpy(address, &as, arete_dtype_size(dtype));
}

double ar_element_load(arete_dtype dtype, const void *address) {
    union {
        float f32;
        double f64;
        uint16_t u16;
        int8_t i8;
        uint8_t u8;
        int32_t i32;
        int64_t i64;
    } as;
    as.i64 = 0;
    memcpy(&as, address, arete_dtype_size(dtype));
    switch (dtype) {
    case ARETE_F32:
        return (double)as.f32;
    case ARETE_F16:
        return (double)arete_f32_from_f16(as.u16);
    case ARETE_BF16:
        return (double)arete_f32_from_bf16(as.u16);
    case ARETE_F64:
        return as.f64;
    case ARETE_I8:
        return as.i8;
    case ARETE_U8:
        return as.u8;
    case ARETE_BOOL:
        return as.u8;
    case ARETE_I32:
        return as.i32;
    case ARETE_I64:
        return (double)as.i64;
    default:
        return NAN;
    }
}

double ar_dtype_rounding(arete_dtype dtype) {
    switch (dtype) {
    case ARETE_F32:
        return 0x1p-24;
    case ARETE_F16:
        return 0x1p-11;
    case ARETE_BF16:
        return 0x1p-8;
    case ARETE_F64:
        return 0x1p-53;
    default:
        return 0;
    }
}

void ar_tensor_strides(const arete_tensor *tensor, int64_t strides[ARETE_MAX_RANK]) {
    bool given = false;
    for (uint32_t d = 0; d < tensor->rank; d++)
        given |= tensor->strides[d] != 0;
    int64_t tight = 1;
    for (uint32_t d = tensor->rank; d-- > 0;) {
        strides[d] = given ? tensor->strides[d] : tight;
        tight *= tensor->dims[d];
    }
}

int64_t ar_tensor_place(const arete_tensor *tensor, const int64_t *strides, int64_t index) {
    int64_t place = 0;
    for (uint32_t d = tensor->rank; d-- > 0;) {
        place += index % tensor->dims[d] * strides[d];
        index /= tensor->dims[d];
    }
    return place;
}

void ar_poison_pattern(arete_dtype dtype, unsigned char pattern[16]) {
    static const unsigned char f32[4] = {0xa5, 0xa5, 0xc5, 0x7f}, f16[2] = {0xa5, 0x7e}, bf16[2] = {0xe5, 0x7f};
    static const unsigned char f64[8] = {0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xfa, 0x7f}, other[1] = {0xa5};
    const unsigned char *from = other;
    size_t length = 1;
    switch (dtype) {
    case ARETE_F32:
        from = f32, length = sizeof f32;
        break;
    case ARETE_F16:
        from = f16, length = sizeof f16;
        break;
    case ARETE_BF16:
        from = bf16, length = sizeof bf16;
        break;
    case ARETE_F64:
        from = f64, length = sizeof f64;
        break;
    default:
        break;
    }
    for (size_t i = 0; i < 16; i++)
        pattern[i] = from[i % length];
}

/* Every element of the tensor in row-major order, the innermost dimension as a run: much faster than
 * ar_tensor_place() for each. */
typedef void (*run_fn)(void *user, int64_t first_index, int64_t place, int64_t stride, int64_t count);

static void each_run(const arete_tensor *tensor, run_fn run, void *user) {
    int64_t strides[ARETE_MAX_RANK], at[ARETE_MAX_RANK] = {0};
    int64_t total = arete_tensor_elements(tensor);
    ar_tensor_strides(tensor, strides);
    if (total <= 0)
        return;
    uint32_t last = tensor->rank ? tensor->rank - 1 : 0;
    int64_t inner = tensor->rank ? tensor->dims[last] : 1, stride = tensor->rank ? strides[last] : 1;
    int64_t place = 0;
    for (int64_t index = 0; index < total; index += inner) {
        run(user, index, place, stride, inner);
        for (uint32_t d = last; d-- > 0;) {
            place += strides[d];
            if (++at[d] < tensor->dims[d])
                break;
            place -= strides[d] * at[d];
            at[d] = 0;
        }
    }
}

typedef struct fill_state {
    const ar_data_spec *spec;
    const ar_operand *operand;
    size_t which, size;
    unsigned char *elements;
} fill_state;

/* The values of ar_data_value() in AR_DATA_RANDOM: operands of gigabytes are made several times over. */
static void fill_f32(const fill_state *state, int64_t first, float *to, int64_t count) {
    uint64_t stream = state->spec->seed * 64 + state->which;
    double low = state->operand->low, high = state->operand->high;
    for (int64_t i = 0; i < count; i++)
        to[i] = (float)uniform(low, high, ar_random(stream, (uint64_t)(first + i)));
}

static void fill_run(void *user, int64_t first, int64_t place, int64_t stride, int64_t count) {
    const fill_state *state = user;
    if (state->operand->tensor.dtype == ARETE_F32 && stride == 1 && state->spec->mode == AR_DATA_RANDOM) {
        fill_f32(state, first, (float *)(void *)(state->elements + (size_t)place * 4), count);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        ar_element_store(state->operand->tensor.dtype, state->elements + (size_t)(place + i * stride) * state->size,
                         ar_data_value(state->spec, state->operand, state->which, (uint64_t)(first + i)));
}

arete_status ar_block_make(const ar_data_spec *spec, const ar_operand *operand, size_t which, bool views,
                           ar_block *block) {
    size_t size = arete_dtype_size(operand->tensor.dtype);
    uint64_t lead = views ? size * (1 + 2 * (ar_random(spec->seed, which) % 8)) : 0;
    uint64_t offset = AR_GUARD_BYTES + lead;
    uint64_t end = offset + arete_tensor_extent(&operand->tensor);
    uint64_t bytes = (end + AR_GUARD_BYTES + 15) / 16 * 16;
    unsigned char *memory = ar_os_alloc_aligned(bytes, 4096);
    if (!memory)
        return ar_fail_memory(operand->name, bytes);
    unsigned char pattern[16];
    ar_poison_pattern(operand->tensor.dtype, pattern);
    /* What is filled below needs no poison, but where it has gaps. */
    bool tight = operand->role != AR_OUTPUT &&
                 (uint64_t)arete_tensor_elements(&operand->tensor) * size == end - offset && end - offset > 1 << 20;
    for (uint64_t at = 0; at < bytes; at += 16) {
        if (tight && at >= offset && at + 16 <= end)
            at = end / 16 * 16;
        memcpy(memory + at, pattern, 16);
    }
    *block = (ar_block){.memory = memory, .bytes = bytes, .offset = offset};
    if (operand->role != AR_OUTPUT) {
        fill_state state = {spec, operand, which, size, memory + offset};
        each_run(&operand->tensor, fill_run, &state);
    }
    return ARETE_OK;
}

void ar_block_free(ar_block *block) {
    ar_os_free_aligned(block->memory);
    *block = (ar_block){0};
}

typedef struct copy_state {
    unsigned char *to;
    const unsigned char *from;
    size_t size;
} copy_state;

static void copy_run(void *user, int64_t first, int64_t place, int64_t stride, int64_t count) {
    (void)first;
    const copy_state *state = user;
    size_t at = (size_t)place * state->size;
    if (stride == 1) {
        memcpy(state->to + at, state->from + at, (size_t)count * state->size);
        return;
    }
    for (int64_t i = 0; i < count; i++, at += (size_t)stride * state->size)
        memcpy(state->to + at, state->from + at, state->size);
}

bool ar_block_unharmed(ar_block *before, const ar_block *after, const ar_operand *operand, uint64_t *at) {
    if (operand->role == AR_OUTPUT || operand->role == AR_INOUT) {
        copy_state state = {before->memory + before->offset, after->memory + after->offset,
                            arete_dtype_size(operand->tensor.dtype)};
        each_run(&operand->tensor, copy_run, &state);
    }
    if (memcmp(before->memory, after->memory, before->bytes) == 0)
        return true;
    uint64_t i = 0;
    while (before->memory[i] == after->memory[i])
        i++;
    *at = i;
    return false;
}
