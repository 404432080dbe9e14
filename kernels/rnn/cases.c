/* The lists of cases: shapes that people care about, and combinations that break kernels. */
#include <stdio.h>
#include <string.h>

#include "casework.h"
#include "words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct shape {
    int hidden, batch, steps;
} shape;

/* Weights packed ahead, inputs as many as hidden units, as DeepBench has it. */
static void put(const char *cell, shape s, const char *more, char *text, size_t bytes) {
    snprintf(text, bytes, "cell=%s hidden=%d batch=%d steps=%d bias=1 prepack=1%s", cell, s.hidden, s.batch,
             s.steps, more);
}

static bool lstm(size_t index, char *text, size_t bytes) {
    static const shape f32[] = {{128, 1, 50},  {256, 1, 150},  {512, 1, 25},  {1024, 1, 25}, {2048, 1, 25},
                                {512, 16, 25}, {1024, 32, 10}, {1760, 16, 5}, {2048, 4, 25}};
    static const shape f16[] = {{256, 1, 150}, {512, 1, 25}, {1024, 1, 25}, {2048, 1, 25}};
    static const shape i8[] = {{1024, 1, 25}};
    if (index < COUNT(f32)) {
        put("lstm", f32[index], "", text, bytes);
        return true;
    }
    index -= COUNT(f32);
    if (index < COUNT(f16)) {
        put("lstm", f16[index], " w=f16", text, bytes);
        return true;
    }
    index -= COUNT(f16);
    if (index >= 2 * COUNT(i8))
        return false;
    put("lstm", i8[index / 2], index % 2 ? " w=bf16" : " w=i8", text, bytes);
    return true;
}

/* linear_before_reset as in cuDNN and PyTorch; the last one as ONNX has it unless told. */
static bool gru(size_t index, char *text, size_t bytes) {
    static const shape list[] = {{512, 1, 25}, {1536, 4, 375}, {2816, 4, 187}, {512, 1, 25}};
    if (index >= COUNT(list))
        return false;
    put("gru", list[index], index < 3 ? " lbr=1" : "", text, bytes);
    return true;
}

static bool plain(size_t index, char *text, size_t bytes) {
    static const shape list[] = {{32, 1, 672}, {64, 1, 96}, {1760, 16, 10}};
    if (index >= COUNT(list))
        return false;
    put("rnn", list[index], "", text, bytes);
    return true;
}

/* One step and a few, the state going on in place. */
static bool streaming(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "cell=lstm hidden=256 batch=1 steps=1 bias=1 h0=1 c0=1 yh=1 yc=1 prepack=1",
        "cell=lstm hidden=256 batch=1 steps=4 bias=1 h0=1 c0=1 yh=1 yc=1 prepack=1",
        "cell=gru hidden=256 batch=1 steps=1 lbr=1 bias=1 h0=1 yh=1 prepack=1",
        "cell=rnn hidden=256 batch=1 steps=1 bias=1 h0=1 yh=1 prepack=1",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

/* hidden, batch, steps of Baidu DeepBench's inference-server set (Apache-2.0), LSTM and then GRU. Steps are capped,
 * at 25 for the GRUs of 2048 and more: at full length one call takes seconds. */
static bool deepbench(size_t index, char *text, size_t bytes) {
    static const shape lstms[] = {{512, 1, 25},  {512, 2, 25},  {512, 4, 25},  {1024, 1, 25}, {1024, 2, 25},
                                  {1024, 4, 25}, {2048, 1, 25}, {2048, 2, 25}, {2048, 4, 25}, {1536, 1, 50},
                                  {1536, 2, 50}, {1536, 4, 50}, {256, 1, 150}, {256, 2, 150}, {256, 4, 150}};
    static const shape grus[] = {{2816, 1, 25}, {2816, 2, 25}, {2816, 4, 25}, {2048, 1, 25}, {2048, 2, 25},
                                 {2048, 4, 25}, {1536, 1, 50}, {1536, 2, 50}, {1536, 4, 50}};
    if (index < COUNT(lstms)) {
        put("lstm", lstms[index], "", text, bytes);
        return true;
    }
    index -= COUNT(lstms);
    if (index >= COUNT(grus))
        return false;
    put("gru", grus[index], " lbr=1", text, bytes);
    return true;
}

/* Hidden sizes around the vector widths, batches from 1 to 17, steps 0 and 1, nothing to read. */
static bool edges(size_t index, char *text, size_t bytes) {
    static const int sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 80, 100};
    static const char *const cells[] = {"lstm", "gru", "gru lbr=1", "rnn"};
    static const char *const others[] = {
        "cell=lstm hidden=16 batch=3 steps=0 yh=1 yc=1 h0=1 c0=1",
        "cell=lstm hidden=16 batch=0 steps=3",
        "cell=gru hidden=5 batch=2 steps=4 input=0",
        "cell=lstm hidden=33 batch=2 steps=1 yh=1 yc=1",
        "cell=gru hidden=300 batch=1 steps=3 input=5 prepack=1",
        "cell=lstm hidden=200 batch=2 steps=3 input=300 bias=1 prepack=1",
        "cell=rnn hidden=270 batch=9 steps=3 input=40 yh=1",
        "cell=lstm hidden=20 batch=2 steps=3 lens=device dir=both yout=0 yh=1 yc=1",
        "cell=lstm hidden=24 batch=40 steps=3 bias=1",
        "cell=lstm hidden=19 batch=3 steps=4 input=6 dir=both xs=50x11 ys=200x60x20",
        "cell=gru hidden=19 batch=3 steps=4 input=6 bm=1 dir=both xs=11x50 ys=60x20x300",
    };
    size_t count = 4 * COUNT(sizes);
    if (index >= count)
        return ar_case_text(others, COUNT(others), index - count, text, bytes);
    int hidden = sizes[index / 4];
    snprintf(text, bytes, "cell=%s hidden=%d batch=%d steps=%d input=%d bias=%d yh=1", cells[index % 4], hidden,
             (int)(index % 17 + 1), (int)(index % 5 + 1), sizes[(index * 7 + 3) % COUNT(sizes)],
             (int)(index / 2 % 2));
    return true;
}

