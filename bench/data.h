/* Data of a case: the same seed gives the same elements, here and in a peer's process, at any strides.
 *
 * An operand lies inside a larger block of memory, host or device alike:
 *
 *   [ guard | lead | extent of the tensor at its strides | tail | guard ]
 *
 * Everything that is not an element (guards, lead, the holes that strides leave) holds a pattern that is a NaN in
 * the operand's type, so that a kernel that reads it shows, and must be there unchanged after a run, so that a
 * kernel that writes it shows.
 */
#ifndef AR_DATA_H
#define AR_DATA_H

#include "casework.h"

typedef enum ar_data_mode {
    AR_DATA_RANDOM,  /* uniform in the operand's [low, high] */
    /* Whole numbers from -3 to 3 within it: sums of products are exact in f32. Where 0 is the only one, -3 to 3 times
     * a power of two. */
    AR_DATA_INTEGERS
} ar_data_mode;

typedef struct ar_data_spec {
    uint64_t seed;
    ar_data_mode mode;
} ar_data_spec;

/* A counter-based generator: the index-th 64 bits of a stream. */
uint64_t ar_random(uint64_t stream, uint64_t index);

/* The value of element number index (row-major over dims) of operand number which, before it is rounded to its
 * type. */
double ar_data_value(const ar_data_spec *spec, const ar_operand *operand, size_t which, uint64_t index);

/* One element of dtype at address, rounded to nearest even; integers saturate. */
void ar_element_store(arete_dtype dtype, void *address, double value);
double ar_element_load(arete_dtype dtype, const void *address);

/* Largest relative error of rounding to the type; 0 for integers (compared exactly). */
double ar_dtype_rounding(arete_dtype dtype);

/* Strides in elements, with tight row-major filled in when all are zero; and the place, in elements from the
 * tensor's first one, of the index-th element in row-major order. */
void ar_tensor_strides(const arete_tensor *tensor, int64_t strides[ARETE_MAX_RANK]);
int64_t ar_tensor_place(const arete_tensor *tensor, const int64_t *strides, int64_t index);

/* The pattern that is NaN in dtype (16 bytes), for poison and guards. */
void ar_poison_pattern(arete_dtype dtype, unsigned char pattern[16]);

typedef struct ar_block {
    unsigned char *memory; /* the whole block; NULL: none */
    uint64_t bytes;
    uint64_t offset; /* of the tensor's first element */
} ar_block;

/* Bytes of guard on either side, and the lead that makes offsets odd (in elements) for views; 0: page-aligned. */
#define AR_GUARD_BYTES 4096

/* Lays out a block for the operand and fills it: pattern everywhere, and elements unless it is an output. views:
 * put the first element at an odd multiple of its size. Freed by ar_block_free. */
arete_status ar_block_make(const ar_data_spec *spec, const ar_operand *operand, size_t which, bool views,
                           ar_block *block);
void ar_block_free(ar_block *block);

/* Whether after equals before outside the tensor's elements (outputs) or everywhere (inputs). *at: first byte that
 * does not, from the start of the block. Changes before: an output's elements are taken over from after. */
bool ar_block_unharmed(ar_block *before, const ar_block *after, const ar_operand *operand, uint64_t *at);

#endif
