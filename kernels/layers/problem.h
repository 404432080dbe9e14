/* One layer as a plain value, and the table of operations: what an operation is called, takes, costs and means. */
#ifndef AR_LAYERS_PROBLEM_H
#define AR_LAYERS_PROBLEM_H

#include "arete/layers.h"
#include "error.h"
#include "objects.h"
#include "solver.h"

#define LAYER_TENSORS 16 /* inputs and outputs of an operation together */
#define LAYER_MAP_INPUTS 8

typedef struct layer_tensor {
    int64_t dims[ARETE_MAX_RANK], strides[ARETE_MAX_RANK]; /* strides are set out; 1 where the dimension is 1 */
    int32_t rank;
    int32_t dtype; /* arete_dtype; NONE: absent */
} layer_tensor;

typedef struct layer_step {
    uint8_t op, activation, mode, arity;
    uint8_t from[5];
    uint8_t pad[3];
    float alpha, beta;
} layer_step;

/* The descriptor's fields that the operation reads, checked, defaults filled in, axes from 0 on; all others are 0. */
typedef struct layer_attributes {
    int64_t axis, offset, batch_dims, batch_axis, p, groups, window, blocksize;
    int64_t axes[ARETE_MAX_RANK], starts[ARETE_MAX_RANK], ends[ARETE_MAX_RANK], steps[ARETE_MAX_RANK];
    int64_t kernel[3], strides[3], dilations[3], pads[2 * ARETE_MAX_RANK];
    float alpha, beta, bias, epsilon;
    float scales[ARETE_MAX_RANK], roi[2 * ARETE_MAX_RANK];
    uint8_t op, activation, mode, coordinates, nearest;
    uint8_t axis_count, start_count, end_count, step_count, kernel_count, stride_count, dilation_count, pad_count, offset_count;
    uint8_t ceil_mode, count_include_pad, exclude_outside, select_last, smallest, exclusive, reverse;
} layer_attributes;

/* Zeroed before it is filled, compared as bytes. */
typedef struct layer_problem {
    layer_attributes a;
    layer_tensor t[LAYER_TENSORS]; /* inputs, then outputs */
    layer_step chain[ARETE_LAYER_STEPS]; /* of element-wise operations: what is computed, the last one is stored */
    uint8_t in_count, out_count, chain_count, pad;
} layer_problem;

/* How an operation is computed: which file lowers it to launches (forms.h), and which part of the reference. */
typedef enum layer_form {
    FORM_MAP,     /* element by element, map.cl */
    FORM_MOVE,    /* elements from places that strides describe: views and map.cl, or transpose.cl */
    FORM_RESAMPLE, /* from places that each coordinate alone gives: resample.cl */
    FORM_INDEX,   /* from or to places that a tensor of indices gives, or the position itself: index.cl */
    FORM_REDUCE,  /* reduce.cl */
    FORM_NORM,    /* rows against their own statistics: norm.cl */
    FORM_WINDOW,  /* window.cl */
    FORM_SCAN,    /* along an axis, in order: scan.cl */
    FORM_COUNT
} layer_form;

/* How the outputs' shapes follow from the inputs' (shape.c). */
typedef enum layer_shape {
    SHAPE_BROADCAST, /* of all inputs */
    SHAPE_GIVEN,     /* the output's own, to which x broadcasts or from which it is read */
    SHAPE_SAME,      /* as x */
    SHAPE_NORM,      /* as x; statistics with 1 from axis on */
    SHAPE_POOL,
    SHAPE_REDUCE,
    SHAPE_ARG,
    SHAPE_TOP_K,
    SHAPE_TRANSPOSE,
    SHAPE_CONCAT,
    SHAPE_SPLIT,
    SHAPE_SLICE,
    SHAPE_PAD,
    SHAPE_BLOCKS,
    SHAPE_GATHER,
    SHAPE_GATHER_ELEMENTS,
    SHAPE_GATHER_ND,
    SHAPE_SCATTER,
    SHAPE_ONE_HOT
} layer_shape;

enum { /* types of x */
    TYPES_REAL = 1,
    TYPES_INT = 2,
    TYPES_BOOL = 4,
    TYPES_NUMBER = TYPES_REAL | TYPES_INT,
    TYPES_ANY = 7
};

typedef enum layer_result { RESULT_X, RESULT_BOOL, RESULT_I64, RESULT_GIVEN, RESULT_SECOND } layer_result;

