/* Choosing, caching, forcing, recording: with a made-up family on the reference device. */
#include <math.h>

#include "plan.h"
#include "test.h"

typedef struct toy_problem {
    int64_t size;
} toy_problem;

static int builds, fails_build;

static bool applies_always(const void *problem, const arete_device *device, const char **why) {
    (void)problem, (void)device, (void)why;
    return true;
}

static bool applies_to_even(const void *problem, const arete_device *device, const char **why) {
    (void)device;
    *why = "size must be even";
    return ((const toy_problem *)problem)->size % 2 == 0;
}

static void guess_tile(const void *problem, const arete_device *device, ar_params *params) {
    (void)problem, (void)device;
    params->value[0] = 8;
    params->value[1] = 1;
}

static bool accepts_tile(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    (void)problem, (void)device;
    *why = "tile must be 1 to 64";
    return params->value[0] >= 1 && params->value[0] <= 64;
}

static double estimate_slow(const void *problem, const arete_device *device, const arete_roofs *roofs,
                            const ar_params *params) {
    (void)device, (void)roofs, (void)params;
    return 2e-3 * (double)((const toy_problem *)problem)->size;
}

static double estimate_fast(const void *problem, const arete_device *device, const arete_roofs *roofs,
                            const ar_params *params) {
    return estimate_slow(problem, device, roofs, params) / 2;
}

static double estimate_never(const void *problem, const arete_device *device, const arete_roofs *roofs,
                             const ar_params *params) {
    (void)problem, (void)device, (void)roofs, (void)params;
    return INFINITY;
}

static arete_status build_toy(arete_plan *plan) {
    builds++;
    if (fails_build) {
        return ARETE_E_BUILD;
    }
    plan->workspace = 64;
    return ARETE_OK;
}

static const char *const tile_names[] = {"tile", "split", NULL};
static const ar_solver slow = {.name = "slow", .applies = applies_always, .estimate = estimate_slow, .build = build_toy};
static const ar_solver fast = {.name = "fast",
                               .param_names = tile_names,
                               .applies = applies_to_even,
                               .guess = guess_tile,
                               .accepts = accepts_tile,
                               .estimate = estimate_fast,
                               .build = build_toy};
static const ar_solver asked = {.name = "asked", .applies = applies_always, .estimate = estimate_never, .build = build_toy};
static const ar_solver *const solvers[] = {&slow, &fast, &asked, NULL};

static void format_toy(const void *problem, char *text, size_t bytes) {
    snprintf(text, bytes, "size=%lld", (long long)((const toy_problem *)problem)->size);
}

static void cost_toy(const void *problem, arete_cost *cost) {
    *cost = (arete_cost){.flops = (double)((const toy_problem *)problem)->size, .launches = 1};
}

static const ar_family toy = {"toy", sizeof(toy_problem), solvers, format_toy, cost_toy};

static arete_context *context_with(const char *tuning_dir) {
    arete_context_desc desc = {.backends = "reference",
                               .log_level = ARETE_LOG_OFF,
                               .tuning_dir = tuning_dir,
                               .plan_cache_capacity = 2};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    return context;
}

static arete_plan *solve(arete_device *device, int64_t size, const char *forced, bool cached) {
    toy_problem problem = {size};
    arete_plan *plan = NULL;
    assert_ok(ar_solve(device, &toy, &problem, forced, cached, &plan));
    return plan;
}

static void choice_by_estimate(void **state) {
    (void)state;
    arete_context *context = context_with("off");
    arete_device *device = arete_device_at(context, 0);
    arete_plan *even = solve(device, 4, NULL, false), *odd = solve(device, 5, NULL, false);
    assert_string_equal(arete_plan_solver(even), "fast:tile=8,split=1");
    assert_string_equal(arete_plan_choice(even), "estimate");
    assert_string_equal(arete_plan_problem(even), "toy size=4");
    assert_int_equal(arete_plan_workspace(even), 64);
    assert_near(arete_plan_estimate(even), 4e-3, 1e-9);
    assert_string_equal(arete_plan_solver(odd), "slow");
    arete_plan_release(even);
    arete_context_release(context); /* odd still holds it */
    assert_ptr_equal(arete_plan_device(odd), device);
    arete_plan_release(odd);
}

