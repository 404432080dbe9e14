/* One attention as a plain value: what solvers choose by, what plans are cached and tuned by. */
#ifndef AR_ATTENTION_PROBLEM_H
#define AR_ATTENTION_PROBLEM_H

#include "arete/attention.h"
#include "error.h"
#include "objects.h"
#include "solver.h"

/* A length for each sequence: absent (kv_lens) or from the host (past), one for all, one for each. */
enum { ATTENTION_NO_LENS = 0, ATTENTION_ONE_LEN = 1, ATTENTION_EACH_LEN = 2 };
enum { ATTENTION_ROTARY_NONE = 0, ATTENTION_ROTARY_HALVES = 1, ATTENTION_ROTARY_PAIRS = 2 };

/* Steps between batches, heads and tokens, in elements. */
typedef struct attention_steps {
    int64_t b, h, s;
} attention_steps;

/*
 * Zeroed before it is filled, compared as bytes. Canonical: steps of dimensions of 0 or 1 are 0, and so is what an
 * absent operand would have.
 */
typedef struct attention_problem {
    int64_t b, hq, hkv, sq, skv, d, dv; /* skv: rows of k; with caches the new ones */
    int64_t capacity;                   /* rows of the caches; 0: none */
    attention_steps q, k, v, y, k_cache, v_cache;
    int64_t mask_dims[4], mask_steps[4]; /* dims 1: repeated, step 0 */
    int64_t shift, window;
    int64_t rotary_dim;
    int64_t table_rows; /* 0: the tables have a row for each token */
    double scale, softcap;
    uint8_t type_q, type_y, type_kv, type_cache, type_mask, type_table; /* arete_dtype; NONE: absent */
    uint8_t type_lens, type_past, type_q_positions, type_k_positions;
    uint8_t lens, past; /* ATTENTION_..._LEN; past: only with caches */
    uint8_t causal;
    uint8_t rotary;
} attention_problem;

extern const ar_family ar_attention_family;
extern const ar_solver *const ar_attention_solvers[]; /* solvers.c; NULL-terminated */
extern const ar_solver ar_attention_cpu_flash;
extern const ar_solver ar_attention_decode;
extern const ar_solver ar_attention_gpu_flash;
extern const ar_solver ar_attention_two_pass;
extern const ar_solver ar_attention_reference;

/* Checks all that can be checked without buffers, fills the problem. desc NULL: all defaults. Allocates nothing. */
arete_status ar_attention_problem_make(const arete_attention_desc *desc, const arete_attention_args *args,
                                       attention_problem *problem);

/* The descriptor and the shape-only operands that give this problem: the inverse of ar_attention_problem_make(). */
void ar_attention_problem_describe(const attention_problem *problem, arete_attention_desc *desc,
                                   arete_attention_args *args);

/* The run-time half of the checks: buffers there, of this device, large enough, outputs apart. */
arete_status ar_attention_check_buffers(const attention_problem *problem, const arete_device *device,
                                        const arete_attention_args *args);

/* text.c */
void ar_attention_format(const void *problem, char *text, size_t bytes);
void ar_attention_format_case(const attention_problem *problem, int64_t past, char *text, size_t bytes);
/* past (may be NULL): the word of that name, which is of cases and not of problems. */
arete_status ar_attention_parse(const char *text, attention_problem *into, int64_t *past);

/* reference.c. Data pointers are those of the operands' first elements; absent ones are NULL. */
typedef struct attention_host {
    const void *q, *k, *v, *mask, *kv_lens, *k_cache, *v_cache, *past_lens, *cos, *sin, *q_positions, *k_positions;
    int64_t past;
} attention_host;

/* Row (b, h, i) of Y, exact but for f64 rounding: values[dv], and what errors are relative to, magnitudes[dv].
 * scratch: ar_attention_scratch() doubles. */
void ar_attention_row(const attention_problem *problem, const attention_host *host, int64_t b, int64_t h, int64_t i,
                      double *values, double *magnitudes, double *scratch);
size_t ar_attention_scratch(const attention_problem *problem);

/* Element e of row `row` of head h of a cache after the run (of_v: v_cache). *magnitude as above. */
double ar_attention_cached(const attention_problem *problem, const attention_host *host, bool of_v, int64_t b,
                           int64_t h, int64_t row, int64_t e, double *magnitude);

/* Allowed |error| / magnitude before the type's rounding. */
double ar_attention_tolerance(const attention_problem *problem);

static inline bool ar_attention_has_cache(const attention_problem *p) {
    return p->type_cache != ARETE_DTYPE_NONE;
}

/* The most keys that a query can see. */
static inline int64_t ar_attention_keys(const attention_problem *p) {
    return ar_attention_has_cache(p) ? p->capacity : p->skv;
}

/* Whether nothing is written: neither Y nor the caches have elements to write. */
static inline bool ar_attention_empty(const attention_problem *p) {
    bool no_y = p->b == 0 || p->hq == 0 || p->sq == 0 || p->dv == 0;
    bool no_append = !ar_attention_has_cache(p) || p->b == 0 || p->hkv == 0 || p->skv == 0 || p->d + p->dv == 0;
    return no_y && no_append;
}

/* Where the keys of a sequence end, and the offset of causal and window. */
typedef struct attention_span {
    int64_t past, total, offset;
} attention_span;

#endif
