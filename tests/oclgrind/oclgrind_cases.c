/* What runs under oclgrind (run.sh): small cases of matmul, conv, attention, layers and recurrent layers through every
 * solver that can take them, and planted faults.
 *
 * One case a process, and workspace as it comes: oclgrind 21.10 takes values for uninitialised that are not when a
 * buffer was filled by a command, or its memory had been another buffer's.
 * The results are checked too, in f64 by the family's expect(); whether an access was wrong is in oclgrind's log. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attention/casework.h"
#include "attention/problem.h"
#include "casework.h"
#include "conv/casework.h"
#include "conv/problem.h"
#include "layers/casework.h"
#include "matmul/casework.h"
#include "matmul/problem.h"
#include "rnn/casework.h"

#define PAST_END 3 /* exit status: no case of that index */
#define SLACK 5 /* elements that are poisoned before and after each operand */

/* Each line is one compilation and a few thousand simulated work-items. */
static const char *const cases[] = {
    "m=5 n=7 k=9",
    "m=16 n=16 k=16",
    "m=9 n=19 k=37 ta=1 tb=1 alpha=2 beta=0.5 bias=col act=relu",
    "m=17 n=6 k=13 tb=1 bias=row act=gelu_tanh batch=2",
    "m=12 n=20 k=8 dtype=f16 ta=1 cin=f16 beta=1",
    "m=12 n=20 k=8 dtype=bf16",
    "m=7 n=9 k=11 dtype=f64 tb=1",
    "m=6 n=10 k=35 dtype=i8 azero=each bzero=one",
    "m=6 n=10 k=35 dtype=u8 c=f32 ascale=each bscale=each azero=one bzero=each",
    "m=1 n=40 k=33 b=i8 bscale=each",
    "m=40 n=1 k=33",
    "m=3 n=4 k=0 beta=1",
};

