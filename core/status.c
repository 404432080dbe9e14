/* Statuses, this thread's error text, data types and their conversions. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define TEXT_BYTES 8192

static _Thread_local char error_text[TEXT_BYTES];

static const char *const status_names[] = {
    [ARETE_OK] = "OK",
    [ARETE_E_ARGUMENT] = "ARGUMENT",
    [ARETE_E_SHAPE] = "SHAPE",
    [ARETE_E_DTYPE] = "DTYPE",
    [ARETE_E_RANGE] = "RANGE",
    [ARETE_E_ALIAS] = "ALIAS",
    [ARETE_E_UNSUPPORTED] = "UNSUPPORTED",
    [ARETE_E_MEMORY] = "MEMORY",
    [ARETE_E_DEVICE] = "DEVICE",
    [ARETE_E_BUILD] = "BUILD",
    [ARETE_E_IO] = "IO",
    [ARETE_E_NOT_FOUND] = "NOT_FOUND",
    [ARETE_E_MISMATCH] = "MISMATCH",
    [ARETE_E_FORMAT] = "FORMAT",
    [ARETE_E_INTERNAL] = "INTERNAL",
};

const char *arete_status_name(arete_status status) {
    size_t count = sizeof status_names / sizeof status_names[0];
    return (size_t)status < count ? status_names[status] : "?";
}

const char *arete_error_text(void) {
    return error_text;
}

const char *arete_version(void) {
    return ARETE_VERSION_STRING;
}

/* Puts text into this thread's buffer; of a text too long the middle is left out: what is wrong stands first, and
 * the last lines of a build log say how it ended. */
static void set_text(const char *text, size_t length) {
    static const char gap[] = "\n... (cut; the whole text is in the log)\n";
    if (length < TEXT_BYTES) {
        memmove(error_text, text, length);
        error_text[length] = '\0';
        return;
    }
    size_t head = TEXT_BYTES / 2, tail = TEXT_BYTES - 1 - head - (sizeof gap - 1);
    memmove(error_text, text, head);
    memcpy(error_text + head, gap, sizeof gap - 1);
    memcpy(error_text + head + sizeof gap - 1, text + length - tail, tail);
    error_text[TEXT_BYTES - 1] = '\0';
}

static void set_text_v(const char *prefix, const char *format, va_list args) {
    char fixed[TEXT_BYTES];
    va_list again;
    va_copy(again, args);
    int prefix_length = snprintf(fixed, sizeof fixed, "%s", prefix);
    size_t at = prefix_length > 0 && (size_t)prefix_length < sizeof fixed ? (size_t)prefix_length : 0;
    int wanted = vsnprintf(fixed + at, sizeof fixed - at, format, args);
    if (wanted < 0) {
        set_text(format, strlen(format));
    } else if (at + (size_t)wanted < sizeof fixed) {
        set_text(fixed, at + (size_t)wanted);
    } else {
        size_t bytes = at + (size_t)wanted + 1;
        char *whole = ar_os_alloc(bytes);
        if (whole) {
            memcpy(whole, fixed, at);
            vsnprintf(whole + at, bytes - at, format, again);
            set_text(whole, bytes - 1);
            ar_os_free(whole);
        } else {
            set_text(fixed, sizeof fixed - 1);
        }
    }
    va_end(again);
}

arete_status arete_error_set(arete_status status, const char *text) {
    set_text(text ? text : "", text ? strlen(text) : 0);
    return status;
}

arete_status ar_fail(arete_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    set_text_v("", format, args);
    va_end(args);
    return status;
}

arete_status ar_fail_memory(const char *what, uint64_t bytes) {
    return ar_fail(ARETE_E_MEMORY, "no memory for %s (%llu bytes)", what, (unsigned long long)bytes);
}

arete_status ar_fail_within(arete_status status, const char *format, ...) {
    char inner[TEXT_BYTES], prefix[512];
    memcpy(inner, error_text, sizeof inner);
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    return ar_fail(status, "%s: %s", prefix, inner);
}

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [ARETE_DTYPE_NONE] = {"none", 0},
    [ARETE_F32] = {"f32", 4},
    [ARETE_F16] = {"f16", 2},
    [ARETE_BF16] = {"bf16", 2},
    [ARETE_F64] = {"f64", 8},
    [ARETE_I8] = {"i8", 1},
    [ARETE_U8] = {"u8", 1},
    [ARETE_I32] = {"i32", 4},
    [ARETE_I64] = {"i64", 8},
    [ARETE_BOOL] = {"bool", 1},
};

enum { DTYPE_COUNT = sizeof dtypes / sizeof dtypes[0] };

size_t arete_dtype_size(arete_dtype dtype) {
    return (size_t)dtype < DTYPE_COUNT ? dtypes[dtype].size : 0;
}

const char *arete_dtype_name(arete_dtype dtype) {
    return (size_t)dtype < DTYPE_COUNT ? dtypes[dtype].name : "?";
}

arete_dtype arete_dtype_parse(const char *name) {
    for (size_t i = 1; name && i < DTYPE_COUNT; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            return (arete_dtype)i;
        }
    }
    return ARETE_DTYPE_NONE;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t arete_f16_from_f32(float value) {
    uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffffu;
    uint16_t sign = (uint16_t)((bits >> 16) & 0x8000u);
    if (magnitude > 0x7f800000u) {
        return (uint16_t)(sign | 0x7e00u); /* NaN, quiet */
    }
    if (magnitude >= 0x477ff000u) {
        return (uint16_t)(sign | 0x7c00u); /* rounds past 65504 */
    }
    if (magnitude < 0x38800000u) { /* subnormal in f16: adding 0.5 aligns the mantissa so that the FPU rounds it */
        float shifted = float_of(magnitude) + 0.5f;
        return (uint16_t)(sign | (bits_of(shifted) - 0x3f000000u));
    }
    uint32_t odd = (magnitude >> 13) & 1u;
    return (uint16_t)(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

float arete_f32_from_f16(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
    if (magnitude >= 0x7c00u) {
        return float_of(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
    }
    if (magnitude < 0x0400u) { /* subnormal: magnitude * 2^-24, exact in f32 */
        float value = (float)magnitude * 5.9604644775390625e-8f;
        return sign ? -value : value;
    }
    return float_of(sign | ((magnitude << 13) + 0x38000000u));
}

uint16_t arete_bf16_from_f32(float value) {
    uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return (uint16_t)((bits >> 16) | 0x40u);
    }
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float arete_f32_from_bf16(uint16_t bits) {
    return float_of((uint32_t)bits << 16);
}
