/* NumPy's .npy files (format 1.0 to 3.0, C order), which numpy.load() reads and numpy.save() writes. */
#ifndef AR_NPY_H
#define AR_NPY_H

#include "arete/arete.h"

typedef struct ar_npy {
    arete_dtype dtype; /* bf16 has no word in numpy and is written as u2 */
    uint32_t rank;
    int64_t dims[ARETE_MAX_RANK];
    uint64_t bytes;
    void *data; /* freed by ar_npy_free */
} ar_npy;

/* A file that does not end with .npy is raw: as many bytes as `expected` (type and dims) needs. ARETE_E_FORMAT
 * names the file and what is wrong. */
arete_status ar_npy_read(const char *path, const arete_tensor *expected, ar_npy *array);
arete_status ar_npy_write(const char *path, const ar_npy *array);
void ar_npy_free(ar_npy *array);

#endif
