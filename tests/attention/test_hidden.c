/* Keys that are hidden, in every way there is: they may hold anything. Rows that see none are zeros. */
#include "place.h"

enum { HEADS = 2, SQ = 5, KEYS = 70, D = 24, DV = 20 };

typedef enum way { BY_LENGTH, BY_BOOL, BY_INFINITY, BY_CAUSAL, BY_SHORT_MASK, WAYS } way;

/* Whether query i sees key j. Rows 0 of masks see nothing. */
static bool sees(way how, int64_t i, int64_t j) {
    switch (how) {
    case BY_LENGTH:
        return j < 41;
    case BY_CAUSAL:
        return j <= i * 17 / 17 + 30;
    case BY_SHORT_MASK:
        return j < 33;
    default:
        return i != 0 && (j * 7 + i) % 3 != 0 && j != 50;
    }
}

static void hide(place *p, way how, arete_attention_desc *desc, arete_attention_args *args) {
    static unsigned char bools[SQ * KEYS];
    static float adds[SQ * KEYS];
    const int64_t whole[] = {SQ, KEYS}, row[] = {33}, one[] = {1};
    const int32_t length = 41;
    for (int64_t i = 0; i < SQ * KEYS; ++i) {
        bools[i] = sees(how, i / KEYS, i % KEYS);
        adds[i] = bools[i] ? 0.25f * value(i, 9) : -INFINITY;
    }
    if (how == BY_LENGTH)
        args->kv_lens = give(p, &length, ARETE_I32, 1, one);
    else if (how == BY_BOOL)
        args->mask = give(p, bools, ARETE_BOOL, 2, whole);
    else if (how == BY_INFINITY)
        args->mask = give(p, adds, ARETE_F32, 2, whole);
    else if (how == BY_SHORT_MASK)
        args->mask = give(p, bools, ARETE_BOOL, 1, row);
    desc->causal = how == BY_CAUSAL;
    desc->causal_shift = how == BY_CAUSAL ? 30 : 0;
}

/* poison: what every key that no query sees, or only later ones, holds. */
static void hidden_keys(place *p, const char *solver, way how, float poison, double magnify) {
    float *q = values(HEADS * SQ * D, 1), *k = values(HEADS * KEYS * D, 2), *v = values(HEADS * KEYS * DV, 3);
    static float y[HEADS * SQ * DV];
    const int64_t dq[] = {1, HEADS, SQ, D}, dk[] = {1, HEADS, KEYS, D}, dv[] = {1, HEADS, KEYS, DV},
                  dy[] = {1, HEADS, SQ, DV};
    int64_t last = how == BY_CAUSAL ? SQ - 2 : SQ - 1; /* rows up to it see no poison */
    for (int64_t j = 0; j < HEADS * KEYS; ++j) {
        bool seen = false;
        for (int64_t i = 0; i <= last; ++i)
            seen = seen || sees(how, i, j % KEYS);
        for (int64_t e = 0; e < D && !seen; ++e)
            k[j * D + e] = poison;
        for (int64_t e = 0; e < DV && !seen; ++e)
            v[j * DV + e] = poison;
    }
    arete_attention_desc desc = {.solver = solver, .scale = magnify / sqrt(D)};
    arete_attention_args args = {.q = give(p, q, ARETE_F32, 4, dq),
                                 .k = give(p, k, ARETE_F32, 4, dk),
                                 .v = give(p, v, ARETE_F32, 4, dv),
                                 .y = give(p, y, ARETE_F32, 4, dy)};
    hide(p, how, &desc, &args);
    if (attend(p, &desc, &args)) {
        take(p, &args.y, y);
        for (int64_t row = 0; row < HEADS * SQ; ++row) {
            double add[KEYS], want[DV];
            int64_t h = row / SQ, i = row % SQ;
            if (i > last) {
                for (int64_t e = 0; e < DV; ++e)
                    assert_true(!isfinite(poison) ? isnan(y[row * DV + e]) : isfinite(y[row * DV + e]));
                continue;
            }
            for (int64_t j = 0; j < KEYS; ++j)
                add[j] = !sees(how, i, j)     ? -INFINITY
                         : how == BY_INFINITY ? (double)(0.25f * value(i * KEYS + j, 9))
                                              : 0;
            naive_row(q + row * D, k + h * KEYS * D, v + h * KEYS * DV, D, DV, KEYS, add, desc.scale, want);
            for (int64_t e = 0; e < DV; ++e) {
                if ((how == BY_BOOL || how == BY_INFINITY) && i == 0)
                    assert_true(y[row * DV + e] == 0);
                assert_near((double)y[row * DV + e], want[e], 4e-6 * (1 + magnify));
            }
        }
    }
    drop(&args);
    free(q);
    free(k);
    free(v);
}

static void all_ways(place *p, const char *solver) {
    for (int how = 0; how < WAYS; ++how) {
        hidden_keys(p, solver, (way)how, NAN, 1);
        hidden_keys(p, solver, (way)how, INFINITY, 1);
        hidden_keys(p, solver, (way)how, 3e38f, 1);
        hidden_keys(p, solver, (way)how, 1, 300); /* scores up to thousands */
    }
}

static void hidden(void **state) {
    (void)state;
    everywhere(all_ways);
}

/* No key at all: by a length of 0, by an offset before the first key. */
static void nothing_seen(place *p, const char *solver) {
    const int64_t dims[] = {2, 1, 3, 8}, dk[] = {2, 1, 4, 8}, b[] = {2};
    const int32_t lens[] = {0, 4};
    float *x = values(2 * 4 * 8, 4), y[2 * 3 * 8];
    for (int form = 0; form < 2; ++form) {
        arete_attention_desc desc = {.solver = solver, .causal = form == 1, .causal_shift = -2};
        arete_attention_args args = {.q = give(p, x, ARETE_F32, 4, dims),
                                     .k = give(p, x, ARETE_F32, 4, dk),
                                     .v = give(p, x, ARETE_F32, 4, dk),
                                     .y = give(p, x, ARETE_F32, 4, dims)};
        if (form == 0)
            args.kv_lens = give(p, lens, ARETE_I32, 1, b);
        if (attend(p, &desc, &args)) {
            take(p, &args.y, y);
            for (int i = 0; i < 2 * 3 * 8; ++i) {
                bool none = form == 0 ? i < 24 : i / 8 % 3 < 2;
                assert_true(none ? y[i] == 0 : y[i] != 0);
            }
            for (int e = 0; e < 8 && form == 1; ++e) /* the third row sees the first key alone */
                assert_true(y[16 + e] == x[e]);
        }
        drop(&args);
    }
    free(x);
}

static void nothing(void **state) {
    (void)state;
    everywhere(nothing_seen);
}

/* 16,384 tokens: the workspace stays below 64 MB, whatever the solver. */
static void memory(void **state) {
    (void)state;
    arete_context_desc context_desc = {.log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&context_desc, &context));
    const int64_t dims[] = {1, 12, 16384, 64};
    arete_attention_args args = {0};
    args.q = args.k = args.v = args.y = arete_tensor_make(NULL, 0, ARETE_F32, 4, dims);
    for (size_t i = 0; i < arete_device_count(context); ++i)
        for (int s = 0; s < SOLVERS; ++s) {
            arete_attention_desc desc = {.solver = solvers[s]};
            arete_plan *plan = NULL;
            if (arete_attention_plan(arete_device_at(context, i), &desc, &args, &plan) == ARETE_OK)
                assert_true(arete_plan_workspace(plan) < 64u << 20);
            arete_plan_release(plan);
        }
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hidden), cmocka_unit_test(nothing),
                                       cmocka_unit_test(memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