/* Each activation where it can stand. */
static bool activations(size_t index, char *text, size_t bytes) {
    static const char *const acts[] = {
        "relu",     "leaky_relu", "tanh",        "sigmoid",         "elu", "hard_sigmoid", "softplus",
        "softsign", "affine",     "scaled_tanh", "thresholded_relu"};
    if (index >= COUNT(acts) + 2)
        return false;
    if (index < COUNT(acts))
        snprintf(text, bytes, "cell=rnn hidden=20 batch=3 steps=5 input=9 bias=1 f=%s", acts[index]);
    else
        snprintf(text, bytes,
                 "cell=%s hidden=9 batch=3 steps=5 bias=1 dir=both f=hard_sigmoid g=elu galpha=0.4 "
                 "f2=sigmoid g2=scaled_tanh g2alpha=0.5 g2beta=2",
                 index % 2 ? "lstm" : "gru");
    return true;
}

static bool types(size_t index, char *text, size_t bytes) {
    static const char *const words[] = {
        "w=f16",
        "w=bf16",
        "w=i8",
        "dtype=f16",
        "dtype=bf16",
        "dtype=f16 w=i8",
        "dtype=bf16 w=i8 y=f32",
        "dtype=f16 state=f32 b=f16",
    };
    static const char *const shapes[] = {
        "cell=lstm hidden=37 batch=3 steps=4 input=21 bias=1 h0=1 c0=1 yh=1 yc=1",
        "cell=gru hidden=70 batch=1 steps=3 lbr=1 bias=1 dir=both lens=device h0=1 yh=1",
        "cell=gru hidden=40 batch=5 steps=3 input=64 bias=1 prepack=1",
        "cell=lstm hidden=48 proj=20 batch=2 steps=3 layers=2 peep=1 h0=1 yh=1 prepack=1",
        "cell=rnn hidden=130 batch=7 steps=2 input=50 bias=1 yh=1",
    };
    if (index >= COUNT(words) * COUNT(shapes))
        return false;
    const char *shape_text = shapes[index % COUNT(shapes)], *type = words[index / COUNT(shapes)];
    bool half_bias = strstr(type, "b=f16") && !strstr(shape_text, "bias=1") && !strstr(shape_text, "peep=1");
    snprintf(text, bytes, "%s %s", shape_text, half_bias ? "dtype=f16" : type);
    return true;
}

/* A choice of 0..n-1 that hangs on the index and on what is chosen. */
static unsigned pick(size_t index, unsigned what, unsigned n) {
    uint64_t x = (index + 1) * 0x9e3779b97f4a7c15u + what * 0xd1342543de82ef95u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((x ^ (x >> 31)) % n);
}

