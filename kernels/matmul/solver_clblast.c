/* clblast: libclblast, opened at run time, on the OpenCL queue beneath ours. The one solver that knows of OpenCL.
 *
 * CLBlast is a library for one operation, so it is a solver and no backend. It takes no wait list, so a marker before
 * it waits in its stead, and a marker after it is the event. It compiles at the first call of a routine, which build()
 * makes on a product of one element; temporary buffers it allocates on its own, in every call that pads or transposes.
 * f16 is left out: CLBlast sums it in half, and matmul.h promises f32.
 */
#include "problem.h"

#include <math.h>
#include <stdatomic.h>

#include "arete/opencl.h"

/* The part of CLBlast's C interface that is used; int for its enums and status. */
enum { ROW_MAJOR = 101, TRANSPOSE_NO = 111, TRANSPOSE_YES = 112 };
typedef int sgemm_fn(int layout, int trans_a, int trans_b, size_t m, size_t n, size_t k, float alpha, arete_cl_mem a,
                     size_t a_offset, size_t lda, size_t a_stride, arete_cl_mem b, size_t b_offset, size_t ldb,
                     size_t b_stride, float beta, arete_cl_mem c, size_t c_offset, size_t ldc, size_t c_stride,
                     size_t batch, arete_cl_command_queue *queue, arete_cl_event *event);
typedef int dgemm_fn(int layout, int trans_a, int trans_b, size_t m, size_t n, size_t k, double alpha, arete_cl_mem a,
                     size_t a_offset, size_t lda, size_t a_stride, arete_cl_mem b, size_t b_offset, size_t ldb,
                     size_t b_stride, double beta, arete_cl_mem c, size_t c_offset, size_t ldc, size_t c_stride,
                     size_t batch, arete_cl_command_queue *queue, arete_cl_event *event);
typedef int sgemm_one_fn(int layout, int trans_a, int trans_b, size_t m, size_t n, size_t k, float alpha,
                         arete_cl_mem a, size_t a_offset, size_t lda, arete_cl_mem b, size_t b_offset, size_t ldb,
                         float beta, arete_cl_mem c, size_t c_offset, size_t ldc, arete_cl_command_queue *queue,
                         arete_cl_event *event);
typedef int dgemm_one_fn(int layout, int trans_a, int trans_b, size_t m, size_t n, size_t k, double alpha,
                         arete_cl_mem a, size_t a_offset, size_t lda, arete_cl_mem b, size_t b_offset, size_t ldb,
                         double beta, arete_cl_mem c, size_t c_offset, size_t ldc, arete_cl_command_queue *queue,
                         arete_cl_event *event);

typedef struct clblast {
    ar_library *library;
    ar_mutex *lock; /* versions before 1.6.1 are not safe to call from two threads */
    sgemm_one_fn *sgemm;
    dgemm_one_fn *dgemm;
    sgemm_fn *sgemm_batched;
    dgemm_fn *dgemm_batched;
} clblast;

static const struct {
    int code;
    const char *text;
} status_texts[] = {
    {-3, "no OpenCL compiler"},
    {-4, "a temporary buffer could not be allocated"},
    {-5, "out of device resources"},
    {-6, "out of host memory"},
    {-11, "one of its kernels did not compile"},
    {-36, "invalid command queue"},
    {-38, "invalid memory object"},
    {-54, "its work-group is too large for this device: it needs tuning for it"},
    {-55, "its work-group is too large in one dimension for this device: it needs tuning for it"},
    {-63, "invalid global work size"},
    {-1011, "A's buffer is too small"},
    {-1010, "B's buffer is too small"},
    {-1009, "C's buffer is too small"},
    {-1014, "ldc is too small"},
    {-1015, "ldb is too small"},
    {-1016, "lda is too small"},
    {-1017, "a dimension is 0"},
    {-1022, "A is no valid buffer"},
    {-1021, "B is no valid buffer"},
    {-1020, "C is no valid buffer"},
    {-1024, "not implemented"},
    {-2039, "an unexpected exception"},
    {-2040, "an unknown error"},
    {-2041, "the device is not in its database"},
    {-2044, "the device has no f64"},
    {-2046, "its tiles need more local memory than the device has"},
    {-2049, "the batch is 0"},
};

