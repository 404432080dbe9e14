/* The one list of peers, and what they have in common. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "peer.h"

extern const ar_peer ar_peer_openblas, ar_peer_blis, ar_peer_onednn, ar_peer_onednn_nchw, ar_peer_clblast;

const ar_peer *const ar_peers[] = {&ar_peer_openblas, &ar_peer_blis,
#ifdef ARETE_HAVE_DNNL
                                   &ar_peer_onednn, &ar_peer_onednn_nchw,
#endif
                                   &ar_peer_clblast, NULL};

const ar_peer *ar_peer_named(const char *name) {
    for (const ar_peer *const *peer = ar_peers; *peer; peer++)
        if (strcmp((*peer)->name, name) == 0)
            return *peer;
    return NULL;
}

void *ar_peer_operand(const ar_peer_case *on, size_t copy, const char *name, const arete_tensor **tensor) {
    for (size_t i = 0; i < on->of->count; i++)
        if (strcmp(on->of->operands[i].name, name) == 0) {
            const ar_block *block = &on->blocks[copy * on->of->count + i];
            if (tensor)
                *tensor = &on->of->operands[i].tensor;
            return block->memory + block->offset;
        }
    return NULL;
}

/* Stride between rows of the matrix in the last two dimensions. */
static int64_t leading(const arete_tensor *tensor) {
    int64_t strides[ARETE_MAX_RANK];
    ar_tensor_strides(tensor, strides);
    int64_t row = strides[tensor->rank - 2], least = tensor->dims[tensor->rank - 1];
    return row > least ? row : least > 0 ? least : 1;
}

/* One batch dimension, of which every operand may repeat. */
static bool read_batch(const arete_tensor *tensor, int64_t batch, int64_t *step) {
    int64_t strides[ARETE_MAX_RANK], count = 1;
    ar_tensor_strides(tensor, strides);
    *step = 0;
    for (uint32_t d = 0; d + 2 < tensor->rank; d++)
        if (tensor->dims[d] != 1) {
            if (count != 1)
                return false;
            count = tensor->dims[d];
            *step = strides[d];
        }
    return count == batch || count == 1;
}

static const char *const plain_words[] = {"m",    "n",   "k",   "ta",  "tb",    "dtype", "b",  "c",  "alpha",
                                          "beta", "lda", "ldb", "ldc", "batch", "sa",    "sb", "sc", "prepack"};

/* Any other word asks for something that a plain product has not: bias, activation, scales, mixed types. */
static arete_status only_plain(const char *text, const char *peer) {
    while (*text) {
        size_t word = strcspn(text, " "), key = strcspn(text, "=");
        bool known = false;
        for (size_t i = 0; i < sizeof plain_words / sizeof *plain_words; i++)
            known |= strlen(plain_words[i]) == key && strncmp(text, plain_words[i], key) == 0;
        if (!known)
            return ar_fail(ARETE_E_UNSUPPORTED, "%s's product knows no '%.*s'", peer, (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    return ARETE_OK;
}

static double word_number(const char *text, const char *key, double otherwise) {
    char value[64];
    return ar_case_word(text, key, value, sizeof value) ? strtod(value, NULL) : otherwise;
}

arete_status ar_gemm_of(const ar_peer_case *on, const char *peer, ar_gemm *gemm) {
    const arete_tensor *a = NULL, *b = NULL, *c = NULL;
    const char *text = on->of->text;
    if (strcmp(on->of->work->family->name, "matmul") != 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "%s computes matrix products only, not %s", peer,
                       on->of->work->family->name);
    arete_status status = only_plain(text, peer);
    if (status != ARETE_OK)
        return status;
    if (!ar_peer_operand(on, 0, "a", &a) || !ar_peer_operand(on, 0, "b", &b) || !ar_peer_operand(on, 0, "c", &c))
        return ar_fail(ARETE_E_INTERNAL, "matmul has no operands a, b, c");
    memset(gemm, 0, sizeof *gemm);
    gemm->m = c->dims[c->rank - 2];
    gemm->n = c->dims[c->rank - 1];
    gemm->k = ar_case_number(text, "k", 0);
    gemm->trans_a = ar_case_number(text, "ta", 0) != 0;
    gemm->trans_b = ar_case_number(text, "tb", 0) != 0;
    gemm->lda = leading(a);
    gemm->ldb = leading(b);
    gemm->ldc = leading(c);
    gemm->alpha = word_number(text, "alpha", 1);
    gemm->beta = word_number(text, "beta", 0);
    gemm->type_a = a->dtype;
    gemm->type_b = b->dtype;
    gemm->type_c = c->dtype;
    gemm->batch = 1;
    for (uint32_t d = 0; d + 2 < c->rank; d++)
        gemm->batch *= c->dims[d];
    if (!read_batch(a, gemm->batch, &gemm->step_a) || !read_batch(b, gemm->batch, &gemm->step_b) ||
        !read_batch(c, gemm->batch, &gemm->step_c))
        return ar_fail(ARETE_E_UNSUPPORTED, "%s is given at most one level of batch", peer);
    if (gemm->m <= 0 || gemm->n <= 0 || gemm->k <= 0 || gemm->batch <= 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "%s is not given empty products", peer);
    return ARETE_OK;
}
