/* The lists of cases: what is timed, and what is checked. */
#include <stdio.h>

#include "casework.h"
#include "words.h"
#include "problem.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Beyond the cache: what bandwidth the layers reach. */
static bool memory(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "op=identity in=4096x4096",
        "op=add in=4096x4096,4096x4096",
        "op=add in=4096x4096,4096",
        "op=activation act=gelu_erf in=4096x4096",
        "op=softmax in=16384x1024 axis=1",
        "op=softmax in=4096x4096 axis=1",
        "op=layer_norm in=16384x768,768,768 axis=1",
        "op=rms_norm in=4096x4096,4096 axis=1",
        "op=transpose in=4096x4096",
        "op=transpose in=32x128x12x64 axes=0x2x1x3",
        "op=transpose in=16x3x512x512 axes=0x2x3x1",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

/* Layers of a ResNet and a transformer as they come. */
static bool networks(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "op=batch_norm in=1x64x112x112,64,64,64,64",
        "op=max_pool in=1x64x112x112 kernel=3x3 strides=2x2 pads=1x1x1x1",
        "op=average_pool in=1x256x56x56 kernel=2x2 strides=2x2",
        "op=reduce_mean in=8x2048x7x7 axes=2x3",
        "op=add in=1x256x56x56,1x256x56x56",
        "op=softmax in=12x128x128 axis=2",
        "op=softmax in=1x21x128x128 axis=1",
        "op=layer_norm in=128x768,768,768 axis=1",
        "op=activation act=gelu_erf in=128x3072",
        "op=fused in=128x3072,3072 chain=add(0,1);activation.gelu_tanh(16)",
        "op=gather in=30522x768,128:i64",
        "op=concat in=1x128x28x28,1x128x28x28 axis=1",
        "op=resize in=1x64x40x40 out=1x64x80x80 mode=1",
        "op=pad in=1x64x56x56 axes=2x3 pads=1x1x1x1",
        "op=arg_max in=128x30522 axis=1",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

static const char *const edge_texts[] = {
    "op=add in=3x5x7,5x1",
    "op=identity in=3x1x7 out=3x5x7",
    "op=transpose in=3x5x7 axes=2x0x1",
    "op=concat in=2x3,2x5,2x1 axis=1",
    "op=split in=2x9 out=2x3,2x5,2x1 axis=1",
    "op=slice in=7x9 axes=0x1 starts=5x-1 ends=0x-10 steps=-2x-1",
    "op=tile in=2x3x4 out=4x3x8",
    "op=depth_to_space in=2x12x3x5 blocksize=2",
    "op=depth_to_space in=2x12x3x5 blocksize=2 mode=1",
    "op=space_to_depth in=2x3x4x6 blocksize=2",
    "op=fused in=13x37,37 chain=add(0,1);activation.elu(16)~1~0;mul(17,0)",
    "op=batch_norm in=2x3x5x5,3,3,3,3",
    "op=cast in=5x7 out=5x7:i64",
    "op=quantize in=3x37,s,s:u8",
    "op=dequantize in=3x37:i8,37,37:i8 axis=1",
    "op=where in=5x1:bool,5x7,7",
    "op=clip in=37:i32,s:i32,s:i32",
    "op=div in=37:i64,37:i64",
    "op=transpose in=35x70",
    "op=transpose in=3x40x33 axes=0x2x1",
    "op=transpose in=64x48:u8",
    "op=transpose in=2x33x20x3:f16 axes=0x3x2x1",
    "op=transpose in=2x3x70 axes=0x2x1",
    "op=transpose in=32x16:i64",
    "op=softmax in=5x37 axis=1",
    "op=softmax in=3x4096 axis=1",
    "op=softmax in=3x5000 axis=1",
    "op=softmax in=7x100:f64 axis=1",
    "op=softmax in=7x33:f16 axis=1",
    "op=pad in=5x7 axes=0x1 pads=1x2x3x4 alpha=1.5",
    "op=pad in=5x40:i8 axes=1 pads=3x2 mode=1",
    "op=pad in=5x7x3 axes=1 pads=-2x4 mode=2",
    "op=pad in=5x7 pads=3x9x2x10 axes=0x1 mode=3",
    "op=pad in=3x4x5 axes=0 pads=1x1",
    "op=resize in=2x3x5x7 out=2x3x10x14",
    "op=resize in=2x3x5x7 out=2x3x10x21 mode=1",
    "op=resize in=1x2x5x7 out=1x2x8x3 mode=2 alpha=-0.75",
    "op=resize in=1x2x5x7 out=1x2x8x9 mode=2 alpha=-0.5 excludeoutside=1 coordinates=1",
    "op=resize in=1x2x5x7 out=1x2x4x4 mode=1 coordinates=4 roi=0x0x0.4x0.6x1x1x0.9x1.2 beta=10",
    "op=resize in=1x1x9x7:u8 out=1x1x5x4:u8 coordinates=1 nearest=2",
    "op=resize in=2x3x4x5x6 out=2x3x5x7x9 mode=1 coordinates=2",
    "op=resize in=2x3x4x5:f16 out=2x3x4x15:f16 mode=1 coordinates=3",
    "op=cum_sum in=3x40 axis=1",
    "op=cum_sum in=3x40x2 axis=1 exclusive=1 reverse=1",
    "op=cum_sum in=3x40:i32 axis=0",
    "op=arg_max in=5x70 axis=1",
    "op=arg_max in=5x70x2 axis=1 out=5x2:i64 selectlast=1",
    "op=arg_min in=5x70:i8 axis=0",
    "op=arg_min in=5x300:f16 axis=1 selectlast=1",
    "op=top_k in=5x70 out=5x7,5x7:i64 axis=1",
    "op=top_k in=9x5 out=4x5 smallest=1",
    "op=top_k in=5x70:i32 out=5x70:i32,5x70:i64 axis=1",
    "op=softmax in=2x5x37 axis=1",
    "op=softmax in=2x7x3x5 axis=1",
    "op=softmax in=7x1 axis=1",
    "op=log_softmax in=3x70:f16 axis=1",
    "op=log_softmax in=3x7x20 axis=1",
    "op=hardmax in=5x37 axis=1",
    "op=hardmax in=5x3x17 axis=1",
    "op=lp_norm in=5x37 axis=1",
    "op=lp_norm in=5x37 axis=0 p=1",
    "op=layer_norm in=5x37,37,37 axis=1",
    "op=layer_norm in=2x3x40,3x40,3x40 out=2x3x40,2x1x1,2x1x1 axis=1",
    "op=layer_norm in=5x300:bf16,300 axis=1",
    "op=rms_norm in=5x130,130 axis=1",
    "op=instance_norm in=2x3x5x7,3,3",
    "op=group_norm in=2x6x5x7,6,6 groups=3",
    "op=group_norm in=2x6x5x7,3,3 groups=3",
    "op=lrn in=2x7x3x9 alpha=0.5 beta=0.75 bias=1 window=3",
    "op=max_pool in=2x3x9x23 kernel=3x3 strides=2x2 pads=1x1x1x1",
    "op=max_pool in=1x2x40 kernel=3 dilations=2 out=1x2x36,1x2x36:i64",
    "op=max_pool in=1x2x5x6x7 kernel=2x2x2 ceil=1 strides=2x2x2",
    "op=max_pool in=1x2x9x40:u8 kernel=2x3",
    "op=average_pool in=2x3x9x23 kernel=3x3 strides=2x2 pads=1x1x1x1",
    "op=average_pool in=2x3x9x40 kernel=3x2 pads=1x1x1x1 countpad=1 ceil=1 strides=2x3",
    "op=lp_pool in=2x3x9x23 kernel=3x3",
    "op=lp_pool in=2x3x9x23 kernel=3x3 p=1",
    "op=reduce_sum in=5x37x9 axes=1",
    "op=reduce_sum in=5x37x9 axes=0x2",
    "op=reduce_sum in=5x37x9",
    "op=reduce_sum in=300000",
    "op=reduce_sum in=100000x3 axes=0",
    "op=reduce_mean in=3x40x11 axes=1x2 out=3",
    "op=reduce_mean in=37:i32",
    "op=reduce_max in=7x50 axes=1",
    "op=reduce_min in=7x50:i8 axes=0",
    "op=reduce_prod in=7x50 axes=1",
    "op=reduce_l1 in=7x50 axes=1",
    "op=reduce_l2 in=7x50x3 axes=1",
    "op=reduce_log_sum in=7x50 axes=1",
    "op=reduce_log_sum_exp in=7x50 axes=1",
    "op=reduce_log_sum_exp in=7x5x20 axes=1",
    "op=reduce_sum_square in=7x50:bf16 axes=0",
    "op=reduce_max in=0x3 axes=0",
    "op=gather in=9x20,5:i64",
    "op=gather in=3x9x5,2x2:i32 axis=1",
    "op=gather in=3x9,4:i64 axis=1",
    "op=gather_elements in=9x8,9x3:i64 axis=1",
    "op=gather_nd in=5x6x7,4x2:i64",
    "op=gather_nd in=2x6x7,2x1:i64 batchdims=1",
    "op=scatter_elements in=9x8,2x3:i64,2x3 axis=1 mode=1",
    "op=scatter_nd in=5x6,4x1:i64,4x6 mode=1",
    "op=one_hot in=3x2:i64,2 out=3x5x2 axis=1",
    "op=range in=s,s,s out=17",
    "op=trilu in=2x5x7 mode=1 offset=1",
    "op=trilu in=2x5x7",
    "op=eye_like out=5x7:i32 offset=-1",
    "op=reverse_sequence in=5x3x2,3:i64 batchaxis=1",
};

static bool edges(size_t index, char *text, size_t bytes) {
    if (index < COUNT(edge_texts))
        return ar_case_text(edge_texts, COUNT(edge_texts), index, text, bytes);
    index -= COUNT(edge_texts);
    if (index >= ARETE_ACT_CLIP)
        return false;
    snprintf(text, bytes, "op=activation act=%s in=3x37 alpha=%s beta=0.75",
             arete_activation_name((arete_activation)(index + 1)), index + 1 == ARETE_ACT_CLIP ? "-0.5" : "0.5");
    return true;
}

/* Element-wise operations of one or two inputs in every type that they take. */
static bool types(size_t index, char *text, size_t bytes) {
    static const arete_dtype all[] = {ARETE_F32, ARETE_F16, ARETE_BF16, ARETE_F64, ARETE_I8,
                                      ARETE_U8,  ARETE_I32, ARETE_I64,  ARETE_BOOL};
    for (const layer_op *op = ar_layer_ops; op->op != ARETE_LAYER_NONE; ++op) {
        bool plain = op->form == FORM_MAP && op->op < ARETE_LAYER_WHERE && op->op != ARETE_LAYER_CAST &&
                     op->op != ARETE_LAYER_ACTIVATION;
        for (size_t t = 0; plain && t < COUNT(all); ++t) {
            int kind = ar_layer_is_real((int)all[t]) ? TYPES_REAL : ar_layer_is_int((int)all[t]) ? TYPES_INT : TYPES_BOOL;
            if (!(op->types & kind) || index-- > 0)
                continue;
            const char *type = arete_dtype_name(all[t]);
            if (op->most > 1)
                snprintf(text, bytes, "op=%s in=3x37:%s,37:%s", op->name, type, type);
            else
                snprintf(text, bytes, "op=%s in=3x37:%s", op->name, type);
            return true;
        }
    }
    return false;
}

const ar_case_list ar_layer_lists[AR_LAYER_LISTS] = {
    {"memory", "tensors beyond the cache: softmax, norms, element-wise, transposition", memory, true, false},
    {"networks", "layers of ResNet-50 and BERT as they come", networks, true, false},
    {"edges", "every operation, small and odd", edges, false, false},
    {"types", "element-wise operations in every type", types, false, true},
};
