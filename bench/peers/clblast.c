/* CLBlast on the same OpenCL device as ours, through the interop header: it is given the queue and buffers of a
 * context of Arete's in the peer's own process. Calls enqueue. */
#include <stdio.h>
#include <string.h>

#include "arete/opencl.h"
#include "error.h"
#include "os.h"
#include "peer.h"

enum { LAYOUT_ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef int (*sgemm_fn)(int, int, int, size_t, size_t, size_t, float, arete_cl_mem, size_t, size_t, arete_cl_mem,
                        size_t, size_t, float, arete_cl_mem, size_t, size_t, arete_cl_command_queue *,
                        arete_cl_event *);
typedef int (*dgemm_fn)(int, int, int, size_t, size_t, size_t, double, arete_cl_mem, size_t, size_t, arete_cl_mem,
                        size_t, size_t, double, arete_cl_mem, size_t, size_t, arete_cl_command_queue *,
                        arete_cl_event *);

typedef struct clblast {
    ar_library *library;
    sgemm_fn sgemm;
    dgemm_fn dgemm;
    arete_context *context;
    arete_device *device;
    arete_queue *queue;
    /* of the prepared case */
    const ar_peer_case *on;
    ar_gemm gemm;
    arete_buffer **buffers; /* copies * operands */
} clblast;

static void close_clblast(void *state) {
    clblast *of = state;
    arete_queue_release(of->queue);
    arete_context_release(of->context);
    ar_library_close(of->library);
    ar_os_free(of);
}

static arete_status open_device(clblast *of, const char *selector) {
    arete_context_desc desc = {.size = sizeof desc, .backends = "opencl", .cpu_workers = ARETE_CPU_WORKERS_PINNED};
    arete_status status = arete_context_create(&desc, &of->context);
    if (status == ARETE_OK)
        status = arete_device_find(of->context, selector, &of->device);
    if (status == ARETE_OK && !arete_opencl_device(of->device))
        status = ar_fail(ARETE_E_NOT_FOUND, "CLBlast needs an OpenCL device; %s is none", selector);
    return status == ARETE_OK ? arete_queue_create(of->device, 0, &of->queue) : status;
}

/* CLBlast has no call that tells its version; the name of the file behind the links does ("libclblast.so.1.5.3").
 */
static void file_of(ar_library *library, char *text, size_t bytes) {
    char *path = NULL, line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    snprintf(text, bytes, "of unknown version");
    while (maps && ar_library_symbol(library, "CLBlastSgemm") && fgets(line, sizeof line, maps)) {
        path = strstr(line, "libclblast");
        if (!path)
            continue;
        path[strcspn(path, "\n")] = 0;
        snprintf(text, bytes, "%s", path);
        break;
    }
    if (maps)
        fclose(maps);
}

static arete_status open_clblast(uint32_t threads, const char *device, void **state, char *version, size_t bytes) {
    static const char *const places[] = {"libclblast.so.1", "libclblast.so"};
    char why[256];
    (void)threads; /* the OpenCL driver's, as ours */
    clblast *of = ar_os_alloc(sizeof *of);
    if (!of)
        return ar_fail_memory("clblast", sizeof *of);
    of->library = ar_library_open(places, 2, why, sizeof why);
    if (!of->library) {
        ar_os_free(of);
        return ar_fail(ARETE_E_NOT_FOUND, "CLBlast is not here: %s", why);
    }
    *(void **)&of->sgemm = ar_library_symbol(of->library, "CLBlastSgemm");
    *(void **)&of->dgemm = ar_library_symbol(of->library, "CLBlastDgemm");
    arete_status status = of->sgemm && of->dgemm ? open_device(of, device)
                                                 : ar_fail(ARETE_E_NOT_FOUND, "libclblast has no CLBlastSgemm");
    if (status != ARETE_OK) {
        close_clblast(of);
        return status;
    }
    char file[256];
    file_of(of->library, file, sizeof file);
    snprintf(version, bytes, "CLBlast %s", file);
    *state = of;
    return ARETE_OK;
}

static arete_status prepare(void *state, const ar_peer_case *on) {
    clblast *of = state;
    arete_status status = ar_gemm_of(on, "CLBlast", &of->gemm);
    if (status != ARETE_OK)
        return status;
    const ar_gemm *g = &of->gemm;
    if (g->type_a != g->type_b || g->type_a != g->type_c || (g->type_c != ARETE_F32 && g->type_c != ARETE_F64))
        return ar_fail(ARETE_E_UNSUPPORTED, "CLBlast is given f32 and f64 only, not %s", on->of->dtype);
    size_t count = on->copies * on->of->count;
    of->buffers = ar_os_alloc(count * sizeof *of->buffers);
    if (!of->buffers)
        return ar_fail_memory("CLBlast's buffers", count * sizeof *of->buffers);
    of->on = on;
    for (size_t i = 0; i < count && status == ARETE_OK; i++)
        status = arete_buffer_create(of->device, on->blocks[i].bytes, &of->buffers[i]);
    return status;
}

static size_t operand_number(const ar_peer_case *on, const char *name) {
    size_t i = 0;
    while (strcmp(on->of->operands[i].name, name) != 0)
        i++;
    return i;
}

static arete_status run(void *state, size_t copy) {
    clblast *of = state;
    const ar_gemm *g = &of->gemm;
    const ar_peer_case *on = of->on;
    size_t index[3] = {operand_number(on, "a"), operand_number(on, "b"), operand_number(on, "c")};
    arete_cl_mem memory[3];
    size_t offset[3], size = arete_dtype_size(g->type_c), first = copy * on->of->count;
    for (int i = 0; i < 3; i++) {
        memory[i] = arete_opencl_mem(of->buffers[first + index[i]]);
        offset[i] = on->blocks[first + index[i]].offset / size;
    }
    arete_cl_command_queue queue = arete_opencl_queue(of->queue);
    int ta = g->trans_a ? TRANS : NO_TRANS, tb = g->trans_b ? TRANS : NO_TRANS, code = 0;
    size_t m = (size_t)g->m, n = (size_t)g->n, k = (size_t)g->k;
    size_t lda = (size_t)g->lda, ldb = (size_t)g->ldb, ldc = (size_t)g->ldc;
    for (int64_t i = 0; i < g->batch && code == 0; i++) {
        size_t a = offset[0] + (size_t)(i * g->step_a), b = offset[1] + (size_t)(i * g->step_b);
        size_t c = offset[2] + (size_t)(i * g->step_c);
        if (g->type_c == ARETE_F32)
            code = of->sgemm(LAYOUT_ROW_MAJOR, ta, tb, m, n, k, (float)g->alpha, memory[0], a, lda, memory[1], b,
                             ldb, (float)g->beta, memory[2], c, ldc, &queue, NULL);
        else
            code = of->dgemm(LAYOUT_ROW_MAJOR, ta, tb, m, n, k, g->alpha, memory[0], a, lda, memory[1], b, ldb,
                             g->beta, memory[2], c, ldc, &queue, NULL);
    }
    return code == 0 ? ARETE_OK : ar_fail(ARETE_E_DEVICE, "CLBlast gave status %d", code);
}

static arete_status wait(void *state) {
    clblast *of = state;
    return arete_queue_finish(of->queue);
}

static arete_status give(void *state, size_t copy) {
    clblast *of = state;
    arete_status status = ARETE_OK;
    size_t count = of->on->of->count;
    for (size_t i = copy * count; i < (copy + 1) * count && status == ARETE_OK; i++)
        status = arete_queue_write(of->queue, of->buffers[i], 0, of->on->blocks[i].bytes, of->on->blocks[i].memory,
                                   ARETE_WAIT_NONE, NULL);
    return status;
}

static arete_status take(void *state, size_t copy) {
    clblast *of = state;
    arete_status status = ARETE_OK;
    size_t count = of->on->of->count;
    for (size_t i = copy * count; i < (copy + 1) * count && status == ARETE_OK; i++)
        status = arete_queue_read(of->queue, of->buffers[i], 0, of->on->blocks[i].bytes, of->on->blocks[i].memory,
                                  ARETE_WAIT_NONE, NULL);
    return status;
}

static void drop(void *state) {
    clblast *of = state;
    if (of->queue)
        (void)arete_queue_finish(of->queue);
    for (size_t i = 0; of->buffers && i < of->on->copies * of->on->of->count; i++)
        arete_buffer_release(of->buffers[i]);
    ar_os_free(of->buffers);
    of->buffers = NULL;
    of->on = NULL;
}

const ar_peer ar_peer_clblast = {.name = "clblast",
                                 .summary = "CLBlast on the same OpenCL device: f32, f64 products",
                                 .open = open_clblast,
                                 .prepare = prepare,
                                 .run = run,
                                 .wait = wait,
                                 .give = give,
                                 .take = take,
                                 .drop = drop,
                                 .close = close_clblast};
