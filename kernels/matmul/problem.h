/* One matrix product as a plain value: what solvers choose by, what plans are cached and tuned by. */
#ifndef AR_MATMUL_PROBLEM_H
#define AR_MATMUL_PROBLEM_H

#include "arete/matmul.h"
#include "error.h"
#include "objects.h"
#include "solver.h"

/* Levels of batch that are left after merging: [0] is looped over by the host, [1] and [2] (innermost) by kernels.
 */
#define MATMUL_LEVELS 3

/* A side input: absent, one value for all, one for each row or column. */
enum { MATMUL_ABSENT = 0, MATMUL_ONE = 1, MATMUL_EACH = 2 };
enum { MATMUL_BIAS_NONE = 0, MATMUL_BIAS_COLUMN = 1, MATMUL_BIAS_ROW = 2 }; /* BIAS of epilogue.h */
enum { MATMUL_CIN_NONE = 0, MATMUL_CIN_IN_PLACE = 1, MATMUL_CIN_APART = 2 };

/*
 * Zeroed before it is filled, compared as bytes. Canonical: what cannot matter has one fixed value (a leading
 * dimension of a matrix of one row, Cin when beta is 0, the slope of anything but leaky relu), so equal products
 * have equal problems. Strides are in elements; a step of 0 repeats the matrix.
 */
typedef struct matmul_problem {
    int64_t m, n, k;
    int64_t lda, ldb, ldc, ldcin; /* ldcin 0: one row for all */
    int64_t batch[MATMUL_LEVELS]; /* 1 where there is none */
    int64_t step_a[MATMUL_LEVELS], step_b[MATMUL_LEVELS], step_c[MATMUL_LEVELS], step_cin[MATMUL_LEVELS];
    uint64_t bytes_a, bytes_b, bytes_c, bytes_cin; /* from the first to past the last element, all levels */
    double alpha, beta;
    float slope;
    uint8_t type_a, type_b, type_c, type_cin, type_bias; /* arete_dtype; NONE: absent (cin: or in place) */
    uint8_t trans_a, trans_b;                            /* how memory lies: A as [K,M], B as [N,K] */
    uint8_t given_trans_a, given_trans_b;                /* what the descriptor said; not in the text */
    uint8_t cin;                                         /* MATMUL_CIN_... */
    uint8_t cin_splat;                                   /* Cin has one column for all */
    uint8_t bias;                                        /* MATMUL_BIAS_... */
    uint8_t activation;                                  /* arete_activation */
    uint8_t a_scale, a_zero, b_scale, b_zero;            /* MATMUL_ABSENT, ONE, EACH */
    uint8_t prepack;                                     /* B comes packed */
} matmul_problem;

extern const ar_family ar_matmul_family;
extern const ar_solver *const ar_matmul_solvers[]; /* solvers.c; NULL-terminated */
extern const ar_solver ar_matmul_cpu_packed;
extern const ar_solver ar_matmul_cpu_direct;
extern const ar_solver ar_matmul_gemv;
extern const ar_solver ar_matmul_gpu_tiled;
extern const ar_solver ar_matmul_clblast; /* with ARETE_HAVE_CLBLAST */
extern const ar_solver ar_matmul_reference;

/* Checks all that can be checked without buffers, fills the problem. desc NULL: all defaults. Allocates nothing. */
arete_status ar_matmul_problem_make(const arete_matmul_desc *desc, const arete_matmul_args *args,
                                    matmul_problem *problem);

/* Brings a problem whose fields are all set (but bytes_*) into its canonical form and sets bytes_*. ARETE_E_RANGE
 * when an operand's extent passes 2^63 bytes. */
arete_status ar_matmul_problem_settle(matmul_problem *problem);

/* Merges neighbouring batch levels that every operand (a, b, c, cin) walks in one stride, drops those of one
 * matrix; level 0 is the outermost. The new number of levels; one of count 0 if any was 0. */
uint32_t ar_matmul_merge(uint32_t count, int64_t *dims, int64_t *const steps[4]);

/* The descriptor and the shape-only operands that give this problem: the inverse of ar_matmul_problem_make(). */
void ar_matmul_problem_describe(const matmul_problem *problem, arete_matmul_desc *desc, arete_matmul_args *args);

/* The run-time half of the checks: buffers there, of this device, large enough, C apart from the inputs. */
arete_status ar_matmul_check_buffers(const matmul_problem *problem, const arete_device *device,
                                     const arete_matmul_args *args);

/* text.c */
void ar_matmul_format(const void *problem, char *text, size_t bytes);
arete_status ar_matmul_parse(const char *text, void *into);

/* reference.c: element (i, j) of the matrix at batch index[], exact but for f64 rounding, before the rounding of
 * C's type; *magnitude (may be NULL): what errors are relative to. Data pointers are those of the operands' first
 * elements; absent ones are NULL; c serves as Cin when that is in place. */
typedef struct matmul_host {
    const void *a, *b, *c, *cin, *bias, *a_scale, *a_zero, *b_scale, *b_zero;
} matmul_host;
double ar_matmul_element(const matmul_problem *problem, const matmul_host *host, const int64_t *index, int64_t i,
                         int64_t j, double *magnitude);

/* Allowed |error| / magnitude of C before its type's rounding; 0 for integers. */
double ar_matmul_tolerance(const matmul_problem *problem);

static inline int64_t ar_matmul_batches(const matmul_problem *p) {
    return p->batch[0] * p->batch[1] * p->batch[2];
}

/* Whether C has no element, so that there is nothing to do. */
static inline bool ar_matmul_empty(const matmul_problem *p) {
    return p->m == 0 || p->n == 0 || ar_matmul_batches(p) == 0;
}

static inline bool ar_matmul_is_int8(uint8_t type) {
    return type == ARETE_I8 || type == ARETE_U8;
}

#endif
