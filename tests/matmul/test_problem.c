/* The problem: what operands become, batches that merge, texts that read back. No device is needed. */
#include "../core/test.h"
#include "casework.h"
#include "matmul/problem.h"

static arete_tensor tensor(arete_dtype type, uint32_t rank, const int64_t *dims) {
    return arete_tensor_make(NULL, 0, type, rank, dims);
}

#define TENSOR(type, ...)                                                                                          \
    tensor(type, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

static matmul_problem make(const arete_matmul_desc *desc, const arete_matmul_args *args) {
    matmul_problem p;
    assert_ok(ar_matmul_problem_make(desc, args, &p));
    return p;
}

static void assert_problem(const arete_matmul_desc *desc, const arete_matmul_args *args, const char *text) {
    char got[AR_KEY_BYTES];
    matmul_problem p = make(desc, args);
    ar_matmul_format(&p, got, sizeof got);
    assert_string_equal(got, text);
}

static void plain(void **state) {
    (void)state;
    arete_matmul_args args = {
        .a = TENSOR(ARETE_F32, 3, 5), .b = TENSOR(ARETE_F32, 5, 4), .c = TENSOR(ARETE_F32, 3, 4)};
    matmul_problem p = make(NULL, &args);
    assert_int_equal(p.bytes_a, 60);
    assert_int_equal(p.bytes_b, 80);
    assert_int_equal(p.bytes_c, 48);
    assert_true(p.alpha == 1 && p.beta == 0);
    assert_problem(NULL, &args, "m=3 n=4 k=5");
    memset(args.a.strides, 0, sizeof args.a.strides); /* all zero means tight */
    assert_problem(NULL, &args, "m=3 n=4 k=5");
}

static void transposes(void **state) {
    (void)state;
    arete_matmul_args args = {
        .a = TENSOR(ARETE_F32, 5, 3), .b = TENSOR(ARETE_F32, 4, 5), .c = TENSOR(ARETE_F32, 3, 4)};
    arete_matmul_desc desc = {.trans_a = true, .trans_b = true};
    assert_problem(&desc, &args, "m=3 n=4 k=5 ta=1 tb=1");
    /* The same by strides instead of flags. */
    arete_matmul_args turned = args;
    turned.a = TENSOR(ARETE_F32, 3, 5);
    turned.a.strides[0] = 1;
    turned.a.strides[1] = 3;
    turned.b = TENSOR(ARETE_F32, 5, 4);
    turned.b.strides[0] = 1;
    turned.b.strides[1] = 5;
    assert_problem(NULL, &turned, "m=3 n=4 k=5 ta=1 tb=1");
    /* Both: transposed twice is not transposed. */
    args.a = TENSOR(ARETE_F32, 5, 3);
    args.a.strides[0] = 1;
    args.a.strides[1] = 7;
    assert_problem(&desc, &args, "m=3 n=4 k=5 tb=1 lda=7");
}

static void what_cannot_matter(void **state) {
    (void)state;
    arete_matmul_args args = {.a = TENSOR(ARETE_F32, 1, 5),
                              .b = TENSOR(ARETE_F32, 5, 1),
                              .c = TENSOR(ARETE_F32, 1, 1),
                              .cin = TENSOR(ARETE_F32, 1, 1)};
    arete_matmul_desc desc = {.slope = 3, .beta = -0.0};
    matmul_problem p = make(&desc, &args);
    args.a.strides[0] = 77;
    args.b.strides[1] = 9;
    args.c.strides[0] = 1000;
    matmul_problem q = make(NULL, &args);
    assert_memory_equal(&p, &q, sizeof p);
}

static void batches_merge(void **state) {
    (void)state;
    arete_matmul_args args = {
        .a = TENSOR(ARETE_F32, 2, 3, 4, 5), .b = TENSOR(ARETE_F32, 2, 3, 5, 6), .c = TENSOR(ARETE_F32, 2, 3, 4, 6)};
    assert_problem(NULL, &args, "m=4 n=6 k=5 batch=6");
    args.b = TENSOR(ARETE_F32, 3, 5, 6); /* missing repeats */
    assert_problem(NULL, &args, "m=4 n=6 k=5 batch=2x3 sb=0x30");
    args.b = TENSOR(ARETE_F32, 2, 1, 5, 6); /* 1 repeats: three As of 4 rows are one of 12 */
    assert_problem(NULL, &args, "m=12 n=6 k=5 batch=2");
    args.b = TENSOR(ARETE_F32, 5, 6);
    assert_problem(NULL, &args, "m=24 n=6 k=5");
    args.c.strides[1] = 24 + 6; /* a gap between the matrices of C */
    args.c.strides[0] = 3 * 30;
    assert_problem(NULL, &args, "m=4 n=6 k=5 batch=6 sb=0 sc=30");
    args.c = TENSOR(ARETE_F32, 2, 3, 4, 6);
    args.bias = TENSOR(ARETE_F32, 4, 1); /* of each matrix: the rows cannot be joined */
    assert_problem(NULL, &args, "m=4 n=6 k=5 bias=row batch=6 sb=0");
}

static void many_levels(void **state) {
    (void)state;
    arete_matmul_args args = {.a = TENSOR(ARETE_F32, 2, 1, 2, 1, 2, 4, 5),
                              .b = TENSOR(ARETE_F32, 1, 2, 1, 2, 1, 5, 6),
                              .c = TENSOR(ARETE_F32, 2, 2, 2, 2, 2, 4, 6)};
    matmul_problem p;
    /* A and B repeat in turn, so no two levels are walked in one stride. */
    assert_status(ar_matmul_problem_make(NULL, &args, &p), ARETE_E_UNSUPPORTED);
    assert_text("5 levels");
    args = (arete_matmul_args){.a = TENSOR(ARETE_F32, 2, 1, 2, 4, 5),
                               .b = TENSOR(ARETE_F32, 1, 3, 2, 5, 6),
                               .c = TENSOR(ARETE_F32, 2, 3, 2, 4, 6)};
    assert_problem(NULL, &args, "m=4 n=6 k=5 batch=2x3x2 sa=40x0x20 sb=0x60x30");
}

static void zero_sized(void **state) {
    (void)state;
    arete_matmul_args args = {
        .a = TENSOR(ARETE_F32, 3, 0), .b = TENSOR(ARETE_F32, 0, 4), .c = TENSOR(ARETE_F32, 3, 4)};
    matmul_problem p = make(NULL, &args);
    assert_false(ar_matmul_empty(&p));
    assert_int_equal(p.bytes_a + p.bytes_b, 0);
    args.a = TENSOR(ARETE_F32, 0, 3, 5);
    args.b = TENSOR(ARETE_F32, 5, 4);
    args.c = TENSOR(ARETE_F32, 0, 3, 4);
    p = make(NULL, &args);
    assert_true(ar_matmul_empty(&p));
}

static void text_reads_back(void **state) {
    (void)state;
    const ar_casework *work = ar_families[0];
    assert_string_equal(work->family->name, "matmul");
    size_t cases = 0;
    for (size_t l = 0; l < work->list_count; ++l) {
        char text[AR_KEY_BYTES], first[AR_KEY_BYTES], second[AR_KEY_BYTES];
        for (size_t i = 0; work->lists[l].at(i, text, sizeof text); ++i, ++cases) {
            matmul_problem p, q;
            memset(&p, 0, sizeof p);
            memset(&q, 0, sizeof q);
            assert_ok(work->parse(text, &p));
            work->format(&p, first, sizeof first);
            assert_ok(work->parse(first, &q));
            work->format(&q, second, sizeof second);
            assert_string_equal(first, second);
            /* Descriptor and operands give the problem back, bit by bit. */
            arete_matmul_desc desc;
            arete_matmul_args args;
            ar_matmul_problem_describe(&p, &desc, &args);
            q = make(&desc, &args);
            assert_memory_equal(&p, &q, sizeof p);
        }
    }
    assert_true(cases > 2500);
}

static void texts_refused(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "m= is missing"},
        {"m=1 n=2", "k= is missing"},
        {"m=1 n=2 k=x", "'k=x'"},
        {"m=1 n=2 k=-3", "'k=-3'"},
        {"m=1 n=2 k=3 foo=1", "'foo'"},
        {"m=1 n=2 k=3 ta", "'ta'"},
        {"m=1 n=2 k=3 ta=2", "0, 1"},
        {"m=1 n=2 k=3 dtype=f8", "f16"},
        {"m=1 n=2 k=3 act=swish", "silu"},
        {"m=1 n=2 k=3 batch=2x3x4x5", "batch"},
        {"m=1 n=2 k=3 batch=2 sa=1x2", "'sa'"},
        {"m=1 n=2 k=3 beta=nan", "beta"},
        {"m=4 n=4 k=4 ldc=2", "overlap"},
        {"m=4 n=4 k=4 dtype=f32 b=f64", "supported"},
        {"m=99999999999999999999 n=1 k=1", "m="},
    };
    matmul_problem p;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        assert_status(ar_matmul_parse(bad[i][0], &p), ARETE_E_FORMAT);
        assert_text(bad[i][1]);
    }
}

static void cost(void **state) {
    (void)state;
    matmul_problem p;
    arete_cost cost;
    assert_ok(ar_matmul_parse("m=10 n=20 k=30 batch=2x3 sa=0x300 sb=1200x0 dtype=f16 c=f32 bias=col", &p));
    ar_matmul_family.cost(&p, &cost);
    assert_near(cost.flops, 2.0 * 6 * 10 * 20 * 30, 0);
    assert_near(cost.bytes, 3 * 300 * 2 + 2 * 600 * 2 + 6 * 200 * 4 + 20 * 4, 0);
    assert_ok(ar_matmul_parse("m=10 n=20 k=30 dtype=f64 beta=1", &p));
    ar_matmul_family.cost(&p, &cost);
    assert_int_equal(cost.unit, ARETE_UNIT_F64);
    assert_near(cost.bytes, 8 * (300 + 600 + 2 * 200), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),           cmocka_unit_test(transposes),    cmocka_unit_test(what_cannot_matter),
        cmocka_unit_test(batches_merge),   cmocka_unit_test(many_levels),   cmocka_unit_test(zero_sized),
        cmocka_unit_test(text_reads_back), cmocka_unit_test(texts_refused), cmocka_unit_test(cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
