/* The text form reads back to the same problem; what cannot matter has one form; descriptions make the problem. */
#include "../core/test.h"
#include "rnn/problem.h"

static void round_trip(void **state) {
    static const char *const texts[] = {
        "cell=lstm hidden=5 batch=2 steps=3",
        "cell=lstm hidden=5 batch=2 steps=3 input=7 proj=4 layers=3 dir=both order=torch bm=1 dtype=f16 w=i8 y=f32 "
        "state=f32 b=f16 bias=1 peep=1 lens=device h0=1 c0=1 yh=1 yc=1 clip=0.5 iforget=1 prepack=1",
        "cell=gru hidden=5 batch=2 steps=3 lbr=1 f=elu falpha=0.5 g=affine",
        "cell=rnn hidden=5 batch=2 steps=3 dir=both f2=leaky_relu f2alpha=0.2",
        "cell=gru hidden=6 batch=2 steps=3 yout=0 yh=1",
        "cell=lstm hidden=19 batch=3 steps=4 input=6 dir=both xs=50x11 ys=200x60x20",
        "cell=lstm hidden=3 batch=0 steps=0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rnn_problem p, q;
        rnn_description *d = calloc(1, sizeof *d);
        char text[512];
        assert_ok(ar_rnn_parse(texts[i], &p));
        ar_rnn_format(&p, text, sizeof text);
        assert_string_equal(text, texts[i]);
        ar_rnn_problem_describe(&p, d);
        assert_ok(ar_rnn_problem_make(&d->desc, &d->args, &q));
        assert_memory_equal(&p, &q, sizeof p);
        free(d);
    }
}

static void one_form(void **state) {
    static const char *const same[][2] = {
        {"cell=lstm hidden=5 batch=1 steps=3 xs=5x99", "cell=lstm hidden=5 batch=1 steps=3"},
        {"cell=lstm hidden=5 batch=2 steps=1 ys=77x55x5", "cell=lstm hidden=5 batch=2 steps=1"},
        {"cell=rnn hidden=5 batch=2 steps=1 order=torch", "cell=rnn hidden=5 batch=2 steps=1"},
        {"cell=rnn hidden=5 batch=2 steps=1 f=tanh falpha=3", "cell=rnn hidden=5 batch=2 steps=1"},
        {"cell=lstm hidden=5 batch=2 steps=1 input=5 layers=1", "cell=lstm hidden=5 batch=2 steps=1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        rnn_problem p, q;
        assert_ok(ar_rnn_parse(same[i][0], &p));
        assert_ok(ar_rnn_parse(same[i][1], &q));
        assert_memory_equal(&p, &q, sizeof p);
    }
}

static void wrong_texts(void **state) {
    static const char *const wrong[][2] = {
        {"hidden=5 batch=1 steps=1", "cell= is missing"},
        {"cell=tree hidden=5 batch=1 steps=1", "lstm, gru, rnn"},
        {"cell=gru hidden=5 batch=1 steps=1 peep=1", "only an LSTM has peepholes"},
        {"cell=gru hidden=5 batch=1 steps=1 g2=elu", "no activation g2"},
        {"cell=rnn hidden=5 batch=1 steps=1 f=silu", "no activation of recurrent layers"},
        {"cell=rnn hidden=0 batch=1 steps=1", "H and P above 0"},
        {"cell=rnn hidden=5 batch=1 steps=1 layers=17", "must be 1 to 16"},
        {"cell=rnn hidden=5 batch=1 steps=1 xs=5", "step x sequence"},
        {"cell=rnn hidden=5 batch=1 steps=1 dtype=f16 w=f32", "weights must be"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rnn_problem p;
        assert_status(ar_rnn_parse(wrong[i][0], &p), ARETE_E_FORMAT);
        assert_text(wrong[i][1]);
    }
}

static void cost(void **state) {
    rnn_problem p;
    arete_cost c;
    (void)state;
    assert_ok(ar_rnn_parse("cell=lstm hidden=10 batch=3 steps=5 input=7 dir=both", &p));
    ar_rnn_family.cost(&p, &c);
    assert_near(c.flops, 2.0 * 3 * 5 * 2 * 40 * 17, 0);
    assert_near(c.bytes, 4.0 * (2 * 40 * 17 + 3 * 5 * 7 + 3 * 5 * 2 * 10), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(one_form),
                                       cmocka_unit_test(wrong_texts), cmocka_unit_test(cost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
