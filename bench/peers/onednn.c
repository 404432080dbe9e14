/* oneDNN 2.x on the CPU. Its C API passes structs that only its header knows, so this file needs dnnl.h; the
 * library itself is opened at run time. Weights go into its own layout ("any") ahead when the case says that they
 * are packed. */
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "peer.h"

#if DNNL_VERSION_MAJOR != 2
#error "this file is written for oneDNN 2.x; the build leaves it out for others"
#endif

/* Everything that is called, looked up by name. */
#define FUNCTIONS(X)                                                                                               \
    X(dnnl_version)                                                                                                \
    X(dnnl_engine_create)                                                                                          \
    X(dnnl_engine_destroy)                                                                                         \
    X(dnnl_stream_create)                                                                                          \
    X(dnnl_stream_destroy)                                                                                         \
    X(dnnl_stream_wait)                                                                                            \
    X(dnnl_memory_desc_init_by_strides)                                                                            \
    X(dnnl_memory_desc_get_size)                                                                                   \
    X(dnnl_memory_create)                                                                                          \
    X(dnnl_memory_destroy)                                                                                         \
    X(dnnl_primitive_attr_create)                                                                                  \
    X(dnnl_primitive_attr_destroy)                                                                                 \
    X(dnnl_primitive_attr_set_output_scales)                                                                       \
    X(dnnl_primitive_attr_set_post_ops)                                                                            \
    X(dnnl_post_ops_create)                                                                                        \
    X(dnnl_post_ops_destroy)                                                                                       \
    X(dnnl_post_ops_append_sum)                                                                                    \
    X(dnnl_matmul_desc_init)                                                                                       \
    X(dnnl_primitive_desc_create)                                                                                  \
    X(dnnl_primitive_desc_destroy)                                                                                 \
    X(dnnl_primitive_desc_query_md)                                                                                \
    X(dnnl_reorder_primitive_desc_create)                                                                          \
    X(dnnl_primitive_create)                                                                                       \
    X(dnnl_primitive_destroy)                                                                                      \
    X(dnnl_primitive_execute)

#define MEMBER(name) __typeof__(&name) name;
typedef struct functions {
    FUNCTIONS(MEMBER)
} functions;

typedef struct operands {
    dnnl_memory_t a, b, c;
} operands;

typedef struct onednn {
    ar_library *library;
    functions f;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    /* of the prepared case */
    dnnl_primitive_t product;
    operands *sets;
    size_t set_count;
} onednn;

static void close_onednn(void *state) {
    onednn *of = state;
    if (of->stream)
        of->f.dnnl_stream_destroy(of->stream);
    if (of->engine)
        of->f.dnnl_engine_destroy(of->engine);
    ar_library_close(of->library);
    ar_os_free(of);
}

