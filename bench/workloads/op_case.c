/* Operations as cases of the families that can run them. */
#include <string.h>

#include "arete/activation.h"
#include "casework.h"
#include "op.h"
#include "words.h"

static bool family_is_here(const char *name) {
    for (const ar_casework *const *w = ar_families; *w; w++)
        if (strcmp((*w)->family->name, name) == 0)
            return true;
    return false;
}

static void put_types(ar_writer *w, const ar_op *op, const char *weights_word) {
    if (op->dtype != ARETE_F32)
        ar_put(w, " dtype=%s", arete_dtype_name((arete_dtype)op->dtype));
    if (op->weights_dtype && weights_word)
        ar_put(w, " %s=%s", weights_word, arete_dtype_name((arete_dtype)op->weights_dtype));
}

static void put_matmul(ar_writer *w, const ar_op *op) {
    int64_t m = op->m, batch = op->batch;
    if (op->fixed && !op->ta) { /* the same weights for all: one tall product */
        m *= batch;
        batch = 1;
    }
    ar_put(w, "matmul m=%lld n=%lld k=%lld", (long long)m, (long long)op->n, (long long)op->k);
    ar_put(w, "%s%s%s%s", op->ta ? " ta=1" : "", op->tb ? " tb=1" : "", op->fixed ? " prepack=1" : "",
           op->bias ? " bias=col" : "");
    put_types(w, op, "b");
    if (op->act)
        ar_put(w, " act=%s", arete_activation_name((arete_activation)op->act));
    if (batch > 1)
        ar_put(w, " batch=%lld%s", (long long)batch, op->fixed ? " sb=0" : "");
}

bool ar_op_case(const ar_op *op, char *text, size_t bytes) {
    ar_writer w = {text, bytes};
    if (op->kind != AR_OP_MATMUL || !family_is_here("matmul"))
        return false;
    put_matmul(&w, op);
    return true;
}