static void forced(void **state) {
    (void)state;
    arete_context *context = context_with("off");
    arete_device *device = arete_device_at(context, 0);
    toy_problem even = {4}, odd = {5};
    arete_plan *plan = solve(device, 4, "fast:split=3", false);
    assert_string_equal(arete_plan_solver(plan), "fast:tile=8,split=3");
    assert_string_equal(arete_plan_choice(plan), "forced");
    arete_plan_release(plan);
    plan = solve(device, 4, "asked", false);
    assert_string_equal(arete_plan_solver(plan), "asked");
    arete_plan_release(plan);
    plan = NULL;
    assert_status(ar_solve(device, &toy, &even, "quick", false, &plan), ARETE_E_NOT_FOUND);
    assert_text("slow, fast, asked");
    assert_status(ar_solve(device, &toy, &odd, "fast", false, &plan), ARETE_E_UNSUPPORTED);
    assert_text("size must be even");
    assert_status(ar_solve(device, &toy, &even, "fast:tile=65", false, &plan), ARETE_E_UNSUPPORTED);
    assert_text("tile must be 1 to 64");
    assert_status(ar_solve(device, &toy, &even, "fast:til=6", false, &plan), ARETE_E_FORMAT);
    assert_status(ar_solve(device, &toy, &even, "fast:tile=x", false, &plan), ARETE_E_FORMAT);
    assert_status(ar_solve(device, &toy, &even, "slow:tile=1", false, &plan), ARETE_E_FORMAT);
    fails_build = 1;
    assert_status(ar_solve(device, &toy, &even, NULL, true, &plan), ARETE_E_BUILD);
    fails_build = 0;
    assert_null(plan);
    arete_context_release(context);
}

/* Two entries are kept; the least recently used goes; forced plans are apart. */
static void plan_cache(void **state) {
    (void)state;
    arete_context *context = context_with("off");
    arete_device *device = arete_device_at(context, 0);
    builds = 0;
    arete_plan *first = solve(device, 2, NULL, true), *again = solve(device, 2, NULL, true);
    assert_ptr_equal(first, again);
    assert_int_equal(builds, 1);
    arete_plan *slow_one = solve(device, 2, "slow", true);
    assert_ptr_not_equal(first, slow_one);
    assert_int_equal(builds, 2);
    arete_plan_release(again);
    again = solve(device, 2, NULL, true); /* used last, so that slow_one is evicted */
    arete_plan *third = solve(device, 4, NULL, true);
    assert_int_equal(builds, 3);
    arete_plan *still = solve(device, 2, NULL, true);
    assert_int_equal(builds, 3);
    assert_string_equal(arete_plan_solver(slow_one), "slow"); /* evicted, but held by its user */
    arete_plan *const all[] = {first, again, slow_one, third, still};
    for (size_t i = 0; i < 5; i++) {
        arete_plan_release(all[i]);
    }
    arete_context_release(context);
}

/* A record overrules the estimate, here and in a later context; a slower one does not replace it unless told to. */
static void records(void **state) {
    (void)state;
    char *directory = temporary_directory();
    arete_context *context = context_with(directory);
    arete_device *device = arete_device_at(context, 0);
    arete_plan *plan = solve(device, 4, "slow", false);
    assert_ok(arete_plan_record(plan, 1e-3, false));
    assert_status(arete_plan_record(plan, 0, false), ARETE_E_ARGUMENT);
    arete_plan_release(plan);
    plan = solve(device, 4, NULL, true);
    assert_string_equal(arete_plan_solver(plan), "slow");
    assert_string_equal(arete_plan_choice(plan), "tuned");
    arete_plan_release(plan);
    plan = solve(device, 4, "fast:tile=16", false);
    assert_ok(arete_plan_record(plan, 2e-3, false)); /* slower: passed over */
    arete_plan *now = solve(device, 4, NULL, true);
    assert_string_equal(arete_plan_solver(now), "slow");
    arete_plan_release(now);
    assert_ok(arete_plan_record(plan, 2e-3, true));
    now = solve(device, 4, NULL, true); /* the cached plan was dropped */
    assert_string_equal(arete_plan_solver(now), "fast:tile=16,split=1");
    arete_plan_release(now);
    arete_plan_release(plan);
    arete_context_release(context);

    context = context_with(directory);
    plan = solve(arete_device_at(context, 0), 4, NULL, false);
    assert_string_equal(arete_plan_solver(plan), "fast:tile=16,split=1");
    arete_plan_release(plan);
    arete_context_release(context);
    free_directory(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choice_by_estimate),
        cmocka_unit_test(forced),
        cmocka_unit_test(plan_cache),
        cmocka_unit_test(records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
