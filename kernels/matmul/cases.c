/* The lists of cases: shapes that people care about, and shapes that break kernels. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "casework.h"
#include "words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool squares(size_t index, char *text, size_t bytes) {
    static const int sizes[] = {256, 512, 1024, 2048, 4096};
    if (index >= COUNT(sizes))
        return false;
    snprintf(text, bytes, "m=%d n=%d k=%d", sizes[index], sizes[index], sizes[index]);
    return true;
}

/* m, n, k of Baidu DeepBench's inference-server set (Apache-2.0), none transposed. Its matrices are column-major
 * and its A holds the weights: row-major that is C' = B' A', so our M is its n, our N its m, and our B the weights.
 */
static const int deepbench_shapes[][3] = {
    {5124, 700, 2048},  {35, 700, 2048},    {5124, 700, 2560},  {35, 700, 2560},    {5124, 1500, 2048},
    {35, 1500, 2048},   {5124, 1500, 2560}, {35, 1500, 2560},   {7680, 1, 2560},    {7680, 2, 2560},
    {7680, 4, 2560},    {3072, 1, 1024},    {3072, 2, 1024},    {3072, 4, 1024},    {512, 1, 500000},
    {1024, 1, 500000},  {512, 2, 500000},   {1024, 2, 500000},  {512, 4, 500000},   {1024, 4, 500000},
    {1024, 700, 512},   {7680, 1500, 2560}, {6144, 1500, 2048}, {4608, 1500, 1536}, {8448, 1500, 2816},
    {3072, 1500, 1024}, {7680, 3000, 2560}, {6144, 3000, 2048}, {4608, 3000, 1536}, {8448, 3000, 2816},
    {3072, 3000, 1024}, {7680, 6000, 2560}, {6144, 6000, 2048}, {4608, 6000, 1536}, {8448, 6000, 2816},
    {3072, 6000, 1024}, {6144, 1, 2048},    {4608, 1, 1536},    {8448, 1, 2816},    {6144, 2, 2048},
    {4608, 2, 1536},    {8448, 2, 2816},    {6144, 4, 2048},    {4608, 4, 1536},    {8448, 4, 2816},
    {512, 1500, 2816},  {512, 1500, 2048},  {512, 1500, 2560},  {512, 1500, 1536},  {1024, 1500, 2816},
    {1024, 1500, 2048}, {1024, 1500, 2560}, {1024, 1500, 1536}, {512, 1, 512},      {1024, 1, 512},
    {512, 3000, 2816},  {512, 3000, 2048},  {512, 3000, 2560},  {512, 3000, 1536},  {1024, 3000, 2816},
    {1024, 3000, 2048}, {1024, 3000, 2560}, {1024, 3000, 1536}, {512, 2, 512},      {1024, 2, 512},
    {512, 6000, 2816},  {512, 6000, 2048},  {512, 6000, 2560},  {512, 6000, 1536},  {1024, 6000, 2816},
    {1024, 6000, 2048}, {1024, 6000, 2560}, {1024, 6000, 1536}, {512, 4, 512},      {1024, 4, 512},
};

static bool deepbench(size_t index, char *text, size_t bytes) {
    if (index >= COUNT(deepbench_shapes))
        return false;
    const int *s = deepbench_shapes[index];
    snprintf(text, bytes, "m=%d n=%d k=%d prepack=1", s[1], s[0], s[2]);
    return true;
}

typedef struct layer {
    int n, k; /* outputs, inputs: weights are [N,K] */
} layer;

static bool layers(const layer *list, size_t count, const int *tokens, size_t token_count, size_t index, char *text,
                   size_t bytes) {
    if (index >= count * token_count)
        return false;
    const layer *l = &list[index % count];
    snprintf(text, bytes, "m=%d n=%d k=%d tb=1 prepack=1", tokens[index / count], l->n, l->k);
    return true;
}

/* BERT-base: queries, keys and values in one product; projection; the two of the MLP. 1 and 8 sequences of 128. */
static bool bert(size_t index, char *text, size_t bytes) {
    static const layer list[] = {{2304, 768}, {768, 768}, {3072, 768}, {768, 3072}};
    static const int tokens[] = {128, 1024};
    return layers(list, COUNT(list), tokens, COUNT(tokens), index, text, bytes);
}

