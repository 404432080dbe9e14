/* Nests of loops over operands. */
#include <string.h>

#include "forms.h"

void ar_walk_broadcast(layer_walk *walk, int operand, const layer_tensor *t) {
    int32_t shift = walk->loops - t->rank;
    for (int32_t d = 0; d < walk->loops; ++d)
        walk->step[operand][d] = d < shift || t->dims[d - shift] == 1 ? 0 : t->strides[d - shift];
}

void ar_walk_swap(layer_walk *w, int32_t i, int32_t j) {
    int64_t dim = w->dims[i];
    w->dims[i] = w->dims[j];
    w->dims[j] = dim;
    for (int32_t k = 0; k < w->operands; ++k) {
        int64_t step = w->step[k][i];
        w->step[k][i] = w->step[k][j];
        w->step[k][j] = step;
    }
}

static void drop_loop(layer_walk *w, int32_t at) {
    for (int32_t d = at; d + 1 < w->loops; ++d) {
        w->dims[d] = w->dims[d + 1];
        for (int32_t k = 0; k < w->operands; ++k)
            w->step[k][d] = w->step[k][d + 1];
    }
    --w->loops;
}

void ar_walk_merge(layer_walk *w) {
    const int64_t *out = w->step[w->operands - 1];
    for (int32_t d = w->loops; d-- > 0;)
        if (w->dims[d] == 1)
            drop_loop(w, d);
    for (int32_t i = 1; i < w->loops; ++i)
        for (int32_t j = i; j > 0 && out[j - 1] < out[j]; --j)
            ar_walk_swap(w, j - 1, j);
    for (int32_t d = w->loops - 1; d-- > 0;) {
        bool one = true;
        for (int32_t k = 0; one && k < w->operands; ++k)
            one = w->step[k][d] == w->step[k][d + 1] * w->dims[d + 1];
        if (!one)
            continue;
        w->dims[d] *= w->dims[d + 1];
        for (int32_t k = 0; k < w->operands; ++k)
            w->step[k][d] = w->step[k][d + 1];
        drop_loop(w, d + 1);
    }
    if (w->loops == 0) {
        w->loops = 1;
        w->dims[0] = 1;
        for (int32_t k = 0; k < w->operands; ++k)
            w->step[k][0] = 1;
    }
}