/* The code paths of gpu_tiled that its own guess may not reach for such shapes. */
static const char *const tiled[] = {
    "gpu_tiled:tm=16,tn=16,tk=8,wm=4,wn=4,vector=4,buffers=1,local=1,splits=1",
    "gpu_tiled:tm=16,tn=16,tk=8,wm=4,wn=4,vector=4,buffers=2,local=1,splits=2",
    "gpu_tiled:tm=8,tn=16,tk=12,wm=2,wn=4,vector=1,buffers=2,local=1,splits=1",
    "gpu_tiled:tm=8,tn=16,tk=4,wm=1,wn=8,vector=4,buffers=1,local=1,splits=3",
    "gpu_tiled:tm=8,tn=8,tk=4,wm=4,wn=4,vector=4,buffers=1,local=0,splits=1",
    "gpu_tiled:tm=4,tn=16,tk=4,wm=2,wn=4,vector=1,buffers=1,local=0,splits=2",
};
/* The code paths of attention: masks, edges, caches, splits; few work-items each. */
static const char *const attention_cases[] = {
    "b=1 hq=2 sq=5 d=6",
    "b=1 hq=2 hkv=1 sq=3 skv=37 d=20 dv=9 causal=1 shift=33",
    "b=2 hq=1 sq=2 skv=18 d=17 mask=bool lens=each",
    "b=1 hq=1 sq=4 skv=20 d=16 mask=f32 window=7 softcap=2 dtype=f16",
    "b=2 hq=2 hkv=1 sq=2 d=16 capacity=9 pasts=each causal=1 cache=bf16 rotary=halves table=9",
    "b=1 hq=1 sq=3 d=10 rotary=pairs rotdim=6",
    "b=1 hq=2 sq=1 skv=300 d=16 kv=f16",
    "b=1 hq=1 sq=3 skv=0 d=4",
};
/* The code paths of convolutions: gathers with and without a copy, tiles left over, types, layouts. */
static const char *const conv_cases[] = {
    "n=1 c=3 m=5 in=5x6 k=3x3 pad=1 bias=f32 act=relu",
    "n=1 c=2 m=18 in=5x19 k=3x3 pad=1 prepack=1 res=f32",
    "n=2 c=3 m=4 in=7x7 k=1x1 prepack=1",
    "n=1 c=3 m=7 in=6x5 k=1x1 stride=2 pad=3 bias=f32 act=relu",
    "n=1 c=2 m=3 in=9x11 k=3x2 stride=2 pad=1 dil=1x2 dtype=f16",
    "n=1 c=4 m=4 in=7x18 k=3x3 pad=1 groups=4",
    "n=1 c=20 m=20 in=5x7 k=3x3 stride=2 pad=1 groups=20 act=clip alpha=0 beta=6",
    "n=1 c=4 m=4 in=7x35 k=5x3 pad=2x1 stride=2 groups=4 bias=f32",
    "n=1 c=3 m=5 in=5x6 k=3x3 pad=1 layout=nhwc",
    "n=1 c=6 m=5 in=5x6 k=1x1 layout=nhwc dtype=bf16",
    "n=1 c=3 m=3 in=5x35 k=3x3 pad=1 groups=3",
    "n=1 c=2 m=3 in=5x14 k=2x3 stride=3 pad=1",
    "n=1 c=5 m=3 in=17 k=3 pad=1",
    "n=1 c=2 m=3 in=3x4x5 k=2x3x2 pad=1x0x1",
    "n=1 c=3 m=4 in=4x3 k=3x3 stride=2 pad=1 trans=1",
    "n=1 c=5 m=6 in=5x6 k=3x3 pad=1 prepack=1 dtype=u8 w=i8 y=u8 bias=i32 xscale=one xzero=one wscale=each yscale=one "
    "yzero=one",
    "n=1 c=5 m=6 in=5x6 k=1x1 dtype=i8",
};
/* A case or two of each form's kernels: whole vectors and what is left over, negative steps, pads. */
static const char *const layer_cases[] = {
    "op=add in=3x5x7,5x1",
    "op=fused in=3x37,37 chain=add(0,1);activation.elu(16)~1~0;mul(17,0)",
    "op=where in=5x1:bool,5x7,7",
    "op=cast in=5x7 out=5x7:i64",
    "op=slice in=7x9 axes=0x1 starts=5x-1 ends=0x-10 steps=-2x-1",
    "op=concat in=2x3,2x5,2x1 axis=1",
    "op=transpose in=19x35",
    "op=transpose in=2x33x5x3:f16 axes=0x3x2x1",
    "op=transpose in=2x3x35 axes=0x2x1",
    "op=softmax in=3x37 axis=1",
    "op=log_softmax in=2x7x20 axis=1",
    "op=hardmax in=2x3x17 axis=1",
    "op=layer_norm in=3x37,37,37 axis=1",
    "op=rms_norm in=3x70,70 axis=1",
    "op=group_norm in=2x4x3x7,4,4 groups=2",
    "op=reduce_sum in=3x37x5 axes=1",
    "op=reduce_mean in=3x40x5 axes=1x2 out=3",
    "op=reduce_log_sum_exp in=3x20 axes=1",
    "op=reduce_min in=3x20:i8 axes=0",
    "op=max_pool in=1x2x5x19 kernel=3x3 strides=2x2 pads=1x1x1x1",
    "op=max_pool in=1x2x20 kernel=3 dilations=2 out=1x2x16,1x2x16:i64",
    "op=average_pool in=1x2x9x20 kernel=3x2 pads=1x1x1x1 countpad=1 ceil=1 strides=2x3",
    "op=lrn in=1x5x3x7 alpha=0.5 beta=0.75 bias=1 window=3",
    "op=pad in=5x7 axes=0x1 pads=1x2x3x4 alpha=1.5",
    "op=pad in=3x9 pads=3x9x2x10 axes=0x1 mode=3",
    "op=resize in=1x2x5x7 out=1x2x10x21 mode=1",
    "op=resize in=1x1x5x7 out=1x1x8x3 mode=2 alpha=-0.75",
    "op=gather in=9x20,5:i64",
    "op=gather_nd in=5x6x7,4x2:i64",
    "op=scatter_elements in=9x8,2x3:i64,2x3 axis=1 mode=1",
    "op=cum_sum in=3x20x2 axis=1 exclusive=1 reverse=1",
    "op=arg_max in=5x37 axis=1",
    "op=top_k in=3x40 out=3x7,3x7:i64 axis=1",
};
/* Each cell, with a second product and without, states in and out, lengths, layouts, types; a step is a launch. */
static const char *const rnn_cases[] = {
    "cell=lstm hidden=5 batch=3 steps=2 input=4 bias=1 h0=1 c0=1 yh=1 yc=1",
    "cell=gru hidden=5 batch=2 steps=3 input=3 bias=1 yh=1",
    "cell=gru hidden=4 batch=5 steps=2 input=6 lbr=1 bias=1 h0=1 dir=both lens=device",
    "cell=rnn hidden=6 batch=1 steps=3 input=7 bias=1 bm=1",
    "cell=lstm hidden=6 proj=3 batch=2 steps=2 input=4 layers=2 peep=1 clip=1",
    "cell=lstm hidden=5 batch=1 steps=2 w=i8 prepack=1",
    "cell=lstm hidden=4 batch=2 steps=2 dtype=f16 yh=1 yc=1 prepack=1",
    "cell=gru hidden=19 batch=2 steps=2 w=bf16 prepack=1",
};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint32_t seed = 1;

