/* Attention as one writes it with a BLAS: for each head a product, a softmax, a product; heads side by side on
 * threads, each with a BLAS of one thread. */
#ifndef AR_BLAS_ATTENTION_H
#define AR_BLAS_ATTENTION_H

#include "peer.h"

typedef void (*ar_sgemm_fn)(int, int, int, int, int, int, float, const float *, int, const float *, int, float,
                            float *, int);

typedef struct blas_attention blas_attention;

/* ARETE_E_UNSUPPORTED says what the case asks for that is not written here. On success *made is the caller's. */
arete_status ar_blas_attention_prepare(const ar_peer_case *on, ar_sgemm_fn sgemm, blas_attention **made);
void ar_blas_attention_run(blas_attention *of, size_t copy);
void ar_blas_attention_drop(blas_attention *of); /* NULL is fine */

#endif