static arete_status open_onednn(uint32_t threads, const char *device, void **state, char *version, size_t bytes) {
    static const char *const places[] = {"libdnnl.so.2"};
    char why[256];
    (void)device;
    (void)threads; /* from its environment */
    onednn *of = ar_os_alloc(sizeof *of);
    if (!of)
        return ar_fail_memory("onednn", sizeof *of);
    of->library = ar_library_open(places, 1, why, sizeof why);
    if (!of->library) {
        ar_os_free(of);
        return ar_fail(ARETE_E_NOT_FOUND, "oneDNN 2 is not here: %s", why);
    }
    bool complete = true;
#define LOOK_UP(name)                                                                                              \
    *(void **)&of->f.name = ar_library_symbol(of->library, #name);                                                 \
    complete = complete && of->f.name;
    FUNCTIONS(LOOK_UP)
    if (!complete || of->f.dnnl_engine_create(&of->engine, dnnl_cpu, 0) != dnnl_success ||
        of->f.dnnl_stream_create(&of->stream, of->engine, dnnl_stream_default_flags) != dnnl_success) {
        close_onednn(of);
        return ar_fail(ARETE_E_NOT_FOUND, "libdnnl.so.2 lacks a function or gives no CPU engine");
    }
    const dnnl_version_t *v = of->f.dnnl_version();
    snprintf(version, bytes, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    *state = of;
    return ARETE_OK;
}

static dnnl_data_type_t type_of(arete_dtype dtype) {
    switch (dtype) {
    case ARETE_F32:
        return dnnl_f32;
    case ARETE_F16:
        return dnnl_f16;
    case ARETE_BF16:
        return dnnl_bf16;
    case ARETE_I8:
        return dnnl_s8;
    case ARETE_U8:
        return dnnl_u8;
    case ARETE_I32:
        return dnnl_s32;
    default:
        return dnnl_data_type_undef;
    }
}

/* rows x cols with that leading dimension, lying transposed or not, step elements from one of the batch to the
 * next. */
static dnnl_memory_desc_t describe(const onednn *of, arete_dtype dtype, int64_t batch, int64_t step, int64_t rows,
                                   int64_t cols, int64_t leading, bool transposed) {
    dnnl_memory_desc_t desc;
    int64_t row = transposed ? 1 : leading, col = transposed ? leading : 1;
    dnnl_dims_t dims3 = {step ? batch : 1, rows, cols}, strides3 = {step ? step : rows * cols, row, col};
    dnnl_dims_t dims2 = {rows, cols}, strides2 = {row, col};
    memset(&desc, 0, sizeof desc);
    if (batch > 1)
        of->f.dnnl_memory_desc_init_by_strides(&desc, 3, dims3, type_of(dtype), strides3);
    else
        of->f.dnnl_memory_desc_init_by_strides(&desc, 2, dims2, type_of(dtype), strides2);
    return desc;
}

static dnnl_memory_desc_t any_layout(dnnl_memory_desc_t desc) {
    desc.format_kind = dnnl_format_kind_any;
    memset(&desc.format_desc, 0, sizeof desc.format_desc);
    return desc;
}

static arete_status make_attributes(const onednn *of, const ar_gemm *g, dnnl_primitive_attr_t *attributes) {
    dnnl_post_ops_t post = NULL;
    float alpha = (float)g->alpha;
    bool ok = of->f.dnnl_primitive_attr_create(attributes) == dnnl_success;
    if (ok && g->alpha != 1)
        ok = of->f.dnnl_primitive_attr_set_output_scales(*attributes, 1, 0, &alpha) == dnnl_success;
    if (ok && g->beta != 0)
        ok = of->f.dnnl_post_ops_create(&post) == dnnl_success &&
             of->f.dnnl_post_ops_append_sum(post, (float)g->beta) == dnnl_success &&
             of->f.dnnl_primitive_attr_set_post_ops(*attributes, post) == dnnl_success;
    if (post)
        of->f.dnnl_post_ops_destroy(post);
    return ok ? ARETE_OK : ar_fail(ARETE_E_UNSUPPORTED, "oneDNN takes no such alpha and beta");
}

/* B into the layout that the product wants, in memory of oneDNN's own. */
static bool reorder(onednn *of, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, void *data,
                    dnnl_memory_t *packed) {
    dnnl_memory_t plain = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t primitive = NULL;
    bool ok =
        of->f.dnnl_memory_create(&plain, from, of->engine, data) == dnnl_success &&
        of->f.dnnl_memory_create(packed, to, of->engine, DNNL_MEMORY_ALLOCATE) == dnnl_success &&
        of->f.dnnl_reorder_primitive_desc_create(&desc, from, of->engine, to, of->engine, NULL) == dnnl_success &&
        of->f.dnnl_primitive_create(&primitive, desc) == dnnl_success;
    if (ok) {
        dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, *packed}};
        ok = of->f.dnnl_primitive_execute(primitive, of->stream, 2, args) == dnnl_success &&
             of->f.dnnl_stream_wait(of->stream) == dnnl_success;
    }
    if (primitive)
        of->f.dnnl_primitive_destroy(primitive);
    if (desc)
        of->f.dnnl_primitive_desc_destroy(desc);
    if (plain)
        of->f.dnnl_memory_destroy(plain);
    return ok;
}

