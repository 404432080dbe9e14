#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"

static int compare_index(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

typedef struct picker {
    int64_t *index;
    size_t count, limit;
} picker;

static void pick(picker *into, int64_t index) {
    if (into->count < into->limit)
        into->index[into->count++] = index;
}

/* Corners and edges of the matrices in the last two dimensions, for the first and the last one of the batch. Rows
 * and columns are thinned evenly when they are more than the room. */
static void pick_edges(picker *into, const arete_tensor *tensor, int64_t total) {
    int64_t cols = tensor->rank > 0 ? tensor->dims[tensor->rank - 1] : 1;
    int64_t rows = tensor->rank > 1 ? tensor->dims[tensor->rank - 2] : 1;
    int64_t area = rows * cols, last = total - area;
    size_t room = (into->limit - into->count) / 4; /* two matrices, and as much again is left for the sample */
    int64_t step = 1 + 2 * (rows + cols) / (int64_t)(room ? room : 1);
    for (int m = 0; m < (last ? 2 : 1); m++) {
        int64_t first = m ? last : 0;
        pick(into, first);
        pick(into, first + cols - 1);
        pick(into, first + area - cols);
        pick(into, first + area - 1);
        for (int64_t c = 0; c < cols; c += step) {
            pick(into, first + c);
            pick(into, first + area - cols + c);
        }
        for (int64_t r = 0; r < rows; r += step) {
            pick(into, first + r * cols);
            pick(into, first + r * cols + cols - 1);
        }
    }
}

/* Sorts the picked indices, drops repeats. */
static void settle(picker *into) {
    qsort(into->index, into->count, sizeof *into->index, compare_index);
    size_t kept = into->count > 0;
    for (size_t i = 1; i < into->count; i++)
        if (into->index[i] != into->index[i - 1])
            into->index[kept++] = into->index[i];
    into->count = kept;
}

arete_status ar_elements_choose(const ar_case *of, size_t output, uint64_t seed, size_t limit,
                                ar_elements *elements) {
    const arete_tensor *tensor = &of->operands[output].tensor;
    int64_t total = arete_tensor_elements(tensor);
    if (limit < 64)
        limit = 64;
    bool all = total <= (int64_t)limit;
    size_t room = all ? (size_t)total : limit;
    picker into = {.index = ar_os_alloc((room ? room : 1) * sizeof *into.index), .limit = room};
    if (!into.index)
        return ar_fail_memory("the list of elements to check", room * sizeof *into.index);
    if (all) {
        for (int64_t i = 0; i < total; i++)
            into.index[into.count++] = i;
    } else if (of->work->sample) {
        into.count = of->work->sample(of->of, output, seed, room, into.index);
        settle(&into);
    } else {
        pick_edges(&into, tensor, total);
        for (uint64_t i = 0; into.count < room; i++)
            pick(&into, (int64_t)(ar_random(seed ^ 0x5eed, i) % (uint64_t)total));
        settle(&into);
    }
    *elements = (ar_elements){into.index, into.count, all};
    return ARETE_OK;
}

void ar_elements_free(ar_elements *elements) {
    ar_os_free(elements->index);
    *elements = (ar_elements){0};
}

size_t ar_elements_affordable(const ar_case *of, double flops, double operations) {
    double outputs = 0;
    for (size_t i = 0; i < of->count; i++)
        if (of->operands[i].role == AR_OUTPUT || of->operands[i].role == AR_INOUT)
            outputs += (double)arete_tensor_elements(&of->operands[i].tensor);
    double each = outputs > 0 ? flops / outputs : 1;
    double affordable = operations / fmax(each, 1);
    return affordable > 4e6 ? 4000000 : affordable < 256 ? 256 : (size_t)affordable;
}

void ar_comparison_start(ar_comparison *comparison) {
    memset(comparison, 0, sizeof *comparison);
    comparison->passed = comparison->all = true;
    comparison->element = -1;
}

/* Whole numbers below 2^24 are exact in f32, and so is every partial sum of them. */
static bool all_whole(const double *values, const double *magnitudes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!(values[i] == rint(values[i]) && magnitudes[i] < 0x1p24))
            return false;
    return true;
}

