/* Costs against counts one by one; the text format and its errors; the networks' published sizes. */
#include "cases.h"
#include "os.h"
#include "test.h"
#include "workload.h"

static ar_op parsed(const char *text) {
    ar_op op;
    assert_ok(ar_op_parse(text, ARETE_F32, &op));
    return op;
}

static ar_op_cost cost_of(const char *text) {
    ar_op op = parsed(text);
    ar_op_cost cost;
    ar_op_count(&op, &cost);
    return cost;
}

static void matmul(void **state) {
    (void)state;
    ar_op_cost c = cost_of("matmul m=3 n=5 k=7 batch=2");
    double flops = 0;
    for (int b = 0; b < 2; b++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 5; j++)
                for (int p = 0; p < 7; p++)
                    flops += 2;
    assert_near(c.flops, flops, 0);
    assert_near(c.bytes, 4 * 2 * (3 * 7 + 7 * 5 + 3 * 5), 0);
    assert_near(c.weights, 0, 0);
    c = cost_of("matmul m=3 n=5 k=7 batch=2 fixed=1 bias=1 weights=i8");
    assert_near(c.weights, 5 * 7 + 5, 0);
    assert_near(c.bytes, 4 * 2 * (3 * 7 + 3 * 5) + 5 * 7 + 4 * 5, 0);
}

/* Every product of the definition, and every element of x that one of them touches. */
static void count_conv(const ar_op *op, double *flops, double *bytes) {
    int64_t oh = ar_op_conv_out(op, 0), ow = ar_op_conv_out(op, 1), h = op->in[0], w = op->in[1];
    char *seen = calloc((size_t)(h * w), 1);
    double positions = 0;
    *flops = 0;
    for (int64_t y = 0; y < oh; y++)
        for (int64_t x = 0; x < ow; x++)
            for (int64_t r = 0; r < op->kernel[0]; r++)
                for (int64_t s = 0; s < op->kernel[1]; s++) {
                    int64_t u = y * op->stride[0] - op->pad[0] + r * op->dilation[0];
                    int64_t v = x * op->stride[1] - op->pad[1] + s * op->dilation[1];
                    *flops += 2;
                    if (u >= 0 && u < h && v >= 0 && v < w)
                        seen[u * w + v] = 1;
                }
    for (int64_t i = 0; i < h * w; i++)
        positions += seen[i];
    double group_c = (double)(op->c / op->groups), taps = (double)(op->kernel[0] * op->kernel[1]);
    *flops *= (double)(op->n * op->m) * group_c;
    *bytes = 4 * ((double)(op->n * op->c) * positions + (double)op->m * group_c * taps +
                  (double)(op->n * op->m * oh * ow));
    free(seen);
}

static void conv(void **state) {
    (void)state;
    static const char *const texts[] = {"conv n=2 c=4 m=6 in=9x7 kernel=3 pad=1",
                                        "conv n=1 c=4 m=6 in=9x8 kernel=1 stride=2",
                                        "conv n=1 c=4 m=8 in=12x11 kernel=3x2 stride=2x3 pad=1x0 groups=4",
                                        "conv n=3 c=2 m=2 in=15 kernel=3 dilation=4 pad=2",
                                        "conv n=3 c=2 m=2 in=7x5 kernel=5x3 stride=4 pad=2x1 dilation=1x2",
                                        "conv n=1 c=1 m=1 in=4 kernel=2 stride=3 pad=1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ar_op op = parsed(texts[i]);
        ar_op_cost c = cost_of(texts[i]);
        double flops, bytes;
        count_conv(&op, &flops, &bytes);
        assert_near(c.flops, flops, 0);
        assert_near(c.bytes, bytes, 0);
    }
}

/* Gate by gate, step by step. */
static void recurrent(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int gates, input, hidden, batch, steps, ways, states;
    } cases[] = {{"rnn cell=lstm input=5 hidden=3 batch=2 steps=4", 4, 5, 3, 2, 4, 1, 2},
                 {"rnn cell=gru input=2 hidden=7 batch=1 steps=3 bidirectional=1", 3, 2, 7, 1, 3, 2, 1},
                 {"rnn cell=rnn input=3 hidden=3 batch=5 steps=1", 1, 3, 3, 5, 1, 1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double flops = 0, elements = 0, weights = 0;
        int in = cases[i].input, hid = cases[i].hidden, batch = cases[i].batch;
        for (int way = 0; way < cases[i].ways; way++) {
            for (int g = 0; g < cases[i].gates; g++)
                for (int unit = 0; unit < hid; unit++)
                    weights += in + hid + 2; /* rows of W and R, two biases */
            for (int t = 0; t < cases[i].steps; t++)
                for (int b = 0; b < batch; b++)
                    for (int g = 0; g < cases[i].gates; g++)
                        for (int unit = 0; unit < hid; unit++)
                            for (int p = 0; p < in + hid; p++)
                                flops += 2;
            elements += cases[i].steps * batch * hid + 2 * cases[i].states * batch * hid; /* y; states in and out */
        }
        elements += weights + cases[i].steps * batch * in;
        ar_op_cost c = cost_of(cases[i].text);
        assert_near(c.flops, flops, 0);
        assert_near(c.weights, weights, 0);
        assert_near(c.bytes, 4 * elements, 0);
        assert_near(c.passes, cases[i].steps, 0);
    }
}