/* Opens the library at the first call and keeps it for the life of the process; NULL where there is none. */
static clblast *open_once(void) {
    static _Atomic(clblast *) opened;
    static atomic_bool absent;
    clblast *found = atomic_load(&opened);
    if (found || atomic_load(&absent))
        return found;
    static const char *const names[] = {"libclblast.so.1", "libclblast.so", "libclblast.dylib"};
    char why[256];
    clblast made = {.library = ar_library_open(names, sizeof names / sizeof *names, why, sizeof why)};
    clblast *kept = made.library ? ar_os_alloc(sizeof *kept) : NULL;
    made.lock = kept ? ar_mutex_create() : NULL;
    if (made.lock) {
        *(void **)&made.sgemm = ar_library_symbol(made.library, "CLBlastSgemm");
        *(void **)&made.dgemm = ar_library_symbol(made.library, "CLBlastDgemm");
        *(void **)&made.sgemm_batched = ar_library_symbol(made.library, "CLBlastSgemmStridedBatched");
        *(void **)&made.dgemm_batched = ar_library_symbol(made.library, "CLBlastDgemmStridedBatched");
    }
    if (made.sgemm && made.dgemm && made.sgemm_batched && made.dgemm_batched) {
        *kept = made;
        if (atomic_compare_exchange_strong(&opened, &found, kept))
            return kept;
    } else {
        atomic_store(&absent, true);
    }
    if (made.lock)
        ar_mutex_destroy(made.lock);
    ar_os_free(kept);
    if (made.library)
        ar_library_close(made.library);
    return found;
}

/* Whether a matrix of several lines has a pitch below their width. */
static bool repeats(int64_t pitch, int64_t lines, int64_t width) {
    return lines > 1 && pitch < width;
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const matmul_problem *p = problem;
    bool f64 = p->type_a == ARETE_F64;
    if (!arete_opencl_device(device)) {
        *why = "it runs on OpenCL devices only";
        return false;
    }
    if ((p->type_a != ARETE_F32 && !f64) || p->type_b != p->type_a || p->type_c != p->type_a) {
        *why = "it takes f32 and f64 only (it would sum f16 in half)";
        return false;
    }
    if (f64 && !device->info.has_f64) {
        *why = "the device has no f64";
        return false;
    }
    if (p->bias || p->activation || p->cin == MATMUL_CIN_APART) {
        *why = "it adds beta * C only: no bias, activation or other Cin";
        return false;
    }
    if (ar_matmul_empty(p) || p->k == 0) {
        *why = "it takes no product with a dimension of 0";
        return false;
    }
    if (repeats(p->lda, p->trans_a ? p->k : p->m, p->trans_a ? p->m : p->k) ||
        repeats(p->ldb, p->trans_b ? p->n : p->k, p->trans_b ? p->k : p->n)) {
        *why = "it takes no rows that repeat or overlap: leading dimensions must reach the width";
        return false;
    }
    if (!open_once()) {
        *why = "libclblast is not installed (Debian: libclblast1)";
        return false;
    }
    return true;
}

/* Indirect products copy A, B and C into padded tiles of 128 and back first: 4 launches, each operand twice more. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    (void)params;
    const matmul_problem *p = problem;
    if (device->info.kind != ARETE_DEVICE_GPU)
        return INFINITY;
    double peak = roofs->peak[p->type_a == ARETE_F64 ? ARETE_UNIT_F64 : ARETE_UNIT_F32];
    double units = device->info.compute_units ? device->info.compute_units : 1;
    double tiles = ceil((double)p->m / 128) * ceil((double)p->n / 128) * (double)ar_matmul_batches(p);
    double rounds = ceil(tiles / units);
    double compute = rounds * 2 * 128 * 128 * (double)p->k / (0.7 * (peak > 0 ? peak : 1e11) / units);
    double moved = 3 * (double)(p->bytes_a + p->bytes_b + p->bytes_c);
    double memory = moved / (roofs->bandwidth > 0 ? roofs->bandwidth : 1e10);
    return compute + memory + 4 * (double)(p->batch[0] * p->batch[1]) * roofs->launch_seconds;
}

/* CLBlast wants leading dimensions of a row at least, also where there is one row only. */
static size_t leading(int64_t given, int64_t columns) {
    return (size_t)(given > columns ? given : columns);
}

typedef struct product {
    arete_cl_mem a, b, c;
    int64_t a_offset, b_offset, c_offset; /* elements */
} product;

