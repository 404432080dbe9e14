/* OpenBLAS and BLIS through the CBLAS interface that both have. Calls block. */
#include <stdio.h>
#include <string.h>

#include "blas_attention.h"
#include "error.h"
#include "os.h"
#include "peer.h"

/* As the CBLAS standard has them; both libraries are built with 32-bit integers in Debian. */
enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef void (*dgemm_fn)(int, int, int, int, int, int, double, const double *, int, const double *, int, double,
                         double *, int);

typedef struct blas {
    const char *name;
    ar_library *library;
    ar_sgemm_fn sgemm;
    dgemm_fn dgemm;
    void (*set_threads)(int); /* NULL where there is none */
    int threads;
    const ar_peer_case *on;
    ar_gemm gemm;
    blas_attention *attention; /* the prepared case, when it is one */
} blas;

static const char *const openblas_places[] = {
    "libopenblas.so.0",
    "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblas.so.0",
    "libopenblasp.so.0",
    "libopenblas.so",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
};
static const char *const blis_places[] = {
    "/usr/lib/x86_64-linux-gnu/blis-pthread/libblis.so.4",
    "/usr/lib/aarch64-linux-gnu/blis-pthread/libblis.so.4",
    "libblis-mt.so.4",
    "libblis.so.4",
    "libblis.so",
};

static arete_status open_blas(const char *name, const char *const *places, size_t count, void **state) {
    char why[256];
    blas *of = ar_os_alloc(sizeof *of);
    if (!of)
        return ar_fail_memory(name, sizeof *of);
    of->name = name;
    of->library = ar_library_open(places, count, why, sizeof why);
    if (!of->library) {
        ar_os_free(of);
        return ar_fail(ARETE_E_NOT_FOUND, "%s is not here: %s", name, why);
    }
    *(void **)&of->sgemm = ar_library_symbol(of->library, "cblas_sgemm");
    *(void **)&of->dgemm = ar_library_symbol(of->library, "cblas_dgemm");
    if (!of->sgemm || !of->dgemm) {
        ar_library_close(of->library);
        ar_os_free(of);
        return ar_fail(ARETE_E_NOT_FOUND, "%s has no cblas_sgemm", name);
    }
    *state = of;
    return ARETE_OK;
}

static arete_status openblas_open(uint32_t threads, const char *device, void **state, char *version, size_t bytes) {
    (void)device;
    arete_status status =
        open_blas("openblas", openblas_places, sizeof openblas_places / sizeof *openblas_places, state);
    if (status != ARETE_OK)
        return status;
    blas *of = *state;
    char *(*config)(void);
    int (*get_threads)(void);
    *(void **)&config = ar_library_symbol(of->library, "openblas_get_config");
    *(void **)&of->set_threads = ar_library_symbol(of->library, "openblas_set_num_threads");
    *(void **)&get_threads = ar_library_symbol(of->library, "openblas_get_num_threads");
    of->threads = (int)threads;
    if (of->set_threads)
        of->set_threads((int)threads);
    if (get_threads && get_threads() != (int)threads)
        snprintf(version, bytes, "%s (runs %d threads)", config ? config() : "OpenBLAS", get_threads());
    else
        snprintf(version, bytes, "%s", config ? config() : "OpenBLAS, version unknown");
    return ARETE_OK;
}

static arete_status blis_open(uint32_t threads, const char *device, void **state, char *version, size_t bytes) {
    (void)device;
    (void)threads; /* from its environment */
    arete_status status = open_blas("blis", blis_places, sizeof blis_places / sizeof *blis_places, state);
    if (status != ARETE_OK)
        return status;
    blas *of = *state;
    const char *(*text)(void);
    *(void **)&text = ar_library_symbol(of->library, "bli_info_get_version_str");
    snprintf(version, bytes, "BLIS %s", text ? text() : "of unknown version");
    return ARETE_OK;
}

static arete_status prepare(void *state, const ar_peer_case *on) {
    blas *of = state;
    if (strcmp(on->of->work->family->name, "attention") == 0) {
        if (!of->set_threads)
            return ar_fail(ARETE_E_UNSUPPORTED, "%s is not given attention: its threads are fixed", of->name);
        of->set_threads(1); /* heads run side by side */
        return ar_blas_attention_prepare(on, of->sgemm, &of->attention);
    }
    arete_status status = ar_gemm_of(on, of->name, &of->gemm);
    if (status != ARETE_OK)
        return status;
    const ar_gemm *g = &of->gemm;
    if (g->type_a != g->type_b || g->type_a != g->type_c || (g->type_c != ARETE_F32 && g->type_c != ARETE_F64))
        return ar_fail(ARETE_E_UNSUPPORTED, "%s multiplies f32 and f64 only, not %s", of->name, on->of->dtype);
    if (g->m > INT32_MAX || g->n > INT32_MAX || g->k > INT32_MAX || g->lda > INT32_MAX || g->ldb > INT32_MAX ||
        g->ldc > INT32_MAX)
        return ar_fail(ARETE_E_UNSUPPORTED, "%s counts with 32 bits", of->name);
    of->on = on;
    return ARETE_OK;
}

static arete_status run(void *state, size_t copy) {
    const blas *of = state;
    if (of->attention) {
        ar_blas_attention_run(of->attention, copy);
        return ARETE_OK;
    }
    const ar_gemm *g = &of->gemm;
    const void *a = ar_peer_operand(of->on, copy, "a", NULL), *b = ar_peer_operand(of->on, copy, "b", NULL);
    void *c = ar_peer_operand(of->on, copy, "c", NULL);
    int ta = g->trans_a ? TRANS : NO_TRANS, tb = g->trans_b ? TRANS : NO_TRANS;
    int m = (int)g->m, n = (int)g->n, k = (int)g->k, lda = (int)g->lda, ldb = (int)g->ldb, ldc = (int)g->ldc;
    for (int64_t i = 0; i < g->batch; i++) {
        if (g->type_c == ARETE_F32)
            of->sgemm(ROW_MAJOR, ta, tb, m, n, k, (float)g->alpha, (const float *)a + i * g->step_a, lda,
                      (const float *)b + i * g->step_b, ldb, (float)g->beta, (float *)c + i * g->step_c, ldc);
        else
            of->dgemm(ROW_MAJOR, ta, tb, m, n, k, g->alpha, (const double *)a + i * g->step_a, lda,
                      (const double *)b + i * g->step_b, ldb, g->beta, (double *)c + i * g->step_c, ldc);
    }
    return ARETE_OK;
}

static void drop(void *state) {
    blas *of = state;
    of->on = NULL;
    ar_blas_attention_drop(of->attention);
    of->attention = NULL;
    if (of->set_threads)
        of->set_threads(of->threads);
}

static void close_blas(void *state) {
    blas *of = state;
    ar_library_close(of->library);
    ar_os_free(of);
}

const ar_peer ar_peer_openblas = {.name = "openblas",
                                  .summary = "OpenBLAS: f32 and f64 products; attention by products, heads on threads",
                                  .open = openblas_open,
                                  .prepare = prepare,
                                  .run = run,
                                  .drop = drop,
                                  .close = close_blas};
const ar_peer ar_peer_blis = {.name = "blis",
                              .summary = "BLIS: f32 and f64 products",
                              .open = blis_open,
                              .prepare = prepare,
                              .run = run,
                              .drop = drop,
                              .close = close_blas};