enum { /* fields of the descriptor that an operation reads */
    USES_AXIS = 1,
    USES_AXES = 1 << 1,
    USES_ALPHA = 1 << 2,
    USES_BETA = 1 << 3,
    USES_EPSILON = 1 << 4,
    USES_MODE = 1 << 5,
    USES_WINDOW = 1 << 6, /* kernel, strides, dilations, pads, ceil_mode */
    USES_SLICE = 1 << 7,  /* starts, ends, steps */
    USES_PADS = 1 << 8,
    USES_P = 1 << 9,
    USES_GROUPS = 1 << 10,
    USES_LRN = 1 << 11, /* window, bias */
    USES_BLOCKSIZE = 1 << 12,
    USES_BATCH_DIMS = 1 << 13,
    USES_BATCH_AXIS = 1 << 14,
    USES_OFFSET = 1 << 15,
    USES_RESIZE = 1 << 16, /* coordinates, nearest, scales, roi, exclude_outside */
    USES_SELECT_LAST = 1 << 17,
    USES_SMALLEST = 1 << 18,
    USES_SCAN = 1 << 19, /* exclusive, reverse */
    USES_COUNT_PAD = 1 << 20,
    USES_ACTIVATION = 1 << 21
};

typedef struct layer_op {
    uint8_t op;
    uint8_t least, most;      /* inputs */
    uint8_t outs;             /* at most */
    uint8_t form;             /* layer_form */
    uint8_t shape;            /* layer_shape */
    uint8_t types;            /* of x (WHERE: of the second input) */
    uint8_t result;           /* layer_result: the output's type */
    uint8_t modes;            /* values of mode */
    uint32_t uses;
    double eps;               /* tolerance in eps, relative to the magnitude that the reference gives */
    double flops;             /* for each element (of the output; of x in reductions and norms) */
    const char *name;
} layer_op;

extern const layer_op ar_layer_ops[]; /* ops.c; ends with op NONE */
const layer_op *ar_layer_op_find(int op); /* NULL: none */

extern const ar_family ar_layer_family;
extern const ar_solver *const ar_layer_solvers[]; /* solvers.c */
extern const ar_solver ar_layer_cpu, ar_layer_gpu, ar_layer_reference;

/* problem.c. Checks all that can be checked without buffers. Allocates nothing. */
arete_status ar_layer_problem_make(const arete_layer_desc *desc, const arete_layer_args *args, layer_problem *problem);
/* The inverse: chain has room for ARETE_LAYER_STEPS, tensors for LAYER_TENSORS; buffers are NULL. */
void ar_layer_problem_describe(const layer_problem *problem, arete_layer_desc *desc, arete_layer_step *chain,
                               arete_tensor *tensors);
/* Whether args has the problem's operands. */
arete_status ar_layer_check_args(const layer_problem *problem, const arete_layer_args *args);
/* Buffers there, of this device, large enough, outputs apart from everything else. */
arete_status ar_layer_check_buffers(const layer_problem *problem, const arete_device *device,
                                    const arete_layer_args *args);

/* shape.c: types and dims of the outputs from the attributes and the inputs, into want[out_count]; what does not follow
 * from them is taken from the outputs as they are. Strides are not set. kept: reductions keep their dimensions. */
arete_status ar_layer_shapes(const layer_problem *problem, bool kept, layer_tensor *want);

/* text.c */
void ar_layer_format(const void *problem, char *text, size_t bytes);
arete_status ar_layer_parse(const char *text, void *into);

/* cost.c */
void ar_layer_cost(const void *problem, arete_cost *cost);

static inline int64_t ar_layer_elements(const layer_tensor *t) {
    int64_t count = 1;
    for (int32_t i = 0; i < t->rank; ++i)
        count *= t->dims[i];
    return count;
}

static inline const layer_tensor *ar_layer_out(const layer_problem *p, uint32_t number) {
    return &p->t[p->in_count + number];
}

static inline bool ar_layer_has(const layer_problem *p, uint32_t input) {
    return input < p->in_count && p->t[input].dtype != ARETE_DTYPE_NONE;
}

static inline bool ar_layer_is_real(int dtype) {
    return dtype == ARETE_F32 || dtype == ARETE_F16 || dtype == ARETE_BF16 || dtype == ARETE_F64;
}

static inline bool ar_layer_is_int(int dtype) {
    return dtype == ARETE_I8 || dtype == ARETE_U8 || dtype == ARETE_I32 || dtype == ARETE_I64;
}

/* What element-wise and reducing kernels compute in: the CLASS of elements.h. */
enum { CLASS_F32 = 1, CLASS_F64 = 2, CLASS_I64 = 3, CLASS_BITS = 4 };
int ar_layer_class(const layer_problem *problem);

#endif