static double uniform(void) {
    seed = seed * 1664525u + 1013904223u;
    return (double)(seed >> 8) / 16777216.0;
}

static void put(void *data, arete_dtype type, int64_t at, double x) {
    switch (type) {
    case ARETE_F32: ((float *)data)[at] = (float)x; break;
    case ARETE_F16: ((uint16_t *)data)[at] = arete_f16_from_f32((float)x); break;
    case ARETE_BF16: ((uint16_t *)data)[at] = arete_bf16_from_f32((float)x); break;
    case ARETE_F64: ((double *)data)[at] = x; break;
    case ARETE_I64: ((int64_t *)data)[at] = (int64_t)floor(x); break;
    case ARETE_BOOL: ((uint8_t *)data)[at] = x >= 0.5; break;
    case ARETE_I8: ((int8_t *)data)[at] = (int8_t)floor(x); break;
    case ARETE_U8: ((uint8_t *)data)[at] = (uint8_t)floor(x); break;
    case ARETE_I32: ((int32_t *)data)[at] = (int32_t)floor(x); break;
    default: break;
    }
}

static double get(const void *data, arete_dtype type, int64_t at) {
    switch (type) {
    case ARETE_F32: return (double)((const float *)data)[at];
    case ARETE_F16: return (double)arete_f32_from_f16(((const uint16_t *)data)[at]);
    case ARETE_BF16: return (double)arete_f32_from_bf16(((const uint16_t *)data)[at]);
    case ARETE_F64: return ((const double *)data)[at];
    case ARETE_I32: return (double)((const int32_t *)data)[at];
    case ARETE_I64: return (double)((const int64_t *)data)[at];
    case ARETE_BOOL:
    case ARETE_I8: return (double)((const int8_t *)data)[at];
    case ARETE_U8: return (double)((const uint8_t *)data)[at];
    default: return NAN;
    }
}

/* Half a unit in the last place of the type that stores. */
static double rounding(arete_dtype type, double x) {
    int bits = type == ARETE_F16 ? 11 : type == ARETE_BF16 ? 8 : type == ARETE_F64 ? 53 : 24;
    if (type == ARETE_I8 || type == ARETE_U8)
        return 0.5;
    if (type == ARETE_I32 || type == ARETE_I64 || type == ARETE_BOOL)
        return 0;
    return ldexp(4 * fabs(x), -bits) + (type == ARETE_F16 ? 1e-7 : 0);
}

typedef struct test {
    size_t count, bytes[AR_MAX_OPERANDS];
    ar_operand operands[AR_MAX_OPERANDS];
    arete_tensor tensors[AR_MAX_OPERANDS];
    char *host[AR_MAX_OPERANDS];
} test;