/* How far got is from want beyond what storing in dtype explains; 0 when it is no further. */
static double excess(arete_dtype dtype, double got, double want) {
    if (got == want || (isnan(got) && isnan(want)))
        return 0;
    if (dtype == ARETE_F16 && fabs(want) >= 65504)
        return fabs(want) >= 65520 && isinf(got) && got * want > 0 ? 0
               : fabs(got) >= 65504 && got * want > 0              ? 0
                                                                   : INFINITY;
    if (!isfinite(got) || !isfinite(want))
        return INFINITY;
    double least = dtype == ARETE_F16   ? 0x1p-25
                   : dtype == ARETE_F64 ? 0
                                        : 0x1p-150; /* half the smallest subnormal */
    double rounding = fmax(ar_dtype_rounding(dtype) * fabs(want), ar_dtype_rounding(dtype) > 0 ? least : 0);
    if (dtype == ARETE_I8 || dtype == ARETE_U8)
        rounding = 0.5; /* quantised */
    return fmax(0, fabs(got - want) - rounding);
}

arete_status ar_compare(const ar_case *of, const arete_plan *plan, const ar_block *host, size_t output,
                        const ar_elements *elements, const double *got, bool exact_data,
                        ar_comparison *comparison) {
    const void *data[AR_MAX_OPERANDS];
    for (size_t i = 0; i < of->count; i++)
        data[i] = host[i].memory + host[i].offset;
    size_t count = elements->count;
    double *want = ar_os_alloc((count ? count : 1) * 2 * sizeof *want), *magnitude = want + count;
    if (!want)
        return ar_fail_memory("expected values", count * 2 * sizeof *want);
    if (count)
        of->work->expect(of->of, data, output, elements->index, count, want, magnitude);
    arete_dtype dtype = of->operands[output].tensor.dtype;
    bool inexact = of->work->inexact && of->work->inexact(of->of, plan);
    bool exact = exact_data && !inexact && all_whole(want, magnitude, count);
    double tolerance = exact ? 0 : of->work->tolerance(of->of, plan, output);
    double largest = 0; /* where neighbours mix, outputs whose own products are all 0 get a share of theirs */
    for (size_t i = 0; inexact && i < count; i++)
        largest = fmax(largest, magnitude[i]);
    for (size_t i = 0; i < count; i++) {
        double over = excess(dtype, got[i], want[i]);
        if (magnitude[i] == 0)
            magnitude[i] = largest;
        double error = over == 0 ? 0 : magnitude[i] > 0 ? over / magnitude[i] : INFINITY;
        if (!(error <= comparison->max_error))
            comparison->max_error = error;
        if (!(error <= tolerance) && comparison->passed) {
            comparison->passed = false;
            comparison->operand = output;
            comparison->element = elements->index[i];
            comparison->got = got[i];
            comparison->want = want[i];
            comparison->magnitude = magnitude[i];
        }
    }
    comparison->exact = exact;
    comparison->all &= elements->all;
    comparison->checked += (int64_t)count;
    comparison->tolerance = fmax(comparison->tolerance, tolerance);
    ar_os_free(want);
    return ARETE_OK;
}

void ar_gather(const arete_tensor *tensor, const ar_block *block, const ar_elements *elements, double *values) {
    int64_t strides[ARETE_MAX_RANK];
    size_t size = arete_dtype_size(tensor->dtype);
    ar_tensor_strides(tensor, strides);
    for (size_t i = 0; i < elements->count; i++)
        values[i] = ar_element_load(tensor->dtype,
                                    block->memory + block->offset +
                                        (uint64_t)ar_tensor_place(tensor, strides, elements->index[i]) * size);
}
