#include "check.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"

const char *ar_outcome_name(ar_outcome outcome) {
    static const char *const names[] = {"passed", "failed", "skipped"};
    return names[outcome];
}

void ar_check_repro(const ar_stage_spec *spec, char *text, size_t bytes) {
    const arete_device_info *info = arete_device_get_info(spec->device);
    int length =
        snprintf(text, bytes, "arete selftest --case \"%s %s\" --device %s --seed %llu --data %s",
                 spec->of->work->family->name, spec->of->text, info->id, (unsigned long long)spec->data.seed,
                 spec->data.mode == AR_DATA_INTEGERS ? "integers" : "random");
    if (spec->solver && length > 0 && (size_t)length < bytes)
        snprintf(text + length, bytes - (size_t)length, " --solver %s", spec->solver);
}

void ar_comparison_text(const ar_case *of, const ar_comparison *comparison, char *text, size_t bytes) {
    const ar_operand *operand = &of->operands[comparison->operand];
    char at[160] = "";
    int64_t rest = comparison->element, index[ARETE_MAX_RANK] = {0};
    for (uint32_t d = operand->tensor.rank; d-- > 0;) {
        index[d] = rest % operand->tensor.dims[d];
        rest /= operand->tensor.dims[d];
    }
    for (uint32_t d = 0; d < operand->tensor.rank; d++) {
        size_t length = strlen(at);
        snprintf(at + length, sizeof at - length, "%s%lld", d ? "," : "", (long long)index[d]);
    }
    snprintf(text, bytes,
             "%s[%s] is %.9g, should be %.9g (sum of magnitudes %.4g; largest error %.3g, allowed %.3g)",
             operand->name, at, comparison->got, comparison->want, comparison->magnitude, comparison->max_error,
             comparison->tolerance);
}

static bool is_output(const ar_operand *operand) {
    return operand->role == AR_OUTPUT || operand->role == AR_INOUT;
}

static arete_status compare_block(ar_stage *stage, size_t output, const ar_block *block, double operations,
                                  ar_comparison *comparison) {
    const ar_case *of = stage->spec.of;
    const arete_tensor *tensor = &of->operands[output].tensor;
    arete_cost cost;
    arete_plan_cost(stage->plan, &cost);
    ar_elements elements;
    size_t limit = ar_elements_affordable(of, cost.flops, operations > 0 ? operations : 2e8);
    arete_status status = ar_elements_choose(of, output, stage->spec.data.seed, limit, &elements);
    if (status != ARETE_OK)
        return status;
    double *got = ar_os_alloc((elements.count ? elements.count : 1) * sizeof *got);
    if (got) {
        ar_gather(tensor, block, &elements, got);
        status = ar_compare(of, stage->plan, stage->host, output, &elements, got,
                            stage->spec.data.mode == AR_DATA_INTEGERS, comparison);
    } else {
        status = ar_fail_memory("results", elements.count * sizeof *got);
    }
    ar_os_free(got);
    ar_elements_free(&elements);
    return status;
}

arete_status ar_check_values(ar_stage *stage, size_t copy, double operations, ar_comparison *comparison) {
    const ar_case *of = stage->spec.of;
    arete_status status = ARETE_OK;
    ar_comparison_start(comparison);
    for (size_t i = 0; i < of->count && status == ARETE_OK; i++) {
        if (!is_output(&of->operands[i]))
            continue;
        ar_block block = {0};
        status = ar_stage_read(stage, copy, i, &block);
        if (status == ARETE_OK)
            status = compare_block(stage, i, &block, operations, comparison);
        ar_block_free(&block);
    }
    return status;
}