/* A Llama of 7 billion weights: queries, keys and values; projection; gate and up in one; down. */
static bool llama(size_t index, char *text, size_t bytes) {
    static const layer list[] = {{12288, 4096}, {4096, 4096}, {22016, 4096}, {4096, 11008}};
    static const int tokens[] = {128, 512};
    return layers(list, COUNT(list), tokens, COUNT(tokens), index, text, bytes);
}

/* One token through weights of each storage type; then a matrix that is not transposed, and one on the left. */
static bool decode(size_t index, char *text, size_t bytes) {
    static const layer list[] = {{4096, 4096}, {11008, 4096}, {4096, 11008}};
    static const char *const weights[] = {"", " b=f16", " b=bf16", " b=i8 bscale=each"};
    static const char *const others[] = {"m=1 n=4096 k=4096", "m=4096 n=1 k=4096", "m=4 n=4096 k=4096 tb=1"};
    size_t count = COUNT(list) * COUNT(weights);
    if (index >= count)
        return ar_case_text(others, COUNT(others), index - count, text, bytes);
    const layer *l = &list[index / COUNT(weights)];
    snprintf(text, bytes, "m=1 n=%d k=%d tb=1%s", l->n, l->k, weights[index % COUNT(weights)]);
    return true;
}

static bool batched(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "m=128 n=128 k=64 tb=1 batch=12", /* scores of BERT's attention */
        "m=128 n=64 k=128 batch=12",      /* and their values */
        "m=128 n=128 k=64 tb=1 batch=96",
        "m=512 n=512 k=64 tb=1 batch=12",
        "m=16 n=16 k=16 batch=1000",
        "m=64 n=64 k=64 batch=64",
        "m=256 n=256 k=256 batch=16",
        "m=128 n=512 k=512 batch=32 sa=0", /* one A for all */
        "m=64 n=64 k=128 batch=4x8 sa=65536x0 sb=0x8192",
        "m=1 n=64 k=128 batch=96",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

/* Every combination of types that there is. */
static const char *const type_words[] = {
    "",
    "dtype=f16",
    "dtype=f16 c=f32",
    "dtype=bf16",
    "dtype=bf16 c=f32",
    "dtype=f64",
    "b=f16",
    "b=bf16",
    "b=i8 bscale=each",
    "b=u8 bscale=one bzero=one",
    "dtype=f16 b=i8 bscale=each bzero=each",
    "dtype=f16 b=u8 c=f32 bscale=each bzero=one",
    "dtype=bf16 b=i8 bscale=one",
    "dtype=bf16 b=u8 c=f32 bscale=each bzero=each",
    "dtype=i8",
    "dtype=u8",
    "dtype=i8 b=u8",
    "dtype=u8 b=i8",
    "dtype=i8 azero=one bzero=one",
    "dtype=u8 b=i8 azero=each bzero=each",
    "dtype=i8 c=f32",
    "dtype=i8 c=f32 ascale=one bscale=each",
    "dtype=u8 b=i8 c=f16 ascale=each azero=each bscale=each",
    "dtype=i8 b=u8 c=bf16 ascale=one azero=one bscale=one bzero=one",
    "dtype=u8 c=f32 ascale=each azero=one bscale=one bzero=each bias=col act=relu",
};

/* Each over a middling, a one-row and a one-column product, transposed and not. */
static bool types(size_t index, char *text, size_t bytes) {
    static const char *const shapes[] = {"m=67 n=131 k=77", "m=1 n=131 k=300 tb=1", "m=67 n=3 k=77 ta=1"};
    if (index >= COUNT(type_words) * COUNT(shapes))
        return false;
    snprintf(text, bytes, "%s %s", shapes[index % COUNT(shapes)], type_words[index / COUNT(shapes)]);
    return true;
}

static bool dtypes(size_t index, char *text, size_t bytes) {
    static const char *const texts[] = {
        "m=1024 n=1024 k=1024 dtype=f16",
        "m=1024 n=1024 k=1024 dtype=bf16",
        "m=1024 n=1024 k=1024 dtype=f64",
        "m=1024 n=1024 k=1024 dtype=i8",
        "m=1024 n=1024 k=1024 b=f16",
        "m=1024 n=1024 k=1024 b=i8 bscale=each",
        "m=1024 n=1024 k=1024 dtype=u8 b=i8 c=f32 ascale=one azero=one bscale=each",
    };
    return ar_case_text(texts, COUNT(texts), index, text, bytes);
}

/* What is special beside the sizes: epilogues, layouts, batches, nothing at all. */
static const char *const special[] = {
    "m=13 n=37 k=29 alpha=-1.5",
    "m=13 n=37 k=29 beta=1",
    "m=13 n=37 k=29 beta=-0.5 alpha=2",
    "m=13 n=37 k=29 beta=2 cin=f32",
    "m=13 n=37 k=29 beta=2 cin=f32 ldcin=0",
    "m=13 n=37 k=29 beta=2 cin=f32 cinsplat=1",
    "m=13 n=37 k=29 beta=2 cin=f32 cinsplat=1 ldcin=0",
    "m=13 n=37 k=29 beta=1 cin=f32 ldcin=41 ldc=40",
    "m=13 n=37 k=29 dtype=f16 beta=0.5",
    "m=13 n=37 k=29 dtype=f16 beta=0.5 cin=f32 bias=row",
    "m=13 n=37 k=29 dtype=bf16 beta=0.5 cin=bf16 bias=col biastype=bf16",
    "m=13 n=37 k=29 dtype=f64 beta=0.5 alpha=3 bias=col act=tanh",
    "m=13 n=37 k=29 dtype=i8 beta=1",
    "m=13 n=37 k=29 dtype=u8 b=i8 beta=1 cin=i32 azero=each",
    "m=13 n=37 k=29 bias=col",
    "m=13 n=37 k=29 bias=row",
    "m=13 n=37 k=29 bias=row beta=1 alpha=0.25",
    "m=1 n=37 k=29 bias=col act=relu",
    "m=1 n=37 k=29 bias=row",
    "m=37 n=1 k=29 bias=row act=relu",
    "m=37 n=1 k=29 bias=col beta=1",
    "m=3 n=70 k=129 bias=col act=silu tb=1",
    "m=13 n=37 k=29 act=relu",
    "m=13 n=37 k=29 act=leaky_relu slope=0.1",
    "m=13 n=37 k=29 act=leaky_relu slope=-2",
    "m=13 n=37 k=29 act=sigmoid",
    "m=13 n=37 k=29 act=tanh",
    "m=13 n=37 k=29 act=gelu_erf",
    "m=13 n=37 k=29 act=gelu_tanh",
    "m=13 n=37 k=29 act=silu",
    "m=13 n=37 k=29 act=gelu_erf bias=col dtype=f16",
    "m=13 n=37 k=29 lda=31 ldb=40 ldc=64",
    "m=13 n=37 k=29 ta=1 lda=31",
    "m=13 n=37 k=29 tb=1 ldb=31",
    "m=13 n=37 k=29 lda=0",
    "m=40 n=70 k=50 ta=1 tb=1 lda=41 ldb=51 ldc=71",
    "m=7 n=33 k=20 batch=5",
    "m=7 n=33 k=20 batch=5 sa=0",
    "m=7 n=33 k=20 batch=5 sb=0",
    "m=7 n=33 k=20 batch=5 sb=0 bias=row",
    "m=7 n=33 k=20 batch=2x3 sa=0x140 sb=660x0",
    "m=7 n=33 k=20 batch=2x3x2 sa=300x0x140 sb=0x660x0",
    "m=7 n=33 k=20 batch=2x3x2 sa=300x0x140 sb=0x660x0 beta=1 cin=f32 scin=0x231x0",
    "m=7 n=33 k=20 ta=1 tb=1 batch=3 sa=150 sb=700 sc=300 beta=1",
    "m=1 n=33 k=20 batch=9",
    "m=5 n=1 k=20 batch=9 tb=1",
    "m=2 n=2 k=2 batch=700",
    "m=7 n=33 k=20 batch=5 prepack=1",
    "m=7 n=33 k=20 batch=5 sa=0 prepack=1 tb=1",
    "m=13 n=37 k=29 prepack=1",
    "m=13 n=64 k=300 tb=1 prepack=1 dtype=f16",
    "m=1 n=101 k=300 prepack=1",
    "m=4 n=101 k=300 prepack=1 b=i8 bscale=each bzero=each",
    "m=30 n=101 k=300 prepack=1 dtype=i8 azero=one bzero=each",
    "m=9 n=40 k=600 prepack=1 dtype=f64",
    "m=13 n=37 k=0",
    "m=13 n=37 k=0 beta=0.5 bias=col act=relu",
    "m=13 n=37 k=0 prepack=1 bias=row",
    "m=1 n=37 k=0 bias=col act=tanh",
    "m=13 n=37 k=0 dtype=i8",
    "m=0 n=37 k=29",
    "m=13 n=0 k=29",
    "m=13 n=37 k=29 batch=0",
    "m=0 n=0 k=0",
    "m=1 n=1 k=1",
    "m=1 n=1 k=5000",
    "m=2 n=3 k=20000",
    "m=1 n=2000 k=1",
    "m=300 n=1 k=1",
    "m=70 n=70 k=1030",
    "m=280 n=530 k=520 ta=1",
    "m=530 n=280 k=260 tb=1 bias=col act=relu",
};

/* Sizes around vector widths (4, 8, 16), tile rows (6, 12, 24), panels (8, 16, 32), passes over K (256), sampled:
 * the step and the number of combinations have no common divisor, so no combination comes twice. */
static bool edges(size_t index, char *text, size_t bytes) {
    static const int m[] = {1, 2, 5, 8, 11, 12, 13, 23, 25, 47, 64, 97};
    static const int n[] = {1, 3, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 65, 100, 128, 160};
    static const int k[] = {1, 2, 7, 16, 33, 64, 255, 256, 257, 530};
    const size_t all = COUNT(m) * COUNT(n) * COUNT(k) * 4, sampled = 320, step = 4057;
    if (index < COUNT(special))
        return ar_case_text(special, COUNT(special), index, text, bytes);
    index -= COUNT(special);
    if (index >= sampled)
        return false;
    size_t at = index * step % all;
    const char *const transposes[] = {"", " ta=1", " tb=1", " ta=1 tb=1"};
    const char *trans = transposes[at % 4];
    at /= 4;
    int k_value = k[at % COUNT(k)];
    at /= COUNT(k);
    snprintf(text, bytes, "m=%d n=%d k=%d%s", m[at / COUNT(n)], n[at % COUNT(n)], k_value, trans);
    return true;
}

/* Every M from 1 to past two tiles of 12 rows with every N from 1 to past two panels of 32; every K to past the
 * unrolling, and around one and two passes; each in one of the four transposes, which take turns. */
static bool sweep(size_t index, char *text, size_t bytes) {
    enum { ROWS = 29, COLUMNS = 67, SHORT = 70, AROUND = 5 };
    static const char *const transposes[] = {"", " ta=1", " tb=1", " ta=1 tb=1"};
    static const int passes[] = {256, 512, 1024};
    if (index < ROWS * COLUMNS) {
        size_t m = index / COLUMNS, n = index % COLUMNS;
        snprintf(text, bytes, "m=%zu n=%zu k=19%s", m + 1, n + 1, transposes[(m + n) % 4]);
        return true;
    }
    index -= ROWS * COLUMNS;
    size_t trans = index % 4, at = index / 4;
    if (at >= SHORT + COUNT(passes) * AROUND)
        return false;
    size_t k = at < SHORT ? at + 1 : (size_t)passes[(at - SHORT) / AROUND] + (at - SHORT) % AROUND - AROUND / 2;
    snprintf(text, bytes, "m=14 n=35 k=%zu%s", k, transposes[trans]);
    return true;
}

const ar_case_list ar_matmul_lists[AR_MATMUL_LISTS] = {
    {"squares", "square f32 products, 256 to 4096", squares, true, false},
    {"deepbench", "DeepBench's inference-server products, f32, weights packed ahead", deepbench, true, false},
    {"bert", "products of BERT-base over 128 and 1024 tokens", bert, true, false},
    {"llama", "products of a Llama of 7B weights over 128 and 512 tokens", llama, true, false},
    {"decode", "one token through weights of f32, f16, bf16, int8", decode, true, false},
    {"batched", "batches of small products, attention's among them", batched, true, false},
    {"dtypes", "1024 x 1024 x 1024 in the other data types", dtypes, true, false},
    {"types", "every combination of data types, small", types, false, false},
    {"edges", "sizes around every edge; epilogues, layouts, batches, empty products", edges, false, false},
    {"sweep", "every M, N, K from 1 to past the tiles", sweep, false, true},
};
