/* A cache on the device: one token at a time gives what the whole sequence gives, rotated or not. */
#include "place.h"

enum { B = 2, HQ = 4, HKV = 2, S = 37, D = 32, ROOM_FOR = 48 };

static void make_tables(float *cosines, float *sines) {
    for (int t = 0; t < ROOM_FOR; ++t)
        for (int i = 0; i < D / 2; ++i) {
            double angle = t * pow(10000, -2.0 * i / D);
            cosines[t * (D / 2) + i] = (float)cos(angle);
            sines[t * (D / 2) + i] = (float)sin(angle);
        }
}

/* Tokens t .. t + n - 1 of x [B,H,S,D], as [B,H,n,D]. */
static void slice(const float *x, int64_t heads, int64_t t, int64_t n, float *to) {
    for (int64_t h = 0; h < B * heads; ++h)
        memcpy(to + h * n * D, x + (h * S + t) * D, (size_t)(n * D) * sizeof *to);
}

static void step_by_step(place *p, const char *solver, bool rotary, bool from_device, int64_t chunk) {
    static float cosines[ROOM_FOR * D / 2], sines[ROOM_FOR * D / 2], whole[B * HQ * S * D], part[B * HQ * S * D],
        caches[B * HKV * ROOM_FOR * D];
    float *q = values(B * HQ * S * D, 1), *k = values(B * HKV * S * D, 2), *v = values(B * HKV * S * D, 3);
    const int64_t dq[] = {B, HQ, S, D}, dk[] = {B, HKV, S, D}, table[] = {ROOM_FOR, D / 2}, one[] = {1},
                  dc[] = {B, HKV, ROOM_FOR, D};
    make_tables(cosines, sines);
    arete_attention_desc desc = {.solver = solver, .causal = true};
    arete_attention_args all = {.q = give(p, q, ARETE_F32, 4, dq),
                                .k = give(p, k, ARETE_F32, 4, dk),
                                .v = give(p, v, ARETE_F32, 4, dk),
                                .y = give(p, q, ARETE_F32, 4, dq)};
    arete_attention_args step = {0};
    for (size_t i = 0; i < sizeof caches / sizeof caches[0]; ++i)
        caches[i] = NAN; /* rows that were not written must not be read */
    if (rotary) {
        all.cos = give(p, cosines, ARETE_F32, 2, table);
        all.sin = give(p, sines, ARETE_F32, 2, table);
    }
    bool ran = strcmp(solver, "decode") == 0 || attend(p, &desc, &all);
    if (strcmp(solver, "decode") == 0) { /* takes no 37 tokens at once */
        desc.solver = NULL;
        ran = attend(p, &desc, &all);
        desc.solver = solver;
    }
    if (ran)
        take(p, &all.y, whole);
    step.k_cache = give(p, caches, ARETE_F32, 4, dc);
    step.v_cache = give(p, caches, ARETE_F32, 4, dc);
    for (int64_t t = 0; t < S && ran; t += chunk) {
        int64_t n = chunk < S - t ? chunk : S - t;
        const int64_t nq[] = {B, HQ, n, D}, nk[] = {B, HKV, n, D};
        const int32_t past = (int32_t)t;
        step.cos = all.cos;
        step.sin = all.sin;
        slice(q, HQ, t, n, part);
        step.q = give(p, part, ARETE_F32, 4, nq);
        step.y = give(p, part, ARETE_F32, 4, nq);
        slice(k, HKV, t, n, part);
        step.k = give(p, part, ARETE_F32, 4, nk);
        slice(v, HKV, t, n, part);
        step.v = give(p, part, ARETE_F32, 4, nk);
        step.past = from_device ? 0 : t;
        if (from_device)
            step.past_lens = give(p, &past, ARETE_I32, 1, one);
        ran = attend(p, &desc, &step);
        if (ran)
            take(p, &step.y, part);
        for (int64_t h = 0; h < B * HQ && ran; ++h)
            for (int64_t e = 0; e < n * D; ++e)
                assert_near((double)part[h * n * D + e], (double)whole[(h * S + t) * D + e], 3e-6);
        arete_attention_args used = {
            .q = step.q, .k = step.k, .v = step.v, .y = step.y, .past_lens = step.past_lens};
        drop(&used);
        step.past_lens = (arete_tensor){0};
    }
    step.q = step.k = step.v = step.y = step.cos = step.sin = (arete_tensor){0};
    drop(&step);
    drop(&all);
    free(q);
    free(k);
    free(v);
}

static void all_forms(place *p, const char *solver) {
    step_by_step(p, solver, false, false, 1);
    step_by_step(p, solver, true, true, 1);
    step_by_step(p, solver, true, false, 5);
}

static void cached(void **state) {
    (void)state;
    everywhere(all_forms);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cached)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
