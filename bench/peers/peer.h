/* What a peer is: another library that computes the same cases. It lives in a process of its own (process.h); this
 * is its side within that process. Adding one is a file with a table, and a line in peers.c. */
#ifndef AR_PEER_H
#define AR_PEER_H

#include "cases.h"
#include "data.h"

#define AR_MAX_PEERS 8

/* A case as the peer's process holds it: the same operands with the same data, in host memory. */
typedef struct ar_peer_case {
    const ar_case *of;
    ar_block *blocks; /* copies * of->count */
    size_t copies;
    bool prepack; /* weights may be brought into the peer's own layout ahead */
    uint32_t threads;
    const char *device; /* a selector, for peers that run on a device */
} ar_peer_case;

typedef struct ar_peer {
    const char *name;
    const char *summary;
    /* Opens the library; version is what it says of itself. ARETE_E_NOT_FOUND with the reason when it is not here.
     */
    arete_status (*open)(uint32_t threads, const char *device, void **state, char *version, size_t bytes);
    /* Makes ready what calls need. ARETE_E_UNSUPPORTED says why it refuses the case. */
    arete_status (*prepare)(void *state, const ar_peer_case *on);
    /* One call on that set of operands; may only enqueue. */
    arete_status (*run)(void *state, size_t copy);
    arete_status (*wait)(void *state); /* NULL: run() blocks */
    /* Brings that set's operands to the peer (before) or its outputs back into the blocks (after). NULL: it works
     * on the blocks themselves. */
    arete_status (*give)(void *state, size_t copy);
    arete_status (*take)(void *state, size_t copy);
    void (*drop)(void *state); /* the prepared case; called after prepare() failed, too */
    void (*close)(void *state);
} ar_peer;

/* Ends with NULL. */
extern const ar_peer *const ar_peers[];
const ar_peer *ar_peer_named(const char *name);

/* Where an operand of a copy starts in memory; NULL when the case has none of that name. *tensor (may be NULL). */
void *ar_peer_operand(const ar_peer_case *on, size_t copy, const char *name, const arete_tensor **tensor);

/* A plain product as BLAS knows it, read off a case of matmul; row-major. Refuses what BLAS has no word for. */
typedef struct ar_gemm {
    int64_t m, n, k, lda, ldb, ldc;
    bool trans_a, trans_b;
    double alpha, beta;
    arete_dtype type_a, type_b, type_c;
    int64_t batch, step_a, step_b, step_c; /* elements; batch 1: none */
} ar_gemm;

arete_status ar_gemm_of(const ar_peer_case *on, const char *peer, ar_gemm *gemm);

#endif
