#include "npy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"

static const struct {
    const char *descr;
    arete_dtype dtype;
} types[] = {{"<f4", ARETE_F32}, {"<f2", ARETE_F16}, {"<f8", ARETE_F64},  {"|i1", ARETE_I8},  {"|u1", ARETE_U8},
             {"<i4", ARETE_I32}, {"<i8", ARETE_I64}, {"|b1", ARETE_BOOL}, {"<u2", ARETE_BF16}};

enum { MAGIC_BYTES = 6, TYPES = sizeof types / sizeof types[0] };

static arete_status wrong(const char *path, const char *what) {
    return ar_fail(ARETE_E_FORMAT, "%s: %s", path, what);
}

/* The value after 'key': in the header's Python dictionary. */
static const char *find(const char *header, const char *key) {
    const char *at = strstr(header, key);
    if (!at)
        return NULL;
    at += strlen(key);
    while (*at == '\'' || *at == ':' || *at == ' ')
        at++;
    return at;
}

static arete_status read_header(const char *path, const char *header, ar_npy *array) {
    const char *descr = find(header, "'descr"), *order = find(header, "'fortran_order"),
               *shape = find(header, "'shape");
    if (!descr || !order || !shape || *shape != '(')
        return wrong(path, "its header lacks descr, fortran_order or shape");
    for (size_t i = 0; i < TYPES; i++)
        if (strncmp(descr, types[i].descr, 3) == 0)
            array->dtype = types[i].dtype;
    if (array->dtype == ARETE_DTYPE_NONE)
        return ar_fail(ARETE_E_FORMAT, "%s: its type is '%.3s'; f4, f2, f8, i1, u1, i4, i8 and b1 are read", path,
                       descr);
    if (strncmp(order, "False", 5) != 0)
        return wrong(path, "it is in Fortran's order; save numpy.ascontiguousarray() of it");
    for (const char *at = shape + 1; *at && *at != ')';) {
        char *end;
        long long dim = strtoll(at, &end, 10);
        if (end == at || dim < 0 || array->rank == ARETE_MAX_RANK)
            return wrong(path, "its shape cannot be read, or has too many dimensions");
        array->dims[array->rank++] = dim;
        at = end + strspn(end, ", ");
    }
    return ARETE_OK;
}

static arete_status take(const char *path, ar_npy *array, const char *from, size_t length) {
    const arete_tensor t = arete_tensor_make(NULL, 0, array->dtype, array->rank, array->dims);
    array->bytes = (uint64_t)arete_tensor_elements(&t) * arete_dtype_size(array->dtype);
    if (array->bytes != length)
        return ar_fail(ARETE_E_FORMAT, "%s: it holds %zu bytes of data, but its shape needs %" PRIu64, path, length,
                       array->bytes);
    array->data = ar_os_alloc(length ? length : 1);
    if (!array->data)
        return ar_fail_memory(path, length);
    memcpy(array->data, from, length);
    return ARETE_OK;
}

arete_status ar_npy_read(const char *path, const arete_tensor *expected, ar_npy *array) {
    char *text = NULL;
    size_t length = 0, name = strlen(path);
    *array = (ar_npy){0};
    arete_status status = ar_os_read_file(path, &text, &length);
    if (status != ARETE_OK)
        return status;
    if (name < 4 || strcmp(path + name - 4, ".npy") != 0) {
        array->dtype = expected->dtype;
        array->rank = expected->rank;
        memcpy(array->dims, expected->dims, sizeof array->dims);
        status = take(path, array, text, length);
    } else {
        const unsigned char *b = (const unsigned char *)text;
        size_t start = length > 8 && b[6] == 1 ? 10 : 12, size = 0;
        if (length < 12 || memcmp(text, "\x93NUMPY", MAGIC_BYTES) != 0 || b[6] < 1 || b[6] > 3)
            status = wrong(path, "it is no .npy file");
        else
            size = b[6] == 1 ? (size_t)b[8] | (size_t)b[9] << 8
                             : (size_t)b[8] | (size_t)b[9] << 8 | (size_t)b[10] << 16 | (size_t)b[11] << 24;
        if (status == ARETE_OK && (size > 65536 || start + size > length))
            status = wrong(path, "it is cut off within its header");
        char *header = status == ARETE_OK ? ar_os_alloc(size + 1) : NULL;
        if (status == ARETE_OK && !header)
            status = ar_fail_memory(path, size + 1);
        if (status == ARETE_OK) {
            memcpy(header, text + start, size);
            status = read_header(path, header, array);
        }
        if (status == ARETE_OK)
            status = take(path, array, text + start + size, length - start - size);
        ar_os_free(header);
    }
    ar_os_free(text);
    return status;
}

arete_status ar_npy_write(const char *path, const ar_npy *array) {
    char header[256], shape[160] = "";
    const char *descr = "<f4";
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].dtype == array->dtype)
            descr = types[i].descr;
    for (uint32_t d = 0; d < array->rank; d++) {
        size_t used = strlen(shape);
        snprintf(shape + used, sizeof shape - used, "%lld,%s", (long long)array->dims[d],
                 d + 1 < array->rank ? " " : "");
    }
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape);
    size_t padded = ((size_t)length + 1 + 10 + 63) / 64 * 64 - 10;
    char *file = ar_os_alloc(10 + padded + array->bytes);
    if (!file)
        return ar_fail_memory(path, 10 + padded + array->bytes);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (char)(padded & 0xff);
    file[9] = (char)(padded >> 8);
    memset(file + 10, ' ', padded);
    memcpy(file + 10, header, (size_t)length);
    file[10 + padded - 1] = '\n';
    if (array->bytes)
        memcpy(file + 10 + padded, array->data, array->bytes);
    FILE *to = fopen(path, "wb");
    int reason = errno;
    bool ok = to && fwrite(file, 1, 10 + padded + array->bytes, to) == 10 + padded + array->bytes;
    reason = to && !ok ? errno : reason;
    if (to && fclose(to) != 0 && ok) {
        reason = errno;
        ok = false;
    }
    ar_os_free(file);
    return ok ? ARETE_OK : ar_fail(ARETE_E_IO, "cannot write %s: %s", path, strerror(reason));
}

void ar_npy_free(ar_npy *array) {
    ar_os_free(array->data);
    *array = (ar_npy){0};
}
