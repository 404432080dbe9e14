#include "stage.h"

#include <string.h>

#include "error.h"
#include "os.h"

arete_status ar_stage_open(const ar_stage_spec *spec, ar_stage *stage) {
    const ar_case *of = spec->of;
    memset(stage, 0, sizeof *stage);
    stage->spec = *spec;
    arete_status status = of->work->plan(spec->device, of->of, spec->solver, &stage->plan);
    if (status == ARETE_OK)
        status = arete_queue_create(spec->device, 0, &stage->queue);
    for (size_t i = 0; i < of->count && status == ARETE_OK; i++)
        status = ar_block_make(&spec->data, &of->operands[i], i, spec->views, &stage->host[i]);
    if (status == ARETE_OK) {
        stage->workspace_bytes = arete_plan_workspace(stage->plan);
        if (spec->workspace && stage->workspace_bytes)
            status = arete_buffer_create(spec->device, stage->workspace_bytes + AR_GUARD_BYTES, &stage->workspace);
        else
            status = arete_queue_reserve(stage->queue, stage->workspace_bytes);
    }
    if (status != ARETE_OK)
        ar_stage_close(stage);
    return status;
}

static arete_status load_copy(ar_stage *stage, size_t copy) {
    const ar_case *of = stage->spec.of;
    arete_tensor *tensors = stage->tensors + copy * of->count;
    for (size_t i = 0; i < of->count; i++) {
        tensors[i] = of->operands[i].tensor;
        tensors[i].offset = stage->host[i].offset;
        tensors[i].buffer = NULL;
    }
    for (size_t i = 0; i < of->count; i++) {
        arete_status status = arete_buffer_create(stage->spec.device, stage->host[i].bytes, &tensors[i].buffer);
        if (status != ARETE_OK)
            return status;
    }
    arete_status status = ar_stage_restore(stage, copy, true);
    if (status != ARETE_OK || !of->work->pack)
        return status;
    status = of->work->pack(stage->plan, stage->queue, of->of, tensors, &stage->packed[copy]);
    stage->is_packed |= stage->packed[copy] != NULL;
    return status == ARETE_OK ? arete_queue_finish(stage->queue) : status;
}

arete_status ar_stage_load(ar_stage *stage, size_t copies) {
    size_t count = stage->spec.of->count;
    arete_tensor *tensors = ar_os_realloc(stage->tensors, copies * count * sizeof *tensors);
    if (tensors)
        stage->tensors = tensors;
    arete_buffer **packed = ar_os_realloc(stage->packed, copies * sizeof *packed);
    if (packed)
        stage->packed = packed;
    if (!tensors || !packed)
        return ar_fail_memory("the operands' list", copies * count * sizeof *tensors);
    while (stage->copies < copies) {
        size_t copy = stage->copies++;
        memset(tensors + copy * count, 0, count * sizeof *tensors);
        packed[copy] = NULL;
        arete_status status = load_copy(stage, copy);
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

arete_status ar_stage_restore(ar_stage *stage, size_t copy, bool all) {
    const ar_case *of = stage->spec.of;
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < of->count && status == ARETE_OK; i++)
        if (all || of->operands[i].role == AR_OUTPUT || of->operands[i].role == AR_INOUT)
            status = arete_queue_write(stage->queue, stage->tensors[copy * of->count + i].buffer, 0,
                                       stage->host[i].bytes, stage->host[i].memory, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK && stage->workspace) {
        unsigned char pattern[16];
        ar_poison_pattern(ARETE_F32, pattern);
        status = arete_queue_fill(stage->queue, stage->workspace, 0, arete_buffer_size(stage->workspace) / 4 * 4,
                                  pattern, 4, NULL);
        if (status == ARETE_OK)
            status = arete_queue_finish(stage->queue);
    }
    return status;
}

arete_status ar_stage_run(ar_stage *stage, size_t copy, arete_event **done) {
    const ar_case *of = stage->spec.of;
    return of->work->run(stage->plan, stage->queue, of->of, stage->tensors + copy * of->count, stage->packed[copy],
                         stage->workspace, ARETE_WAIT_NONE, done);
}

arete_status ar_stage_read(ar_stage *stage, size_t copy, size_t operand, ar_block *block) {
    const ar_block *host = &stage->host[operand];
    unsigned char *memory = ar_os_alloc_aligned(host->bytes, 4096);
    if (!memory)
        return ar_fail_memory("a result", host->bytes);
    arete_status status =
        arete_queue_read(stage->queue, stage->tensors[copy * stage->spec.of->count + operand].buffer, 0,
                         host->bytes, memory, ARETE_WAIT_NONE, NULL);
    if (status != ARETE_OK) {
        ar_os_free_aligned(memory);
        return status;
    }
    *block = (ar_block){.memory = memory, .bytes = host->bytes, .offset = host->offset};
    return ARETE_OK;
}

arete_status ar_stage_workspace_unharmed(ar_stage *stage, bool *unharmed) {
    *unharmed = true;
    if (!stage->workspace)
        return ARETE_OK;
    /* The fill above covers whole words from 0; a workspace that is no multiple of 4 ends inside one. */
    unsigned char guard[AR_GUARD_BYTES], pattern[16];
    uint64_t from = stage->workspace_bytes, last = arete_buffer_size(stage->workspace) / 4 * 4;
    ar_poison_pattern(ARETE_F32, pattern);
    arete_status status =
        arete_queue_read(stage->queue, stage->workspace, from, last - from, guard, ARETE_WAIT_NONE, NULL);
    for (uint64_t i = 0; i < last - from && status == ARETE_OK; i++)
        *unharmed &= guard[i] == pattern[(from + i) % 4];
    return status;
}

void ar_stage_close(ar_stage *stage) {
    size_t count = stage->spec.of ? stage->spec.of->count : 0;
    if (stage->queue)
        (void)arete_queue_finish(stage->queue);
    for (size_t copy = 0; copy < stage->copies; copy++) {
        for (size_t i = 0; i < count; i++)
            arete_buffer_release(stage->tensors[copy * count + i].buffer);
        arete_buffer_release(stage->packed[copy]);
    }
    for (size_t i = 0; i < count; i++)
        ar_block_free(&stage->host[i]);
    ar_os_free(stage->tensors);
    ar_os_free(stage->packed);
    arete_buffer_release(stage->workspace);
    arete_queue_release(stage->queue);
    arete_plan_release(stage->plan);
    memset(stage, 0, sizeof *stage);
}
