/* What a launch through the backend costs above the bare driver calls with the same arguments. Not a test: it
 * prints medians of rounds in which the two take turns, in nanoseconds a launch, on the device under test.
 *
 * Three ways are timed: the bare calls; the backend's launch entry; ar_launch_run(), core's checks included. The
 * time is that of enqueueing alone: the queue is finished between rounds, and a user event holds the device back
 * until a round is enqueued, so that no worker thread competes for the cores. */
#include "opencl_fixture.h"

#include <stdlib.h>

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

enum { ARGS = 12, LAUNCHES = 500, ROUNDS = 201, WAYS = 3 };

static const ar_source source = SOURCE("test/many.cl",
    "__kernel void many(__global int *p, __global int *q, __global int *r, int a, int b, int c, int d, long e,\n"
    "                   long f, long g, float h, float i) { if (a == 12345) p[0] = q[0] + r[0]; }\n");

typedef struct bench {
    fixture *f;
    arete_buffer *buffers[3];
    const ar_kernel *kernel;
    cl_kernel native; /* a kernel of its own for the bare calls */
    ar_arg args[ARGS];
    ar_launch launch;
} bench;

static int bare(bench *b) {
    cl_command_queue queue = arete_opencl_queue(b->f->queue);
    cl_int code = CL_SUCCESS;
    for (cl_uint i = 0; i < ARGS; i++) {
        cl_mem mem = i < 3 ? arete_opencl_mem(b->buffers[i]) : NULL;
        code |= clSetKernelArg(b->native, i, i < 3 ? sizeof mem : b->args[i].bytes,
                               i < 3 ? (const void *)&mem : (const void *)&b->args[i].as);
    }
    return code | clEnqueueNDRangeKernel(queue, b->native, 1, NULL, b->launch.global, b->launch.local, 0, NULL,
                                         NULL);
}

static int by_backend(bench *b) {
    return (int)b->f->device->backend->queue->launch(b->f->queue, &b->launch, (ar_when){0, NULL, NULL});
}

static int by_core(bench *b) {
    return (int)ar_launch_run(b->f->queue, &b->launch, ARETE_WAIT_NONE, NULL);
}

static double round_of(bench *b, int (*way)(bench *)) {
    cl_command_queue queue = arete_opencl_queue(b->f->queue);
    cl_event gate = clCreateUserEvent(arete_opencl_context(b->f->device), NULL);
    clEnqueueBarrierWithWaitList(queue, 1, &gate, NULL);
    int wrong = 0;
    double started = ar_os_seconds();
    for (int i = 0; i < LAUNCHES; i++) {
        wrong |= way(b);
    }
    double seconds = ar_os_seconds() - started;
    clSetUserEventStatus(gate, CL_COMPLETE);
    clFinish(queue);
    clReleaseEvent(gate);
    assert_int_equal(wrong, 0);
    return seconds / LAUNCHES * 1e9;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(void **state) {
    bench b = {.f = *state};
    static int (*const ways[WAYS])(bench *) = {bare, by_backend, by_core};
    static const char *const names[WAYS] = {"bare calls", "backend's launch", "ar_launch_run"};
    static double ns[WAYS][ROUNDS], above[WAYS][ROUNDS];
    assert_ok(ar_kernel_get(b.f->device, &source, "", "many", &b.kernel));
    for (int i = 0; i < 3; i++) {
        assert_ok(arete_buffer_create(b.f->device, 64, &b.buffers[i]));
        b.args[i] = AR_BUFFER(b.buffers[i]);
        b.args[7 + i] = AR_I64(i);
    }
    b.args[3] = b.args[4] = b.args[5] = b.args[6] = AR_I32(1);
    b.args[10] = b.args[11] = AR_F32(1);
    b.launch = (ar_launch){.kernel = b.kernel, .dims = 1, .global = {1}, .local = {1}, .args = b.args,
                           .arg_count = ARGS};
    cl_context context = arete_opencl_context(b.f->device);
    cl_device_id id = arete_opencl_device(b.f->device);
    const char *text = source.text;
    cl_program program = clCreateProgramWithSource(context, 1, &text, NULL, NULL);
    assert_int_equal(clBuildProgram(program, 1, &id, "", NULL, NULL), CL_SUCCESS);
    b.native = clCreateKernel(program, "many", NULL);
    for (int round = -3; round < ROUNDS; round++) {
        for (int i = 0; i < WAYS; i++) {
            int way = (i + round + 3) % WAYS; /* each goes first in turn */
            ns[way][round < 0 ? 0 : round] = round_of(&b, ways[way]);
        }
        for (int way = 0; way < WAYS && round >= 0; way++) {
            above[way][round] = ns[way][round] - ns[0][round];
        }
    }
    for (int way = 0; way < WAYS; way++) {
        qsort(ns[way], ROUNDS, sizeof(double), compare);
        qsort(above[way], ROUNDS, sizeof(double), compare);
        printf("%-18s %6.0f ns (quartiles %.0f, %.0f); above the bare calls %+.0f ns (%+.0f, %+.0f)\n", names[way],
               ns[way][ROUNDS / 2], ns[way][ROUNDS / 4], ns[way][ROUNDS * 3 / 4], above[way][ROUNDS / 2],
               above[way][ROUNDS / 4], above[way][ROUNDS * 3 / 4]);
    }
    clReleaseKernel(b.native);
    clReleaseProgram(program);
    for (int i = 0; i < 3; i++) {
        arete_buffer_release(b.buffers[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(measure)};
    return cmocka_run_group_tests_name("opencl_launch_cost", tests, fixture_open, fixture_close);
}