static void attention(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int batch, heads, kv_heads, q, kv, dim, causal;
    } cases[] = {{"attention batch=2 heads=4 kv_heads=2 q=5 kv=5 dim=3 causal=1", 2, 4, 2, 5, 5, 3, 1},
                 {"attention batch=1 heads=2 q=3 kv=8 dim=4 causal=1", 1, 2, 2, 3, 8, 4, 1},
                 {"attention batch=1 heads=2 q=3 kv=8 dim=4", 1, 2, 2, 3, 8, 4, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double flops = 0;
        int q = cases[i].q, kv = cases[i].kv;
        for (int row = 0; row < q; row++)
            for (int key = 0; key < kv; key++)
                if (!cases[i].causal || key <= row + kv - q)
                    flops += 2.0 * cases[i].dim * 2; /* the score, and its share of the values */
        flops *= cases[i].batch * cases[i].heads;
        ar_op_cost c = cost_of(cases[i].text);
        assert_near(c.flops, flops, 0);
        assert_near(c.bytes,
                    4.0 * cases[i].batch * cases[i].dim * (2 * cases[i].heads * q + 2 * cases[i].kv_heads * kv), 0);
    }
}

static void texts(void **state) {
    (void)state;
    static const char *const same[] = {"matmul m=3 n=5 k=7",
                                       "matmul m=3 n=5 k=7 batch=2 tb=1 fixed=1 act=relu dtype=f16",
                                       "conv n=1 c=4 m=6 in=9x8 kernel=3x3 stride=2x2 pad=1x1 groups=2",
                                       "rnn cell=gru input=0 hidden=7 batch=1 steps=3",
                                       "attention batch=1 heads=4 kv_heads=2 q=3 kv=8 dim=4 causal=1",
                                       "layer reads=10 writes=5 params=3 ops=4"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        ar_op op = parsed(same[i]);
        char text[256];
        ar_op_format(&op, text, sizeof text);
        assert_string_equal(text, same[i]);
    }
}

static void bad_ops(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {{"matmol m=1 n=1 k=1", "'matmol' is no operation"},
                 {"matmul m=1 n=1", "k= is missing"},
                 {"matmul m=1 n=1 k=1 q=2", "'q' is no word"},
                 {"matmul m=0 n=1 k=1", "'m=0'"},
                 {"conv n=1 c=4 m=6 in=2 kernel=5", "no output along the height"},
                 {"conv n=1 c=4 m=6 in=9 kernel=3 groups=4", "'groups=4'"},
                 {"attention batch=1 heads=4 kv_heads=3 q=3 kv=8 dim=4", "'kv_heads=3'"},
                 {"attention batch=1 heads=4 q=9 kv=8 dim=4 causal=1", "'causal=1'"},
                 {"rnn cell=lstmm input=1 hidden=1 batch=1 steps=1", "lstm"}};
    ar_op op;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_status(ar_op_parse(cases[i].text, ARETE_F32, &op), ARETE_E_FORMAT);
        assert_text(cases[i].says);
    }
}

static void files(void **state) {
    (void)state;
    static const char text[] = "# a comment\ntitle Two layers: and a colon\nparam batch 4\nparam wide {2*batch}\n"
                               "item image {batch}\ninput {batch*10}\n\n"
                               "first: matmul m={batch} n={wide+1} k={(wide-2)/3} fixed=1 # tail\n"
                               "more x{batch}: layer reads={batch*2} writes=3\n";
    ar_workload w;
    assert_ok(ar_workload_parse("two.workload", text, NULL, 0, ARETE_DTYPE_NONE, &w));
    assert_string_equal(w.title, "Two layers: and a colon");
    assert_int_equal(w.op_count, 2);
    assert_int_equal(w.ops[0].op.n, 9);
    assert_int_equal(w.ops[0].op.k, 2);
    assert_int_equal(w.ops[1].count, 4);
    assert_near(w.items, 4, 0);
    ar_workload_free(&w);
    const char *const settings[] = {"batch=5"};
    assert_ok(ar_workload_parse("two.workload", text, settings, 1, ARETE_F16, &w));
    assert_int_equal(w.ops[0].op.n, 11);
    assert_int_equal(w.ops[0].op.dtype, ARETE_F16);
    ar_workload_free(&w);
    const char *const misspelt[] = {"bacth=5"};
    assert_status(ar_workload_parse("two.workload", text, misspelt, 1, ARETE_F16, &w), ARETE_E_ARGUMENT);
    assert_text("batch, wide");
}