static arete_status call(const matmul_problem *p, arete_cl_command_queue queue, const product *at) {
    clblast *library = open_once();
    if (!library)
        return ar_fail(ARETE_E_NOT_FOUND, "libclblast is not installed (Debian: libclblast1)");
    int ta = p->trans_a ? TRANSPOSE_YES : TRANSPOSE_NO, tb = p->trans_b ? TRANSPOSE_YES : TRANSPOSE_NO;
    size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k, batch = (size_t)p->batch[2];
    size_t lda = leading(p->lda, p->trans_a ? p->m : p->k), ldb = leading(p->ldb, p->trans_b ? p->k : p->n);
    size_t ldc = leading(p->ldc, p->n), a = (size_t)at->a_offset, b = (size_t)at->b_offset, c = (size_t)at->c_offset;
    size_t step_a = (size_t)p->step_a[2], step_b = (size_t)p->step_b[2], step_c = (size_t)p->step_c[2];
    double beta = p->cin == MATMUL_CIN_NONE ? 0 : p->beta;
    int code;
    ar_mutex_lock(library->lock);
    if (p->type_a == ARETE_F64 && batch == 1)
        code = library->dgemm(ROW_MAJOR, ta, tb, m, n, k, p->alpha, at->a, a, lda, at->b, b, ldb, beta, at->c, c, ldc,
                              &queue, NULL);
    else if (p->type_a == ARETE_F64)
        code = library->dgemm_batched(ROW_MAJOR, ta, tb, m, n, k, p->alpha, at->a, a, lda, step_a, at->b, b, ldb,
                                      step_b, beta, at->c, c, ldc, step_c, batch, &queue, NULL);
    else if (batch == 1)
        code = library->sgemm(ROW_MAJOR, ta, tb, m, n, k, (float)p->alpha, at->a, a, lda, at->b, b, ldb, (float)beta,
                              at->c, c, ldc, &queue, NULL);
    else
        code = library->sgemm_batched(ROW_MAJOR, ta, tb, m, n, k, (float)p->alpha, at->a, a, lda, step_a, at->b, b,
                                      ldb, step_b, (float)beta, at->c, c, ldc, step_c, batch, &queue, NULL);
    ar_mutex_unlock(library->lock);
    if (code == 0)
        return ARETE_OK;
    const char *text = "an OpenCL error";
    for (size_t i = 0; i < sizeof status_texts / sizeof *status_texts; ++i)
        if (status_texts[i].code == code)
            text = status_texts[i].text;
    bool memory = code == -4 || code == -5 || code == -6;
    return ar_fail(memory ? ARETE_E_MEMORY : code == -11 ? ARETE_E_BUILD : ARETE_E_DEVICE,
                   "CLBlast gives status %d: %s; another solver (gpu_tiled) takes the same product", code, text);
}

/* Has CLBlast compile what this plan's calls need, by a product of one element in each batch. */
static arete_status build(arete_plan *plan) {
    const matmul_problem *p = ar_plan_problem(plan);
    matmul_problem small = *p;
    arete_queue *queue = NULL;
    arete_buffer *memory = NULL;
    small.m = small.n = small.k = 1;
    small.lda = small.ldb = small.ldc = 1;
    small.cin = MATMUL_CIN_NONE;
    small.batch[2] = p->batch[2] > 1 ? 2 : 1;
    small.step_a[2] = small.step_b[2] = small.step_c[2] = 1;
    double zeros[6] = {0};
    arete_status status = arete_queue_create(plan->device, 0, &queue);
    if (status == ARETE_OK)
        status = arete_buffer_create(plan->device, sizeof zeros, &memory);
    if (status == ARETE_OK)
        status = arete_queue_write(queue, memory, 0, sizeof zeros, zeros, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK) {
        arete_cl_mem mem = arete_opencl_mem(memory);
        product at = {.a = mem, .b = mem, .c = mem, .b_offset = 2, .c_offset = 4};
        status = call(&small, arete_opencl_queue(queue), &at);
    }
    if (status == ARETE_OK)
        status = arete_queue_finish(queue);
    arete_buffer_release(memory);
    arete_queue_release(queue);
    if (status == ARETE_OK)
        plan->cost.launches = (double)(p->batch[0] * p->batch[1]);
    return status;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *arguments, arete_wait_list after,
                        arete_event **done) {
    const matmul_problem *p = ar_plan_problem(plan);
    const arete_matmul_args *args = arguments;
    int64_t size = (int64_t)arete_dtype_size((arete_dtype)p->type_a);
    if (after.count > 0) { /* the queue is in order: what follows the marker waits for it */
        arete_status status = ar_queue_marker(queue, after, NULL);
        if (status != ARETE_OK)
            return status;
    }
    for (int64_t i = 0; i < p->batch[0]; ++i) {
        for (int64_t j = 0; j < p->batch[1]; ++j) {
            product at = {
                .a = arete_opencl_mem(args->a.buffer), .b = arete_opencl_mem(args->b.buffer),
                .c = arete_opencl_mem(args->c.buffer),
                .a_offset = (int64_t)args->a.offset / size + i * p->step_a[0] + j * p->step_a[1],
                .b_offset = (int64_t)args->b.offset / size + i * p->step_b[0] + j * p->step_b[1],
                .c_offset = (int64_t)args->c.offset / size + i * p->step_c[0] + j * p->step_c[1]};
            arete_status status = call(p, arete_opencl_queue(queue), &at);
            if (status != ARETE_OK)
                return status;
        }
    }
    return done ? ar_queue_marker(queue, ARETE_WAIT_NONE, done) : ARETE_OK;
}

const ar_solver ar_matmul_clblast = {
    .name = "clblast",
    .applies = applies,
    .estimate = estimate,
    .build = build,
    .run = run,
};