/* Every attribute against every other, drawn at random but always alike. */
static bool sweep(size_t index, char *text, size_t bytes) {
    static const char *const cells[] = {"lstm", "gru", "rnn"}, *const dirs[] = {"forward", "reverse", "both"};
    static const char *const acts[3][2] = {
        {"f=hard_sigmoid g=softsign h=scaled_tanh hbeta=0.5", "f=affine falpha=0.3 g=leaky_relu galpha=0.2 h=elu"},
        {"f=hard_sigmoid g=softplus", "f=softsign g=thresholded_relu galpha=0.1"},
        {"f=relu", "f=elu falpha=0.5"}};
    if (index >= 210)
        return false;
    unsigned cell = (unsigned)(index % 3), dir = pick(index, 1, 3), at = 0;
#define PUT(...) at += (unsigned)snprintf(text + at, bytes - at, __VA_ARGS__)
    PUT("cell=%s hidden=%u batch=%u steps=%u input=%u", cells[cell], 1 + pick(index, 2, 40), 1 + pick(index, 3, 7),
        pick(index, 4, 6), 1 + pick(index, 5, 40));
    PUT(" dir=%s layers=%u", dirs[dir], 1 + (pick(index, 6, 3) == 0) + (pick(index, 6, 9) == 0));
    PUT(" bm=%u order=%s lens=%s", pick(index, 7, 2), pick(index, 8, 3) ? "onnx" : "torch",
        pick(index, 9, 2) ? "device" : "none");
    PUT(" bias=%u h0=%u yh=%u prepack=%u", pick(index, 10, 2), pick(index, 11, 2), pick(index, 12, 2),
        pick(index, 13, 2));
    if (cell == 0) {
        PUT(" peep=%u c0=%u yc=%u iforget=%u", pick(index, 14, 2), pick(index, 15, 2), pick(index, 16, 2),
            pick(index, 17, 3) == 0);
        if (pick(index, 18, 3) == 0)
            PUT(" proj=%u", 1 + pick(index, 19, 24));
    }
    if (cell == 1)
        PUT(" lbr=%u", pick(index, 20, 2));
    if (pick(index, 21, 3) == 0)
        PUT(" clip=%g", 0.25 * (1 + pick(index, 22, 4)));
    if (index % 7 == 0) /* the quick selftest's: programs of the default activations alone, which compile once */
        return true;
    if (pick(index, 23, 4) == 0)
        PUT(" %s", acts[cell][pick(index, 24, 2)]);
    else if (dir == 2 && pick(index, 25, 4) == 0)
        PUT(" f2=hard_sigmoid f2alpha=0.25");
    return true;
#undef PUT
}

/* Drift over many steps; large enough to have several blocks of everything. */
static bool lengthy(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "cell=lstm hidden=64 batch=1 steps=10000 bias=1 yh=1 yc=1 prepack=1",
        "cell=gru hidden=48 batch=2 steps=10000 lbr=1 bias=1 yh=1 prepack=1",
        "cell=rnn hidden=40 batch=1 steps=10000 bias=1 yh=1",
        "cell=lstm hidden=600 batch=20 steps=7 input=700 bias=1 dir=both lens=device yh=1 prepack=1",
        "cell=gru hidden=500 batch=33 steps=5 input=100 bias=1 yh=1 prepack=1",
        "cell=lstm hidden=700 proj=300 batch=6 steps=6 layers=2 dir=both bias=1 prepack=1",
        "cell=lstm hidden=512 batch=3 steps=40 w=i8 bias=1 prepack=1",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

const ar_case_list ar_rnn_lists[AR_RNN_LISTS] = {
    {"lstm", "LSTM layers: small batches; f16, bf16 and int8 weights", lstm, true, false},
    {"gru", "GRU layers", gru, true, false},
    {"plain", "RNN layers", plain, true, false},
    {"streaming", "one step and a few; latency of calls that are waited for", streaming, true, false},
    {"deepbench", "DeepBench inference-server LSTM and GRU, steps capped", deepbench, true, false},
    {"edges", "sizes around vectors, batches, no steps", edges, false, false},
    {"activations", "each activation", activations, false, false},
    {"types", "storage types", types, false, false},
    {"sweep", "every attribute against every other", sweep, false, false},
    {"lengthy", "10,000 steps; several blocks of everything", lengthy, false, true},
};