static arete_status fill(test *t, arete_device *device, arete_queue *queue) {
    for (size_t i = 0; i < t->count; ++i) {
        arete_tensor *tensor = &t->tensors[i];
        *tensor = t->operands[i].tensor;
        size_t element = arete_dtype_size(tensor->dtype), used = (size_t)arete_tensor_extent(tensor);
        tensor->offset = SLACK * element;
        t->bytes[i] = used + 2 * SLACK * element;
        t->host[i] = malloc(t->bytes[i]);
        if (!t->host[i])
            return ARETE_E_MEMORY;
        memset(t->host[i], 0xff, t->bytes[i]);
        double low = t->operands[i].low, width = t->operands[i].high - low;
        for (size_t at = 0; at < used / element && t->operands[i].role != AR_OUTPUT; ++at)
            put(t->host[i] + tensor->offset, tensor->dtype, (int64_t)at, low + width * uniform());
        arete_status status = arete_buffer_create(device, t->bytes[i], &tensor->buffer);
        if (status == ARETE_OK)
            status = arete_queue_write(queue, tensor->buffer, 0, t->bytes[i], t->host[i], ARETE_WAIT_NONE, NULL);
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

/* How many elements of output o are wrong; got is the whole buffer. */
static size_t wrong(const ar_casework *work, const test *t, const void *problem, const arete_plan *plan, size_t o,
                    const char *got) {
    const arete_tensor *tensor = &t->tensors[o];
    const void *host[AR_MAX_OPERANDS];
    int64_t total = 1;
    size_t bad = 0;
    for (size_t i = 0; i < t->count; ++i)
        host[i] = t->host[i] + t->tensors[i].offset;
    for (uint32_t d = 0; d < tensor->rank; ++d)
        total *= tensor->dims[d];
    double tolerance = work->tolerance(problem, plan, o);
    for (int64_t at = 0; at < total; ++at) {
        int64_t rest = at, place = 0;
        for (uint32_t d = tensor->rank; d-- > 0; rest /= tensor->dims[d])
            place += rest % tensor->dims[d] * tensor->strides[d];
        double want, magnitude;
        work->expect(problem, host, o, &at, 1, &want, &magnitude);
        if (tensor->dtype == ARETE_I8 || tensor->dtype == ARETE_U8)
            want = fmin(fmax(want, tensor->dtype == ARETE_I8 ? -128 : 0), tensor->dtype == ARETE_I8 ? 127 : 255);
        double error = fabs(get(got + tensor->offset, tensor->dtype, place) - want);
        bad += !(error <= tolerance * magnitude + rounding(tensor->dtype, want));
    }
    return bad;
}

static arete_status check(const ar_casework *work, test *t, const void *problem, const arete_plan *plan,
                          arete_queue *queue, size_t *bad) {
    for (size_t o = 0; o < t->count; ++o) {
        if (t->operands[o].role != AR_OUTPUT && t->operands[o].role != AR_INOUT)
            continue;
        char *got = malloc(t->bytes[o]);
        if (!got)
            return ARETE_E_MEMORY;
        arete_status status =
            arete_queue_read(queue, t->tensors[o].buffer, 0, t->bytes[o], got, ARETE_WAIT_NONE, NULL);
        if (status == ARETE_OK)
            *bad += wrong(work, t, problem, plan, o, got);
        free(got);
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

/* Runs one case through one solver. ran: false where the solver does not take it, which is no failure. */
static bool run_case(arete_device *device, arete_queue *queue, const ar_casework *work, const char *text,
                     const char *solver, bool *ran) {
    void *problem = calloc(1, work->case_bytes);
    arete_plan *plan = NULL;
    arete_buffer *packed = NULL;
    test t = {0};
    size_t bad = 0;
    arete_status status = problem ? work->parse(text, problem) : ARETE_E_MEMORY;
    if (status == ARETE_OK) {
        t.count = work->operands(problem, t.operands);
        status = work->plan(device, problem, solver, &plan);
        *ran = status != ARETE_E_UNSUPPORTED;
        if (!*ran) {
            free(problem);
            return true;
        }
    }
    if (status == ARETE_OK)
        status = fill(&t, device, queue);
    if (status == ARETE_OK && work->pack)
        status = work->pack(plan, queue, problem, t.tensors, &packed);
    if (status == ARETE_OK)
        status = work->run(plan, queue, problem, t.tensors, packed, NULL, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = check(work, &t, problem, plan, queue, &bad);
    if (status != ARETE_OK || bad > 0)
        printf("FAILED: %s, solver %s: %zu wrong elements, %s %s\n", text, solver, bad, arete_status_name(status),
               status == ARETE_OK ? "" : arete_error_text());
    for (size_t i = 0; i < t.count; ++i) {
        arete_buffer_release(t.tensors[i].buffer);
        free(t.host[i]);
    }
    arete_buffer_release(packed);
    arete_plan_release(plan);
    free(problem);
    return status == ARETE_OK && bad == 0;
}

/* The index-th pair of a solver with parameters and a case; false past the end. */
static bool pair(size_t index, const char **solver, const char **text) {
    *text = cases[index % COUNT(cases)];
    index /= COUNT(cases);
    for (size_t s = 0; ar_matmul_solvers[s]; ++s) {
        const char *name = ar_matmul_solvers[s]->name;
        bool variants = strcmp(name, "gpu_tiled") == 0;
        size_t count = variants ? COUNT(tiled) : 1;
        if (strcmp(name, "reference") == 0 || strcmp(name, "clblast") == 0)
            continue; /* no kernels of ours */
        if (index < count) {
            *solver = variants ? tiled[index] : name;
            return true;
        }
        index -= count;
    }
    return false;
}

static bool attention_pair(size_t index, const char **solver, const char **text) {
    static const char *const solvers[] = {"cpu_flash", "decode", "gpu_flash", "two_pass"};
    *text = attention_cases[index % COUNT(attention_cases)];
    index /= COUNT(attention_cases);
    *solver = index < COUNT(solvers) ? solvers[index] : NULL;
    return *solver;
}

static bool layer_pair(size_t index, const char **solver, const char **text) {
    *text = layer_cases[index % COUNT(layer_cases)];
    index /= COUNT(layer_cases);
    *solver = index == 0 ? "cpu" : index == 1 ? "gpu" : NULL;
    return *solver;
}

static bool rnn_pair(size_t index, const char **solver, const char **text) {
    static const char *const solvers[] = {"stepwise", "stepwise:group=1", "persistent:groups=1", "persistent:groups=3"};
    *text = rnn_cases[index % COUNT(rnn_cases)];
    index /= COUNT(rnn_cases);
    *solver = index < COUNT(solvers) ? solvers[index] : NULL;
    return *solver;
}

static bool conv_pair(size_t index, const char **solver, const char **text) {
    *text = conv_cases[index % COUNT(conv_cases)];
    index /= COUNT(conv_cases);
    for (size_t s = 0; ar_conv_solvers[s]; ++s) {
        if (strcmp(ar_conv_solvers[s]->name, "reference") == 0)
            continue;
        if (index-- == 0) {
            *solver = ar_conv_solvers[s]->name;
            return true;
        }
    }
    return false;
}

/* Kernels with one fault each: what must show up in the log, or else an empty log proves nothing. */
static const char plants[] =
    "__kernel void race(__global int *x) { x[0] = (int)get_global_id(0); }\n"
    "__kernel void bounds(__global int *x) { x[get_global_id(0) + 1] = 1; }\n"
    "__kernel void uninitialized(__global int *x) {\n"
    "    __local int y[8];\n    if (y[get_local_id(0)] > 3)\n        x[get_global_id(0)] = 1;\n}\n"
    "__kernel void none(__global int *x) { x[get_global_id(0)] = 1; }\n";

static bool run_plant(arete_device *device, arete_queue *queue, const char *name) {
    const ar_source source = {"planted.cl", plants, sizeof plants - 1};
    const ar_kernel *kernel = NULL;
    arete_buffer *buffer = NULL;
    arete_status status = ar_kernel_get(device, &source, "", name, &kernel);
    if (status == ARETE_OK)
        status = arete_buffer_create(device, 8 * sizeof(int), &buffer);
    if (status == ARETE_OK) {
        const ar_arg args[] = {AR_BUFFER(buffer)};
        ar_launch launch = {.kernel = kernel, .dims = 1, .global = {8, 1, 1}, .local = {8, 1, 1}, .args = args,
                            .arg_count = 1};
        status = ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL);
    }
    if (status == ARETE_OK)
        status = arete_queue_finish(queue);
    if (status != ARETE_OK)
        printf("FAILED: planting %s: %s\n", name, arete_error_text());
    arete_buffer_release(buffer);
    return status == ARETE_OK;
}

int main(int argc, char **argv) {
    arete_context *context = NULL;
    arete_device *device = NULL;
    arete_queue *queue = NULL;
    bool fine = false;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 3) {
        fprintf(stderr, "usage: oclgrind_cases matmul|conv|attention|layer|rnn INDEX | "
                        "plant race|bounds|uninitialized|none\n");
        return 2;
    }
    static const struct {
        const char *name;
        const ar_casework *work;
        bool (*pair)(size_t, const char **, const char **);
    } modes[] = {{"matmul", &ar_matmul_casework, pair},
                 {"conv", &ar_conv_casework, conv_pair},
                 {"attention", &ar_attention_casework, attention_pair},
                 {"layer", &ar_layer_casework, layer_pair},
                 {"rnn", &ar_rnn_casework, rnn_pair}};
    bool ran = true, plant = strcmp(argv[1], "plant") == 0;
    const char *solver = NULL, *text = NULL;
    size_t mode = 0;
    while (!plant && mode + 1 < COUNT(modes) && strcmp(argv[1], modes[mode].name) != 0)
        ++mode;
    if (!plant && !modes[mode].pair(strtoul(argv[2], NULL, 10), &solver, &text))
        return PAST_END;
    if (arete_context_create(NULL, &context) == ARETE_OK &&
        arete_device_find(context, "Oclgrind", &device) == ARETE_OK &&
        arete_queue_create(device, 0, &queue) == ARETE_OK)
        fine = plant ? run_plant(device, queue, argv[2])
                     : run_case(device, queue, modes[mode].work, text, solver, &ran);
    else
        printf("FAILED: %s\n", arete_error_text());
    arete_queue_release(queue);
    arete_context_release(context);
    if (!plant)
        printf("%s: %s, %s\n", !fine ? "FAILED" : ran ? "ok" : "not taken", solver, text);
    return fine ? 0 : 1;
}
