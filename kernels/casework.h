/* What the harness (bench/, tests/) asks of a family: one description of a case gives check and timing. */
#ifndef AR_CASEWORK_H
#define AR_CASEWORK_H

#include "arete/plan.h"
#include "solver.h"

#define AR_MAX_OPERANDS 32

typedef enum ar_role {
    AR_INPUT,
    AR_WEIGHT, /* an input that stays: may be packed ahead */
    AR_OUTPUT, /* poisoned with NaN before a run, checked after it */
    AR_INOUT   /* read and written: restored before each checked run */
} ar_role;

typedef struct ar_operand {
    const char *name;    /* "a", "bias" */
    arete_tensor tensor; /* shape only: buffer NULL */
    ar_role role;
    double low, high; /* random data is uniform in [low, high] (integers for integer types) */
} ar_operand;

/* A named list of cases: text lines, each what parse() takes. */
typedef struct ar_case_list {
    const char *name;    /* "squares", "deepbench", "bert", "edges" */
    const char *summary; /* one line for --help */
    /* The index-th case's text; false past the end. */
    bool (*at)(size_t index, char *text, size_t bytes);
    bool timed;   /* part of `arete bench OP`; else for checks alone */
    bool lengthy; /* checked by `arete selftest --long` only */
} ar_case_list;

typedef struct ar_casework {
    const ar_family *family;
    size_t case_bytes; /* a plain struct, zeroed before parse() */
    /* Reads "m=128 n=64 k=32 dtype=f16 ..."; ARETE_E_FORMAT names the word that is wrong and what would be right. */
    arete_status (*parse)(const char *text, void *into);
    /* The shortest text that parse() reads back to the same case. */
    void (*format)(const void *of, char *text, size_t bytes);
    /* The operands in a fixed order; absent ones are left out. */
    size_t (*operands)(const void *of, ar_operand operands[AR_MAX_OPERANDS]);
    arete_status (*plan)(arete_device *device, const void *of, const char *solver, arete_plan **plan);
    /* Packs the weights, if the plan's solver can; *packed NULL when not. */
    arete_status (*pack)(const arete_plan *plan, arete_queue *queue, const void *of, const arete_tensor *operands,
                         arete_buffer **packed);
    /* operands: as operands() gave them, with buffers. packed, workspace: may be NULL. */
    arete_status (*run)(const arete_plan *plan, arete_queue *queue, const void *of, const arete_tensor *operands,
                        arete_buffer *packed, arete_buffer *workspace, arete_wait_list after, arete_event **done);
    /* What operand number output must hold at the count elements given (indices in row-major order over its dims),
     * accumulated in f64 and not rounded, and the sum of magnitudes that errors are relative to. host[i] is operand
     * i's data at its strides, before the run. */
    void (*expect)(const void *of, const void *const *host, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes);
    /* Which elements of output number output to check when not all can be afforded: fills in at most limit indices, in
     * any order and repeats among them; how many. NULL: corners, edges and a random sample. For families whose
     * expected values share work. */
    size_t (*sample)(const void *of, size_t output, uint64_t seed, size_t limit, int64_t *elements);
    /* Allowed |got - want| / magnitude, before the rounding of the output's type. 0: exact. */
    double (*tolerance)(const void *of, const arete_plan *plan, size_t output);
    /* Whether a plan mixes neighbouring outputs (Winograd): whole numbers may come out rounded, and outputs of magnitude
     * 0 with an error relative to the largest one. NULL: never. */
    bool (*inexact)(const void *of, const arete_plan *plan);
    const ar_case_list *lists;
    size_t list_count;
    /* How often that case occurs in what the list stands for (layers of a network), which sums are weighted by;
     * 0: the list is no whole. NULL: none is. */
    int64_t (*times)(const ar_case_list *list, size_t index);
    /* Whether calls of that list's cases come one at a time: `arete bench` then looks at 10,000 that are each waited
     * for, too. NULL: of none. */
    bool (*streams)(const ar_case_list *list);
} ar_casework;

/* For families whose operands are tensors of their arguments in a fixed order: `fields` points at all of them, in
 * arguments that tell a case's shapes; one that the case lacks has no data type there, and is left out of the lists
 * that the harness sees. */

/* The list of a case's operands, as inputs without a range: how many. which[i]: the field of number i. */
size_t ar_operands_list(arete_tensor *const *fields, const char *const *names, size_t count, ar_operand *list,
                        uint8_t *which);
/* Puts the harness's operands into the arguments. */
void ar_operands_take(arete_tensor *const *fields, size_t count, const arete_tensor *operands);
/* The operands' data by field, NULL where there is none. */
void ar_operands_data(arete_tensor *const *fields, size_t count, const void *const *data, const void **by_field);

/* The families that there are, ending with NULL. kernels/families.c. */
extern const ar_casework *const ar_families[];

#endif
