/* Statuses, error texts, data types, version: what every other header of Arete stands on. */
#ifndef ARETE_BASE_H
#define ARETE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(ARETE_STATIC)
#define ARETE_API
#elif defined(_WIN32)
#ifdef ARETE_BUILDING
#define ARETE_API __declspec(dllexport)
#else
#define ARETE_API __declspec(dllimport)
#endif
#else
#define ARETE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ARETE_VERSION_MAJOR 0
#define ARETE_VERSION_MINOR 1
#define ARETE_VERSION_PATCH 0
#define ARETE_VERSION_STRING "0.1.0"

/** What a call came to. Values are only ever appended. */
typedef enum arete_status {
    ARETE_OK = 0,
    ARETE_E_ARGUMENT = 1,    /**< a NULL, an unknown enumerator or flag, a wrong struct size */
    ARETE_E_SHAPE = 2,       /**< dimensions that do not fit each other, or are negative */
    ARETE_E_DTYPE = 3,       /**< a data type, or a combination of them, that does not fit */
    ARETE_E_RANGE = 4,       /**< an offset or extent outside its buffer */
    ARETE_E_ALIAS = 5,       /**< an output that overlaps an input */
    ARETE_E_UNSUPPORTED = 6, /**< valid, but not on this device; the text says what would be */
    ARETE_E_MEMORY = 7,      /**< host or device memory could not be had */
    ARETE_E_DEVICE = 8,      /**< the driver failed or the device is lost; the text has its code */
    ARETE_E_BUILD = 9,       /**< a kernel did not compile; the text has the build log */
    ARETE_E_IO = 10,         /**< a file could not be read or written */
    ARETE_E_NOT_FOUND = 11,  /**< no such device, solver, file or record */
    ARETE_E_MISMATCH = 12,   /**< objects of different devices or contexts, or of another packing */
    ARETE_E_FORMAT = 13,     /**< a text or file that is not what it should be; the text says where */
    ARETE_E_INTERNAL = 14    /**< a broken invariant of Arete itself: please report it */
} arete_status;

/** The enumerator's name without prefix ("SHAPE"; "OK"), or "?" for a value that is none. Never NULL. */
ARETE_API const char *arete_status_name(arete_status status);

/**
 * What the last failed call on this thread did not like: the argument, its value, and what would be right;
 * for builds the log, for drivers the native code. Valid until this thread's next failing call. Empty, never
 * NULL, when none has failed. Calls that succeed leave it as it is.
 */
ARETE_API const char *arete_error_text(void);

/**
 * Makes a copy of text this thread's error text and gives status back: for libraries on top of this one, so that
 * their callers ask in one place. text NULL is taken for "". Any thread; never blocks.
 */
ARETE_API arete_status arete_error_set(arete_status status, const char *text);

/** The version of the library that is running, "major.minor.patch". */
ARETE_API const char *arete_version(void);

/** Element types. f16 and bf16 are storage: arithmetic on them accumulates in f32. Only ever appended. */
typedef enum arete_dtype {
    ARETE_DTYPE_NONE = 0,
    ARETE_F32 = 1,
    ARETE_F16 = 2,  /**< IEEE 754 binary16 */
    ARETE_BF16 = 3, /**< the upper half of a binary32 */
    ARETE_F64 = 4,
    ARETE_I8 = 5,
    ARETE_U8 = 6,
    ARETE_I32 = 7,
    ARETE_I64 = 8,
    ARETE_BOOL = 9 /**< one byte, 0 or 1 */
} arete_dtype;

/** Bytes of one element; 0 for ARETE_DTYPE_NONE and unknown values. */
ARETE_API size_t arete_dtype_size(arete_dtype dtype);

/** "f32", "bf16", ...; "none" for ARETE_DTYPE_NONE, "?" for unknown values. Never NULL. */
ARETE_API const char *arete_dtype_name(arete_dtype dtype);

/** The type of that name ("f32"); ARETE_DTYPE_NONE when there is none, or name is NULL. */
ARETE_API arete_dtype arete_dtype_parse(const char *name);

/** Conversions of single values: round to nearest even, NaN stays NaN, f16 overflows to infinity. */
ARETE_API uint16_t arete_f16_from_f32(float value);
ARETE_API float arete_f32_from_f16(uint16_t bits);
ARETE_API uint16_t arete_bf16_from_f32(float value);
ARETE_API float arete_f32_from_bf16(uint16_t bits);

#ifdef __cplusplus
}
#endif
#endif