static void bad_files(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"title x\nfirst: matmul m={btch} n=1 k=1\n", "bad.workload:2: '{btch}': there is no parameter 'btch'"},
        {"title x\nfirst: matmul m={1 n=1 k=1\n", "bad.workload:2"},
        {"first: matmul m=1 n=1 k=x\n", "'k=x'"},
        {"colour red\n", "'colour' is no word"},
        {"param batch many\n", "'many' of 'batch'"},
        {"param a 4/0\n", "'4/0'"},
        {"param a {4/0}\n", "a division by 0"},
        {"param a {3-4}\n", "negative"},
        {"param a {9999999999*9999999999}\n", "too large"},
        {"param a {((2)}\n", "')' is missing"},
        {"dtype f17\n", "'f17' is no data type"},
        {"first: matmul m=1 n=1 k=1 | op=add in=3,3\n", "only a layer"},
        {"first y2: matmul m=1 n=1 k=1\n", "'y2'"},
        {"title nothing\n", "no operation"}};
    ar_workload w;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_status(ar_workload_parse("bad.workload", cases[i].text, NULL, 0, ARETE_DTYPE_NONE, &w),
                      ARETE_E_FORMAT);
        assert_text(cases[i].says);
    }
    assert_status(ar_workload_load("no_such", NULL, 0, ARETE_DTYPE_NONE, &w), ARETE_E_NOT_FOUND);
    assert_text("resnet50");
    assert_status(ar_workload_load("/no/such.workload", NULL, 0, ARETE_DTYPE_NONE, &w), ARETE_E_NOT_FOUND);
    assert_text("/no/such.workload");
}

/* Published counts of weights and of multiply-adds for one item, within one percent (normalisation is folded). */
static void networks(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double weights, flops;
    } known[] = {{"lenet5", 61.7e3, 0.84e6},       {"alexnet", 61.1e6, 1.43e9},
                 {"vgg16", 138.4e6, 30.97e9},      {"resnet50", 25.53e6, 8.18e9},
                 {"mobilenet_v2", 3.49e6, 0.60e9}, {"bert", 109.5e6, 22.4e9},
                 {"vit_b16", 86.57e6, 35.1e9},     {"gpt2", 124.4e6, 0},
                 {"llama7b_decode", 6.738e9, 0},   {"unet", 31.0e6, 0}};
    const char *const one[] = {"batch=1"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ar_workload w;
        ar_workload_sum sum;
        assert_ok(ar_workload_load(known[i].name, one, 1, ARETE_DTYPE_NONE, &w));
        ar_workload_total(&w, &sum);
        if (fabs(sum.weights / known[i].weights - 1) > 0.01)
            fail_msg("%s has %.4g weights, not %.4g", known[i].name, sum.weights, known[i].weights);
        if (known[i].flops > 0 && fabs(sum.flops / known[i].flops - 1) > 0.02)
            fail_msg("%s has %.4g flops, not %.4g", known[i].name, sum.flops, known[i].flops);
        ar_workload_free(&w);
    }
}

/* What runs an operation agrees with it: the family's case is read, and has the same sizes. */
static void check_case(const ar_workload *w, const ar_workload_op *one) {
    char text[512];
    ar_case made;
    ar_op back;
    ar_op_cost cost;
    if (!ar_workload_op_case(one, text, sizeof text))
        return;
    if (ar_case_make(text, &made) != ARETE_OK)
        fail_msg("%s:%d '%s': %s", w->path, one->line, text, arete_error_text());
    if (one->op.kind != AR_OP_LAYER) {
        assert_true(ar_op_of_case(made.work->family->name, made.text, &back));
        ar_op_count(&back, &cost);
        if (fabs(cost.flops / one->cost.flops - 1) > 1e-9)
            fail_msg("%s:%d: %g flops, but its case '%s' has %g", w->path, one->line, one->cost.flops, text,
                     cost.flops);
    }
    ar_case_free(&made);
}

/* Every file there is can be read, in every type that pick offers, and its operations have cases. */
static void all_files(void **state) {
    (void)state;
    static const arete_dtype types[] = {ARETE_F32, ARETE_F16, ARETE_BF16, ARETE_I8};
    char **names = NULL;
    size_t count = 0;
    assert_ok(ar_workload_names(&names));
    for (; names[count]; count++)
        for (size_t t = 0; t < 4; t++) {
            ar_workload w;
            assert_ok(ar_workload_load(names[count], NULL, 0, types[t], &w));
            for (size_t i = 0; i < w.op_count; i++) {
                char text[512];
                ar_op again;
                ar_op_format(&w.ops[i].op, text, sizeof text);
                assert_ok(ar_op_parse(text, ARETE_F32, &again));
                assert_memory_equal(&again, &w.ops[i].op, sizeof again);
                if (types[t] == ARETE_F32)
                    check_case(&w, &w.ops[i]);
            }
            ar_workload_free(&w);
        }
    ar_os_free_names(names);
    assert_true(count >= 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(matmul),    cmocka_unit_test(conv),
                                       cmocka_unit_test(recurrent), cmocka_unit_test(attention),
                                       cmocka_unit_test(texts),     cmocka_unit_test(bad_ops),
                                       cmocka_unit_test(files),     cmocka_unit_test(bad_files),
                                       cmocka_unit_test(networks),  cmocka_unit_test(all_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