static arete_status make_sets(onednn *of, const ar_peer_case *on, const dnnl_memory_desc_t descs[3],
                              const dnnl_memory_desc_t *weights) {
    of->sets = ar_os_alloc(on->copies * sizeof *of->sets);
    if (!of->sets)
        return ar_fail_memory("oneDNN's operands", on->copies * sizeof *of->sets);
    of->set_count = on->copies;
    for (size_t i = 0; i < on->copies; i++) {
        operands *set = &of->sets[i];
        void *b = ar_peer_operand(on, i, "b", NULL);
        bool ok = of->f.dnnl_memory_create(&set->a, &descs[0], of->engine, ar_peer_operand(on, i, "a", NULL)) ==
                      dnnl_success &&
                  of->f.dnnl_memory_create(&set->c, &descs[2], of->engine, ar_peer_operand(on, i, "c", NULL)) ==
                      dnnl_success;
        if (ok && weights)
            ok = reorder(of, &descs[1], weights, b, &set->b);
        else if (ok)
            ok = of->f.dnnl_memory_create(&set->b, &descs[1], of->engine, b) == dnnl_success;
        if (!ok)
            return ar_fail(ARETE_E_DEVICE, "oneDNN could not take operands of %s", on->of->text);
    }
    return ARETE_OK;
}

static arete_status prepare(void *state, const ar_peer_case *on) {
    onednn *of = state;
    ar_gemm g;
    arete_status status = ar_gemm_of(on, "oneDNN", &g);
    if (status != ARETE_OK)
        return status;
    if (g.type_a == ARETE_F64 || g.type_b == ARETE_F64 || g.type_c == ARETE_F64)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN multiplies no f64");
    dnnl_memory_desc_t descs[3] = {describe(of, g.type_a, g.batch, g.step_a, g.m, g.k, g.lda, g.trans_a),
                                   describe(of, g.type_b, g.batch, g.step_b, g.k, g.n, g.ldb, g.trans_b),
                                   describe(of, g.type_c, g.batch, g.step_c, g.m, g.n, g.ldc, false)};
    dnnl_memory_desc_t wanted = on->prepack ? any_layout(descs[1]) : descs[1];
    dnnl_matmul_desc_t product;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t desc = NULL;
    status = make_attributes(of, &g, &attributes);
    if (status == ARETE_OK &&
        (of->f.dnnl_matmul_desc_init(&product, &descs[0], &wanted, NULL, &descs[2]) != dnnl_success ||
         of->f.dnnl_primitive_desc_create(&desc, &product, attributes, of->engine, NULL) != dnnl_success ||
         of->f.dnnl_primitive_create(&of->product, desc) != dnnl_success))
        status =
            ar_fail(ARETE_E_UNSUPPORTED, "oneDNN has no product of %s for this shape and machine", on->of->dtype);
    if (status == ARETE_OK)
        status = make_sets(of, on, descs,
                           on->prepack ? of->f.dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0) : NULL);
    if (desc)
        of->f.dnnl_primitive_desc_destroy(desc);
    if (attributes)
        of->f.dnnl_primitive_attr_destroy(attributes);
    return status;
}

static arete_status run(void *state, size_t copy) {
    onednn *of = state;
    const operands *set = &of->sets[copy];
    dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, set->a}, {DNNL_ARG_WEIGHTS, set->b}, {DNNL_ARG_DST, set->c}};
    if (of->f.dnnl_primitive_execute(of->product, of->stream, 3, args) != dnnl_success)
        return ar_fail(ARETE_E_DEVICE, "oneDNN failed to execute");
    return ARETE_OK;
}

static arete_status wait(void *state) {
    onednn *of = state;
    return of->f.dnnl_stream_wait(of->stream) == dnnl_success ? ARETE_OK
                                                              : ar_fail(ARETE_E_DEVICE, "oneDNN failed to finish");
}

static void drop(void *state) {
    onednn *of = state;
    for (size_t i = 0; i < of->set_count; i++) {
        dnnl_memory_t all[3] = {of->sets[i].a, of->sets[i].b, of->sets[i].c};
        for (int m = 0; m < 3; m++)
            if (all[m])
                of->f.dnnl_memory_destroy(all[m]);
    }
    ar_os_free(of->sets);
    if (of->product)
        of->f.dnnl_primitive_destroy(of->product);
    of->sets = NULL;
    of->set_count = 0;
    of->product = NULL;
}

const ar_peer ar_peer_onednn = {.name = "onednn",
                                .summary = "oneDNN 2.x on the CPU: f32, bf16, int8 products",
                                .open = open_onednn,
                                .prepare = prepare,
                                .run = run,
                                .wait = wait,
                                .drop = drop,
                                .close = close_onednn};