/* Restores, runs once, reads every operand back into after. */
static arete_status run_once(ar_stage *stage, ar_block after[AR_MAX_OPERANDS]) {
    arete_status status = ar_stage_restore(stage, 0, false);
    if (status == ARETE_OK)
        status = ar_stage_run(stage, 0, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(stage->queue);
    for (size_t i = 0; i < stage->spec.of->count && status == ARETE_OK; i++)
        status = ar_stage_read(stage, 0, i, &after[i]);
    return status;
}

static void fail(ar_check *check, const char *text) {
    if (check->outcome == AR_FAILED)
        return; /* the first reason is the one to look at */
    check->outcome = AR_FAILED;
    snprintf(check->why, sizeof check->why, "%s", text);
}

/* Guards, holes, inputs. Changes the host blocks of outputs: call it last. */
static void check_harm(ar_stage *stage, const ar_block after[AR_MAX_OPERANDS], ar_check *check) {
    const ar_case *of = stage->spec.of;
    for (size_t i = 0; i < of->count; i++) {
        uint64_t at = 0;
        if (ar_block_unharmed(&stage->host[i], &after[i], &of->operands[i], &at))
            continue;
        char text[256];
        int64_t past = (int64_t)at - (int64_t)stage->host[i].offset;
        snprintf(text, sizeof text, "%s %s was written at byte %lld from its first element (it extends over %llu)",
                 is_output(&of->operands[i]) ? "memory around output" : "input", of->operands[i].name,
                 (long long)past, (unsigned long long)arete_tensor_extent(&of->operands[i].tensor));
        fail(check, text);
    }
}

static void check_same_bits(ar_stage *stage, const ar_block *first, const ar_block *second, ar_check *check) {
    const ar_case *of = stage->spec.of;
    for (size_t i = 0; i < of->count; i++)
        if (is_output(&of->operands[i]) && memcmp(first[i].memory, second[i].memory, first[i].bytes) != 0) {
            char text[128];
            snprintf(text, sizeof text, "a second run gave other bits in %s", of->operands[i].name);
            fail(check, text);
        }
}

static arete_status check_stage(ar_stage *stage, double operations, ar_check *check) {
    const ar_case *of = stage->spec.of;
    ar_block first[AR_MAX_OPERANDS] = {{0}}, second[AR_MAX_OPERANDS] = {{0}};
    bool unharmed = true;
    arete_status status = ar_stage_load(stage, 1);
    check->packed = stage->is_packed;
    if (status == ARETE_OK)
        status = run_once(stage, first);
    if (status == ARETE_OK)
        status = ar_stage_workspace_unharmed(stage, &unharmed);
    if (status == ARETE_OK && !unharmed)
        fail(check, "memory behind the workspace was written");
    if (status == ARETE_OK)
        status = run_once(stage, second);
    for (size_t i = 0; i < of->count && status == ARETE_OK; i++)
        if (is_output(&of->operands[i]))
            status = compare_block(stage, i, &first[i], operations, &check->values);
    if (status == ARETE_OK && !check->values.passed) {
        char text[512];
        ar_comparison_text(of, &check->values, text, sizeof text);
        fail(check, text);
    }
    if (status == ARETE_OK) {
        check_harm(stage, first, check);
        check_same_bits(stage, first, second, check);
    }
    for (size_t i = 0; i < of->count; i++) {
        ar_block_free(&first[i]);
        ar_block_free(&second[i]);
    }
    return status;
}

void ar_check_case(const ar_stage_spec *spec, double operations, ar_check *check) {
    memset(check, 0, sizeof *check);
    ar_comparison_start(&check->values);
    snprintf(check->solver, sizeof check->solver, "%s", spec->solver ? spec->solver : "");
    ar_check_repro(spec, check->repro, sizeof check->repro);
    ar_stage stage;
    arete_status status = ar_stage_open(spec, &stage);
    if (status == ARETE_E_UNSUPPORTED) {
        check->outcome = AR_SKIPPED;
        snprintf(check->why, sizeof check->why, "%s", arete_error_text());
        return;
    }
    if (status == ARETE_OK) {
        snprintf(check->solver, sizeof check->solver, "%s", arete_plan_solver(stage.plan));
        snprintf(check->choice, sizeof check->choice, "%s", arete_plan_choice(stage.plan));
        status = check_stage(&stage, operations, check);
    }
    if (status != ARETE_OK) {
        char text[2048];
        snprintf(text, sizeof text, "%s: %s", arete_status_name(status), arete_error_text());
        fail(check, text);
    }
    ar_stage_close(&stage);
}
