/* oneDNN 2.x on the CPU, as its families' files share it: the library, and a prepared case as lists of primitive
 * calls. A family's file makes memories and primitives through what is here, so that drop() can free them all. */
#ifndef AR_ONEDNN_H
#define AR_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>

#include "error.h"
#include "os.h"
#include "peer.h"

#if DNNL_VERSION_MAJOR != 2
#error "written for oneDNN 2.x; the build leaves it out for others"
#endif

/* Everything that is called, looked up by name. */
#define AR_ONEDNN_FUNCTIONS(X)                                                                                     \
    X(dnnl_version)                                                                                                \
    X(dnnl_engine_create)                                                                                          \
    X(dnnl_engine_destroy)                                                                                         \
    X(dnnl_stream_create)                                                                                          \
    X(dnnl_stream_destroy)                                                                                         \
    X(dnnl_stream_wait)                                                                                            \
    X(dnnl_memory_desc_init_by_strides)                                                                            \
    X(dnnl_memory_desc_init_by_tag)                                                                                \
    X(dnnl_memory_desc_get_size)                                                                                   \
    X(dnnl_memory_desc_equal)                                                                                      \
    X(dnnl_memory_create)                                                                                          \
    X(dnnl_memory_destroy)                                                                                         \
    X(dnnl_memory_get_data_handle)                                                                                 \
    X(dnnl_primitive_attr_create)                                                                                  \
    X(dnnl_primitive_attr_destroy)                                                                                 \
    X(dnnl_primitive_attr_set_output_scales)                                                                       \
    X(dnnl_primitive_attr_set_post_ops)                                                                            \
    X(dnnl_post_ops_create)                                                                                        \
    X(dnnl_post_ops_destroy)                                                                                       \
    X(dnnl_post_ops_append_sum)                                                                                    \
    X(dnnl_post_ops_append_eltwise)                                                                                \
    X(dnnl_post_ops_append_binary)                                                                                 \
    X(dnnl_matmul_desc_init)                                                                                       \
    X(dnnl_dilated_convolution_forward_desc_init)                                                                  \
    X(dnnl_dilated_deconvolution_forward_desc_init)                                                                \
    X(dnnl_softmax_forward_desc_init)                                                                              \
    X(dnnl_binary_desc_init)                                                                                       \
    X(dnnl_eltwise_forward_desc_init)                                                                              \
    X(dnnl_layer_normalization_forward_desc_init)                                                                  \
    X(dnnl_vanilla_rnn_forward_desc_init)                                                                          \
    X(dnnl_lstm_forward_desc_init)                                                                                 \
    X(dnnl_gru_forward_desc_init)                                                                                  \
    X(dnnl_lbr_gru_forward_desc_init)                                                                              \
    X(dnnl_primitive_desc_create)                                                                                  \
    X(dnnl_primitive_desc_destroy)                                                                                 \
    X(dnnl_primitive_desc_query_md)                                                                                \
    X(dnnl_reorder_primitive_desc_create)                                                                          \
    X(dnnl_primitive_create)                                                                                       \
    X(dnnl_primitive_destroy)                                                                                      \
    X(dnnl_primitive_execute)

#define AR_ONEDNN_MEMBER(name) __typeof__(&name) name;
typedef struct onednn_functions {
    AR_ONEDNN_FUNCTIONS(AR_ONEDNN_MEMBER)
} onednn_functions;

#define ONEDNN_MOST_ARGS 16

typedef struct onednn_call {
    dnnl_primitive_t primitive; /* of the case; several calls may share it */
    dnnl_exec_arg_t args[ONEDNN_MOST_ARGS];
    int arg_count;
} onednn_call;

typedef enum onednn_phase {
    ONEDNN_GIVE, /* operands from the case's blocks into oneDNN's own layouts; not timed */
    ONEDNN_RUN,
    ONEDNN_TAKE, /* outputs back into the blocks; not timed */
    ONEDNN_PHASES
} onednn_phase;

typedef struct onednn_list {
    onednn_call *calls;
    size_t *copies; /* which set of operands a call belongs to */
    size_t count;
} onednn_list;

typedef struct onednn {
    ar_library *library;
    onednn_functions f;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    bool plain; /* operands stay in the case's own layouts, but for weights packed ahead */
    /* of the prepared case */
    onednn_list lists[ONEDNN_PHASES];
    dnnl_memory_t *memories;
    size_t memory_count;
    dnnl_primitive_t *primitives;
    size_t primitive_count;
} onednn;

dnnl_data_type_t ar_onednn_type(arete_dtype dtype);

/* The same shape and type, the layout left to oneDNN. */
dnnl_memory_desc_t ar_onednn_any(dnnl_memory_desc_t desc);

/* Of the data, or of oneDNN's own when that is DNNL_MEMORY_ALLOCATE. Freed with the case. */
arete_status ar_onednn_memory(onednn *of, const dnnl_memory_desc_t *desc, void *data, dnnl_memory_t *memory);

/* From an operation's descriptor (dnnl_matmul_desc_t, ...). attributes may be NULL. *desc is the caller's to
 * destroy, when not NULL. ARETE_E_UNSUPPORTED naming what when oneDNN has no such primitive. */
arete_status ar_onednn_primitive(onednn *of, const void *operation, dnnl_primitive_attr_t attributes,
                                 const char *what, dnnl_primitive_t *primitive, dnnl_primitive_desc_t *desc);

/* Adds a call to a phase of that set of operands. */
arete_status ar_onednn_add(onednn *of, onednn_phase phase, size_t copy, const onednn_call *call);

/* A copy from one layout to another, added to a phase. */
arete_status ar_onednn_reorder(onednn *of, onednn_phase phase, size_t copy, const dnnl_memory_desc_t *from_desc,
                               dnnl_memory_t from, const dnnl_memory_desc_t *to_desc, dnnl_memory_t to);

/* The data brought into a layout now, in memory of oneDNN's own: weights. */
arete_status ar_onednn_pack(onednn *of, const dnnl_memory_desc_t *from, void *data, const dnnl_memory_desc_t *to,
                            dnnl_memory_t *packed);

/* How a family's cases are prepared: adds calls for each of on->copies. */
typedef arete_status (*onednn_prepare)(onednn *of, const ar_peer_case *on);
arete_status ar_onednn_matmul(onednn *of, const ar_peer_case *on);
arete_status ar_onednn_conv(onednn *of, const ar_peer_case *on);
arete_status ar_onednn_rnn(onednn *of, const ar_peer_case *on);
arete_status ar_onednn_layer(onednn *of, const ar_peer_case *on);
arete_status ar_onednn_attention(onednn *of, const ar_peer_case *on);

#endif
