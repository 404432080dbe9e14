/* The lists of cases: shapes that people care about, and shapes that break kernels. */
#include <stdio.h>

#include "casework.h"
#include "words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const int lengths[] = {128, 512, 1024, 2048};

/* A layer of BERT-base: 12 heads of 64. */
static bool self(size_t index, char *text, size_t bytes) {
    if (index >= COUNT(lengths))
        return false;
    snprintf(text, bytes, "b=1 hq=12 sq=%d d=64", lengths[index]);
    return true;
}

static bool causal(size_t index, char *text, size_t bytes) {
    if (index >= COUNT(lengths))
        return false;
    snprintf(text, bytes, "b=1 hq=12 sq=%d d=64 causal=1", lengths[index]);
    return true;
}

/* Head sizes of other networks, and a Llama's 32 query heads on 8. */
static bool heads(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "b=1 hq=12 sq=1024 d=80",
        "b=1 hq=12 sq=1024 d=96",
        "b=1 hq=12 sq=1024 d=128",
        "b=1 hq=8 sq=1024 d=256",
        "b=1 hq=32 hkv=8 sq=1024 d=128",
        "b=1 hq=32 hkv=8 sq=1024 d=128 causal=1",
        "b=1 hq=12 sq=1024 d=64 dtype=f16",
        "b=1 hq=12 sq=1024 d=64 mask=f32 maskdims=1x1x1024x1024",
        "b=1 hq=12 sq=1024 d=64 layout=packed",
        "b=1 hq=12 sq=4096 d=64",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

/* One token against what came before. No lengths per sequence: what is timed must be known work. */
static bool cached(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "b=1 hq=32 sq=1 skv=4096 d=128 kv=f16",
        "b=1 hq=32 sq=1 skv=4096 d=128",
        "b=1 hq=32 sq=1 skv=4096 d=128 kv=bf16",
        "b=1 hq=32 hkv=8 sq=1 skv=4096 d=128 kv=f16",
        "b=1 hq=12 sq=1 skv=1024 d=64",
        "b=8 hq=32 hkv=8 sq=1 skv=1024 d=128 kv=f16",
        "b=1 hq=32 hkv=8 sq=1 d=128 capacity=4096 cache=f16 past=4095",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

/* What is special: masks of every shape, offsets, windows, lengths, caches, rotations, layouts, nothing at all. */
static const char *const special[] = {
    "b=2 hq=3 sq=5 d=16",
    "b=2 hq=4 hkv=2 sq=7 skv=9 d=20 dv=12",
    "b=1 hq=6 hkv=1 sq=3 skv=33 d=64",
    "b=1 hq=1 sq=1 d=1",
    "b=1 hq=1 sq=3 skv=1 d=5",
    "b=1 hq=2 sq=40 skv=70 d=33 dv=7",
    "b=1 hq=1 sq=17 skv=19 d=3 dv=130",
    "b=1 hq=2 sq=20 skv=300 d=64 scale=0.3",
    "b=1 hq=2 sq=20 skv=30 d=64 scale=-0.5",
    "b=1 hq=2 sq=20 skv=300 d=16 scale=40",
    "b=1 hq=2 sq=20 skv=30 d=64 softcap=2.5",
    "b=1 hq=2 sq=64 d=64 causal=1",
    "b=1 hq=2 sq=37 d=24 causal=1",
    "b=1 hq=2 sq=20 skv=50 d=32 causal=1",
    "b=1 hq=2 sq=50 skv=20 d=32 causal=1",
    "b=1 hq=2 sq=20 skv=50 d=32 causal=1 shift=30",
    "b=1 hq=2 sq=20 skv=50 d=32 causal=1 shift=-7",
    "b=1 hq=1 sq=20 skv=50 d=32 causal=1 shift=-30",
    "b=1 hq=2 sq=70 d=16 causal=1 window=9",
    "b=1 hq=2 sq=70 d=16 window=40",
    "b=1 hq=1 sq=600 d=16 causal=1 window=100",
    "b=1 hq=2 sq=300 skv=600 d=16 causal=1 shift=300",
    "b=3 hq=2 sq=11 skv=45 d=16 lens=each",
    "b=3 hq=2 sq=11 skv=45 d=16 lens=one lenstype=i64",
    "b=3 hq=2 sq=11 skv=45 d=16 lens=each causal=1",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=bool",
    "b=2 hq=3 sq=33 skv=70 d=16 mask=bool maskdims=1x1x33x70",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=bool maskdims=2x1x1x21",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=bool maskdims=1x3x10x1",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=bool maskdims=1x1x1x1",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=f32",
    "b=2 hq=3 sq=40 skv=81 d=16 mask=f32 maskdims=1x3x40x81",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=f16 maskdims=2x1x10x21",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=bf16 maskdims=1x1x1x21",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=f32 maskdims=1x1x10x15",
    "b=2 hq=3 sq=10 skv=21 d=16 mask=f32 masksteps=700x230x23x1",
    "b=1 hq=3 sq=60 d=16 mask=bool causal=1 softcap=3",
    "b=1 hq=2 sq=30 d=32 mask=f32 causal=1 window=12",
    "b=1 hq=2 sq=10 skv=21 d=16 dtype=f16",
    "b=1 hq=2 sq=10 skv=21 d=16 dtype=bf16",
    "b=1 hq=2 sq=50 skv=61 d=40 dtype=f16 y=f32",
    "b=1 hq=2 sq=50 skv=61 d=40 kv=f16",
    "b=1 hq=2 sq=50 skv=61 d=40 dtype=bf16 kv=f32 mask=bf16",
    "b=2 hq=4 hkv=2 sq=9 d=24 layout=packed",
    "b=2 hq=4 hkv=2 sq=40 skv=50 d=16 dv=24 layout=packed causal=1",
    "b=2 hq=2 sq=9 d=16 qs=700x300x20 ks=800x400x24 vs=900x350x17 ys=1000x480x31",
    "b=2 hq=2 sq=9 d=16 ks=0x0x16",
    "b=2 hq=4 hkv=2 sq=4 d=16 capacity=20 past=9",
    "b=2 hq=4 hkv=2 sq=4 d=16 capacity=20 past=9 causal=1",
    "b=2 hq=4 hkv=2 sq=4 d=16 capacity=20 pasts=each causal=1",
    "b=2 hq=4 hkv=2 sq=40 d=16 capacity=120 pasts=one pasttype=i64 causal=1",
    "b=2 hq=4 hkv=2 sq=1 d=16 capacity=20 pasts=each cache=f16",
    "b=2 hq=4 hkv=2 sq=1 d=64 capacity=20 past=0",
    "b=2 hq=4 hkv=2 sq=2 d=16 dv=8 capacity=20 fresh=0 pasts=each",
    "b=2 hq=4 hkv=2 sq=5 d=16 capacity=20 past=17 fresh=0 causal=1",
    "b=2 hq=4 hkv=2 sq=3 d=16 capacity=20 past=8 lens=each mask=f32",
    "b=2 hq=4 hkv=2 sq=4 d=16 capacity=20 past=3 mask=bool maskdims=1x1x4x7",
    "b=2 hq=4 hkv=2 sq=4 d=16 capacity=20 past=5 cache=bf16 kcs=900x400x20 vcs=800x400x17",
    "b=2 hq=3 sq=9 d=16 rotary=halves table=9",
    "b=2 hq=3 sq=9 d=64 rotary=pairs table=9",
    "b=2 hq=3 sq=9 d=80 rotary=halves rotdim=50 table=30 qpos=i64 kpos=i64",
    "b=2 hq=4 hkv=1 sq=9 d=24 rotary=pairs rotdim=10 table=30 qpos=i32 kpos=i32",
    "b=2 hq=3 sq=9 d=16 rotary=halves",
    "b=2 hq=4 hkv=2 sq=3 d=32 rotary=halves table=64 capacity=64 past=20 causal=1 tabletype=f16",
    "b=2 hq=4 hkv=2 sq=3 d=32 rotary=pairs table=64 capacity=64 pasts=each causal=1 cache=f16 dtype=f16",
    "b=2 hq=3 sq=40 d=16 rotary=halves table=40 layout=packed causal=1 dtype=bf16",
    "b=1 hq=2 sq=0 d=16",
    "b=1 hq=2 sq=4 skv=0 d=16",
    "b=0 hq=2 sq=4 d=16",
    "b=1 hq=2 sq=4 d=0 dv=8",
    "b=1 hq=2 sq=4 d=8 dv=0",
    "b=1 hq=2 sq=0 skv=3 d=8 capacity=9 past=2",
};

/* Around the sizes of tiles, panels and blocks. */
static const int tokens[] = {1, 2, 7, 8, 13, 16, 31, 32, 33, 48, 63, 65, 96, 130};
static const int keys[] = {1, 5, 11, 12, 13, 24, 64, 127, 129, 256, 257, 390};
static const int sizes[] = {8, 64, 72, 40, 128, 17};

static bool edges(size_t index, char *text, size_t bytes) {
    if (index < COUNT(special))
        return ar_case_text(special, COUNT(special), index, text, bytes);
    static const char *const more[] = {"", " causal=1", " lens=one causal=1", " mask=bool", " kv=f16"};
    bool quick = index % 7 == 0; /* of the quick selftest: few programs to compile */
    index -= COUNT(special);
    if (index >= COUNT(tokens) * COUNT(keys))
        return false;
    int sq = tokens[index % COUNT(tokens)], skv = keys[index / COUNT(tokens)];
    int d = quick ? 64 : sizes[index % COUNT(sizes)];
    snprintf(text, bytes, "b=1 hq=2 hkv=1 sq=%d skv=%d d=%d%s", sq, skv, d,
             more[index % (quick ? 3 : COUNT(more))]);
    return true;
}

/* Few queries, for the decode solver: rows of a key head, splits, types. */
static bool few(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "b=1 hq=1 sq=1 skv=1 d=64 kv=f16",
        "b=1 hq=4 sq=1 skv=100 d=64 kv=f16",
        "b=1 hq=8 hkv=1 sq=1 skv=517 d=128 kv=f16",
        "b=2 hq=8 hkv=4 sq=1 skv=300 d=96 kv=bf16 lens=each",
        "b=1 hq=6 hkv=2 sq=2 skv=1200 d=80",
        "b=1 hq=2 sq=4 skv=2100 d=64 causal=1 shift=2096",
        "b=1 hq=2 sq=1 skv=3000 d=72 dv=40 mask=f32",
        "b=1 hq=2 sq=3 skv=700 d=64 mask=bool maskdims=1x1x3x700 softcap=4",
        "b=1 hq=1 sq=1 skv=9000 d=32 kv=f16",
        "b=2 hq=4 hkv=2 sq=1 d=64 capacity=400 past=300 rotary=halves table=400 causal=1 cache=f16",
        "b=2 hq=4 hkv=2 sq=1 d=64 capacity=4000 pasts=each causal=1 window=200",
        "b=1 hq=71 hkv=1 sq=1 skv=65 d=64",
        "b=1 hq=2 sq=1 skv=130 d=300 dv=260 kv=f16",
        "b=1 hq=2 sq=1 skv=257 d=129 kv=f16",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

const ar_case_list ar_attention_lists[AR_ATTENTION_LISTS] = {
    {"self", "12 heads of 64, 128 to 2048 tokens", self, true, false},
    {"causal", "the same, causal", causal, true, false},
    {"heads", "head sizes 80 to 256, grouped queries, f16, a mask, packed, 4096 tokens", heads, true, false},
    {"cached", "one token against a cache", cached, true, false},
    {"edges", "masks, offsets, windows, lengths, caches, rotations, sizes around tiles", edges, false, false},
    {"few", "few queries against many keys", few, false, false},
};
