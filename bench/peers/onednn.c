/* oneDNN 2.x on the CPU. Its C API passes structs that only its header knows, so these files need dnnl.h; the
 * library itself is opened at run time. Here is what its families share. */
#include "onednn.h"

#include <stdio.h>
#include <string.h>

static void drop(void *state) {
    onednn *of = state;
    for (int phase = 0; phase < ONEDNN_PHASES; phase++) {
        ar_os_free(of->lists[phase].calls);
        ar_os_free(of->lists[phase].copies);
        memset(&of->lists[phase], 0, sizeof of->lists[phase]);
    }
    for (size_t i = 0; i < of->memory_count; i++)
        of->f.dnnl_memory_destroy(of->memories[i]);
    for (size_t i = 0; i < of->primitive_count; i++)
        of->f.dnnl_primitive_destroy(of->primitives[i]);
    ar_os_free(of->memories);
    ar_os_free(of->primitives);
    of->memories = NULL;
    of->primitives = NULL;
    of->memory_count = of->primitive_count = 0;
}

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
    AR_ONEDNN_FUNCTIONS(LOOK_UP)
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

dnnl_data_type_t ar_onednn_type(arete_dtype dtype) {
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

dnnl_memory_desc_t ar_onednn_any(dnnl_memory_desc_t desc) {
    desc.format_kind = dnnl_format_kind_any;
    memset(&desc.format_desc, 0, sizeof desc.format_desc);
    return desc;
}

arete_status ar_onednn_memory(onednn *of, const dnnl_memory_desc_t *desc, void *data, dnnl_memory_t *memory) {
    size_t bytes = (of->memory_count + 1) * sizeof *of->memories;
    dnnl_memory_t *all = ar_os_realloc(of->memories, bytes);
    if (!all)
        return ar_fail_memory("oneDNN's operands", bytes);
    of->memories = all;
    if (of->f.dnnl_memory_create(memory, desc, of->engine, data) != dnnl_success)
        return ar_fail(ARETE_E_DEVICE, "oneDNN could not take an operand of %zu bytes",
                       of->f.dnnl_memory_desc_get_size(desc));
    all[of->memory_count++] = *memory;
    return ARETE_OK;
}

static arete_status keep_primitive(onednn *of, dnnl_primitive_desc_t desc, const char *what,
                                   dnnl_primitive_t *primitive) {
    size_t bytes = (of->primitive_count + 1) * sizeof *of->primitives;
    dnnl_primitive_t *all = ar_os_realloc(of->primitives, bytes);
    if (!all)
        return ar_fail_memory("oneDNN's primitives", bytes);
    of->primitives = all;
    if (of->f.dnnl_primitive_create(primitive, desc) != dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN could not create its %s", what);
    all[of->primitive_count++] = *primitive;
    return ARETE_OK;
}

arete_status ar_onednn_primitive(onednn *of, const void *operation, dnnl_primitive_attr_t attributes,
                                 const char *what, dnnl_primitive_t *primitive, dnnl_primitive_desc_t *desc) {
    dnnl_primitive_desc_t made = NULL;
    if (of->f.dnnl_primitive_desc_create(&made, operation, attributes, of->engine, NULL) != dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN has no %s of this shape and types on this machine", what);
    arete_status status = keep_primitive(of, made, what, primitive);
    if (status == ARETE_OK && desc)
        *desc = made;
    else
        of->f.dnnl_primitive_desc_destroy(made);
    return status;
}

arete_status ar_onednn_add(onednn *of, onednn_phase phase, size_t copy, const onednn_call *call) {
    onednn_list *list = &of->lists[phase];
    onednn_call *calls = ar_os_realloc(list->calls, (list->count + 1) * sizeof *calls);
    if (calls)
        list->calls = calls;
    size_t *copies = ar_os_realloc(list->copies, (list->count + 1) * sizeof *copies);
    if (copies)
        list->copies = copies;
    if (!calls || !copies)
        return ar_fail_memory("oneDNN's calls", (list->count + 1) * sizeof *calls);
    calls[list->count] = *call;
    copies[list->count++] = copy;
    return ARETE_OK;
}

static arete_status make_reorder(onednn *of, const dnnl_memory_desc_t *from_desc, dnnl_memory_t from,
                                 const dnnl_memory_desc_t *to_desc, dnnl_memory_t to, onednn_call *call) {
    dnnl_primitive_desc_t desc = NULL;
    if (of->f.dnnl_reorder_primitive_desc_create(&desc, from_desc, of->engine, to_desc, of->engine, NULL) !=
        dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN cannot bring an operand into its layout");
    *call = (onednn_call){NULL, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}, 2};
    arete_status status = keep_primitive(of, desc, "reorder", &call->primitive);
    of->f.dnnl_primitive_desc_destroy(desc);
    return status;
}

arete_status ar_onednn_reorder(onednn *of, onednn_phase phase, size_t copy, const dnnl_memory_desc_t *from_desc,
                               dnnl_memory_t from, const dnnl_memory_desc_t *to_desc, dnnl_memory_t to) {
    onednn_call call;
    arete_status status = make_reorder(of, from_desc, from, to_desc, to, &call);
    return status == ARETE_OK ? ar_onednn_add(of, phase, copy, &call) : status;
}

static arete_status execute(onednn *of, const onednn_call *call) {
    if (of->f.dnnl_primitive_execute(call->primitive, of->stream, call->arg_count, call->args) != dnnl_success)
        return ar_fail(ARETE_E_DEVICE, "oneDNN failed to execute");
    return ARETE_OK;
}

static arete_status wait(void *state) {
    onednn *of = state;
    return of->f.dnnl_stream_wait(of->stream) == dnnl_success ? ARETE_OK
                                                              : ar_fail(ARETE_E_DEVICE, "oneDNN failed to finish");
}

arete_status ar_onednn_pack(onednn *of, const dnnl_memory_desc_t *from, void *data, const dnnl_memory_desc_t *to,
                            dnnl_memory_t *packed) {
    dnnl_memory_t plain = NULL;
    onednn_call call;
    arete_status status = ar_onednn_memory(of, from, data, &plain);
    if (status == ARETE_OK)
        status = ar_onednn_memory(of, to, DNNL_MEMORY_ALLOCATE, packed);
    if (status == ARETE_OK)
        status = make_reorder(of, from, plain, to, *packed, &call);
    if (status == ARETE_OK)
        status = execute(of, &call);
    return status == ARETE_OK ? wait(of) : status;
}

static arete_status prepare(void *state, const ar_peer_case *on) {
    static const struct {
        const char *family;
        onednn_prepare prepare;
    } families[] = {{"matmul", ar_onednn_matmul},
                    {"conv", ar_onednn_conv},
                    {"rnn", ar_onednn_rnn},
                    {"attention", ar_onednn_attention},
                    {"layer", ar_onednn_layer}};
    const char *family = on->of->work->family->name;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(family, families[i].family) == 0)
            return families[i].prepare(state, on);
    return ar_fail(ARETE_E_UNSUPPORTED, "this peer knows no %s", family);
}

static arete_status execute_phase(onednn *of, onednn_phase phase, size_t copy) {
    const onednn_list *list = &of->lists[phase];
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < list->count && status == ARETE_OK; i++)
        if (list->copies[i] == copy)
            status = execute(of, &list->calls[i]);
    return status;
}

static arete_status run(void *state, size_t copy) {
    return execute_phase(state, ONEDNN_RUN, copy);
}

static arete_status give(void *state, size_t copy) {
    arete_status status = execute_phase(state, ONEDNN_GIVE, copy);
    return status == ARETE_OK ? wait(state) : status;
}

static arete_status take(void *state, size_t copy) {
    arete_status status = execute_phase(state, ONEDNN_TAKE, copy);
    return status == ARETE_OK ? wait(state) : status;
}

static arete_status open_plain(uint32_t threads, const char *device, void **state, char *version, size_t bytes) {
    arete_status status = open_onednn(threads, device, state, version, bytes);
    if (status == ARETE_OK)
        ((onednn *)*state)->plain = true;
    return status;
}

const ar_peer ar_peer_onednn = {.name = "onednn",
                                .summary = "oneDNN 2.x on the CPU, in its best layouts",
                                .open = open_onednn,
                                .prepare = prepare,
                                .run = run,
                                .wait = wait,
                                .give = give,
                                .take = take,
                                .drop = drop,
                                .close = close_onednn};

const ar_peer ar_peer_onednn_nchw = {.name = "onednn_nchw",
                                     .summary = "the same, but images stay in plain NCHW (or NHWC)",
                                     .open = open_plain,
                                     .prepare = prepare,
                                     .run = run,
                                     .wait = wait,
                                     .give = give,
                                     .take = take,
                                     .drop = drop,
                                     .close = close_onednn};
