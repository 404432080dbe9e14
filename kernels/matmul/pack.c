/* Packed B: the layout that all CPU-class solvers share, and its making by pack_b.cl. */
#include <stdio.h>
#include <string.h>

#include "solver_common.h"
#include "sources.h"

enum { K_BLOCK = 256, PANELS = 8 }; /* of pack_b.cl: steps and panels of a group */

int64_t ar_matmul_panel(const matmul_problem *p, const arete_device *device) {
    return 2 * ar_matmul_lanes(p, device);
}

/* Matrices that are repeated (step 0) are packed once. */
static int64_t packed_steps(const matmul_problem *p, const arete_device *device, int64_t steps[MATMUL_LEVELS]) {
    int64_t nr = ar_matmul_panel(p, device);
    int64_t size = (p->n + nr - 1) / nr * nr * p->k;
    for (int level = MATMUL_LEVELS; level-- > 0;) {
        steps[level] = p->step_b[level] == 0 ? 0 : size;
        size *= p->step_b[level] == 0 ? 1 : p->batch[level];
    }
    return size;
}

bool ar_matmul_packed_layout(const matmul_problem *p, const arete_device *device, matmul_packed *packed) {
    int64_t nr = ar_matmul_panel(p, device);
    /* In doubles first: a tiny K by a huge N grows by the padding. */
    double whole = ((double)p->n + (double)nr) * (double)p->k * (double)ar_matmul_batches(p) * 8;
    if (whole > 9e18)
        return false;
    int64_t elements = packed_steps(p, device, packed->steps);
    packed->bytes = (uint64_t)elements * arete_dtype_size((arete_dtype)p->type_b);
    packed->bytes += packed->bytes == 0; /* a buffer has at least one byte */
    char text[160];
    snprintf(text, sizeof text, "matmul-b nr=%d n=%lld k=%lld size=%d batch=%lldx%lldx%lld", (int)nr,
             (long long)p->n, (long long)p->k, (int)p->type_b, (long long)(p->step_b[0] ? p->batch[0] : 1),
             (long long)(p->step_b[1] ? p->batch[1] : 1), (long long)(p->step_b[2] ? p->batch[2] : 1));
    packed->layout = ar_text_hash(text);
    return true;
}

arete_status ar_matmul_pack_kernel(arete_device *device, const matmul_problem *p, const ar_kernel **kernel) {
    char options[96];
    snprintf(options, sizeof options, "-DVEC=%d -DREAL_F64=%d -DELEMENT_BYTES=%d -DTRANS_B=%d",
             (int)ar_matmul_vec(device), p->type_a == ARETE_F64, (int)arete_dtype_size((arete_dtype)p->type_b),
             (int)p->trans_b);
    return ar_kernel_get(device, &ar_source_matmul_pack_b, options, "matmul_pack_b", kernel);
}

/* One launch packs the innermost level; the two around it are loops here. */
arete_status ar_matmul_pack_launch(arete_queue *queue, const ar_kernel *kernel, const matmul_problem *p,
                                   const arete_tensor *b, arete_buffer *into, uint64_t into_offset,
                                   arete_wait_list after) {
    int64_t steps[MATMUL_LEVELS], count[MATMUL_LEVELS];
    int64_t nr = ar_matmul_panel(p, queue->device), element = (int64_t)arete_dtype_size((arete_dtype)p->type_b);
    packed_steps(p, queue->device, steps);
    for (int level = 0; level < MATMUL_LEVELS; ++level)
        count[level] = p->step_b[level] == 0 ? 1 : p->batch[level];
    if (p->n == 0 || p->k == 0)
        return ARETE_OK;
    int64_t panels = (p->n + nr - 1) / nr;
    for (int64_t z0 = 0; z0 < count[0]; ++z0) {
        for (int64_t z1 = 0; z1 < count[1]; ++z1) {
            const ar_arg args[] = {
                AR_I64(p->n),
                AR_I64(p->k),
                AR_I64(p->ldb),
                AR_I64(K_BLOCK),
                AR_I64((int64_t)b->offset / element + z0 * p->step_b[0] + z1 * p->step_b[1]),
                AR_I64(p->step_b[2]),
                AR_I64((int64_t)into_offset / element + z0 * steps[0] + z1 * steps[1]),
                AR_I64(steps[2]),
                AR_BUFFER(b->buffer),
                AR_BUFFER(into),
            };
            const ar_launch launch = {
                .kernel = kernel,
                .dims = 3,
                .global = {(size_t)((panels + PANELS - 1) / PANELS), (size_t)((p->k + K_BLOCK - 1) / K_BLOCK),
                           (size_t)count[2]},
                .local = {1, 1, 1},
                .args = args,
                .arg_count = sizeof args / sizeof args[0],
            };
            arete_status status = ar_launch_run(queue, &launch, after, NULL);
            if (status != ARETE_OK)
                return status;
            after = ARETE_WAIT_NONE; /* the queue is in order */
        }
    }
    return ARETE_OK;
}

arete_status ar_matmul_pack(const arete_plan *plan, arete_queue *queue, const matmul_problem *problem,
                            const arete_tensor *b, arete_buffer *into) {
    const ar_kernel *kernel = NULL;
    arete_status status = ar_matmul_pack_kernel(plan->device, problem, &kernel);
    if (status != ARETE_OK)
        return status;
    return ar_matmul_pack_launch(queue, kernel, problem, b, into, 0, ARETE_WAIT_NONE);
}
