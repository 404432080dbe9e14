/* Networks as lists of operations, read from text files (README.md here says how they are written). */
#ifndef AR_WORKLOAD_H
#define AR_WORKLOAD_H

#include "arete/memory.h"
#include "op.h"

#define AR_WORKLOAD_PARAMS 16

typedef struct ar_workload_op {
    char label[40];
    int64_t count; /* how often it stands in the network */
    int line;      /* of the file */
    ar_op op;
    ar_op_cost cost; /* of one */
    char run[200];   /* a layer's case in the family that runs it: what stands behind '|'; may be empty */
    char exact[512]; /* of a step of an ONNX model: its case, with all that is fused into it; else empty */
} ar_workload_op;

typedef struct ar_workload_param {
    char name[24];
    int64_t value;
} ar_workload_param;

typedef struct ar_workload {
    char name[40], title[120], source[240];
    char path[512]; /* the file; empty for a single operation */
    char item[24];  /* what a run handles: "image", "token" */
    double items;   /* how many of them */
    double input;   /* elements that the host feeds to a run */
    double state;   /* elements kept between runs beside weights: a KV cache */
    arete_dtype dtype;
    ar_workload_param params[AR_WORKLOAD_PARAMS];
    size_t param_count;
    ar_workload_op *ops;
    size_t op_count, op_room;
} ar_workload;

/* Sums over the network. */
typedef struct ar_workload_sum {
    double operations; /* how many */
    double flops, bytes, weights, weight_bytes;
    double output_bytes;  /* of all operations: what training keeps */
    double largest_bytes; /* operands of the largest operation, without its weights: what inference needs at once */
} ar_workload_sum;

/* word: a name ("resnet50"), a path of a file (with a slash, or ending in .workload), an ONNX model (ending in .onnx;
 * its settings are its open dimensions, batch= the first one of every input), each with settings behind it ("resnet50,batch=1,dtype=f16"), or one operation ("matmul m=1 n=2 k=3"). settings: count texts "param=value" that
 * overrule the file's; dtype NONE: the file's own. ARETE_E_NOT_FOUND names what there is; ARETE_E_FORMAT names
 * file, line and word. into is to be freed. */
arete_status ar_workload_load(const char *word, const char *const *settings, size_t count, arete_dtype dtype,
                              ar_workload *into);
/* The same from text; path is for the errors. */
arete_status ar_workload_parse(const char *path, const char *text, const char *const *settings, size_t count,
                               arete_dtype dtype, ar_workload *into);
/* model.c: whether the word names an ONNX file; such a file as a workload (ARETE_E_UNSUPPORTED in a build without
 * graph/). */
bool ar_workload_is_model(const char *word);
arete_status ar_workload_of_model(const char *path, const char *const *settings, size_t count, arete_dtype dtype,
                                  ar_workload *into);
/* "1x512": sizes of at least `least` with x between; how many there are, 0 when the text is none of that. */
uint32_t ar_workload_sizes(const char *text, int64_t least, int64_t sizes[ARETE_MAX_RANK]);
/* One more operation. */
arete_status ar_workload_push(ar_workload *workload, const ar_workload_op *one);
void ar_workload_free(ar_workload *workload);

/* The case of a family that runs it, with the family's name in front. False: no family of this build does. */
bool ar_workload_op_case(const ar_workload_op *one, char *text, size_t bytes);

void ar_workload_total(const ar_workload *workload, ar_workload_sum *sum);

/* The value of a parameter; otherwise when there is none of that name. */
int64_t ar_workload_param_value(const ar_workload *workload, const char *name, int64_t otherwise);

/* Whether there is a workload of that name (for commands that take other words too). */
bool ar_workload_exists(const char *name);

/* The names, "resnet50", as an array that ends with NULL; freed by ar_os_free_names(). */
arete_status ar_workload_names(char ***names);

/* The value of "batch*(seq+1)" with these parameters. ARETE_E_FORMAT says what is wrong. */
arete_status ar_expression(const char *text, size_t length, const ar_workload_param *params, size_t count,
                           int64_t *value);

/* data.c: the path of share/arete/<folder>[/<file>]: below ARETE_DATA_DIR if that is set, else beside the program
 * (../share/arete), else where it was installed. */
void ar_data_path(const char *folder, const char *file, char *path, size_t bytes);

#endif
