/* Programs and kernels of the OpenCL backend: built, refused, launched, kept as binaries. */
#include "opencl_fixture.h"

#include <stdlib.h>

static const ar_source arithmetic = SOURCE("test/arithmetic.cl",
    "__kernel void scale(__global float *y, __global const float *x, float a, long n, __local float *scratch) {\n"
    "    size_t i = get_global_id(0);\n"
    "    scratch[get_local_id(0)] = x ? x[i] : 1.0f;\n"
    "    if ((long)i < n) y[i] = OFFSET + a * scratch[get_local_id(0)];\n"
    "}\n"
    "__kernel void address(__global ulong *out, __global const uchar *p) { out[0] = (ulong)p; }\n");

static const ar_source broken = SOURCE("test/broken.cl",
    "__kernel void f(__global int *p) { p[0] = undeclared; }\n");

static void launches(void **state) {
    fixture *f = *state;
    enum { N = 1000, ROOM = 1024 };
    const ar_kernel *scale = NULL;
    arete_buffer *x = NULL, *y = NULL;
    float in[ROOM], out[ROOM];
    for (int i = 0; i < ROOM; i++) {
        in[i] = (float)i;
        out[i] = -1;
    }
    assert_ok(ar_kernel_get(f->device, &arithmetic, "-DOFFSET=0.5f", "scale", &scale));
    assert_ok(arete_buffer_create(f->device, sizeof in, &x));
    assert_ok(arete_buffer_create(f->device, sizeof out, &y));
    assert_ok(arete_queue_write(f->queue, x, 0, sizeof in, in, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_write(f->queue, y, 0, sizeof out, out, ARETE_WAIT_NONE, NULL));
    ar_arg args[] = {AR_BUFFER(y), AR_BUFFER(x), AR_F32(2.0f), AR_I64(N), AR_LOCAL(64 * 4)};
    ar_launch launch = {.kernel = scale, .dims = 1, .global = {ROOM}, .local = {64}, .args = args, .arg_count = 5};
    arete_event *done = NULL;
    assert_ok(ar_launch_run(f->queue, &launch, ARETE_WAIT_NONE, &done));
    assert_ok(arete_event_wait(done));
    arete_event_release(done);
    assert_ok(arete_queue_read(f->queue, y, 0, sizeof out, out, ARETE_WAIT_NONE, NULL));
    for (int i = 0; i < ROOM; i++) {
        assert_true(out[i] == (i < N ? 0.5f + 2.0f * (float)i : -1.0f));
    }
    args[1] = AR_BUFFER(NULL); /* an absent operand */
    assert_ok(ar_launch_run(f->queue, &launch, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_read(f->queue, y, 0, sizeof out, out, ARETE_WAIT_NONE, NULL));
    assert_true(out[0] == 2.5f && out[N - 1] == 2.5f && out[N] == -1.0f);
    arete_buffer_release(x);
    arete_buffer_release(y);
}

static void aligns_buffers(void **state) {
    fixture *f = *state;
    const ar_kernel *address = NULL;
    arete_buffer *out = NULL;
    assert_ok(ar_kernel_get(f->device, &arithmetic, "-DOFFSET=0.5f", "address", &address));
    assert_ok(arete_buffer_create(f->device, 8, &out));
    for (uint64_t bytes = 1; bytes < 1 << 22; bytes = bytes * 3 + 1) {
        arete_buffer *buffer = NULL;
        uint64_t where = 1;
        assert_ok(arete_buffer_create(f->device, bytes, &buffer));
        ar_arg args[] = {AR_BUFFER(out), AR_BUFFER(buffer)};
        ar_launch launch = {.kernel = address, .dims = 1, .global = {1}, .local = {1}, .args = args,
                            .arg_count = 2};
        assert_ok(ar_launch_run(f->queue, &launch, ARETE_WAIT_NONE, NULL));
        assert_ok(arete_queue_read(f->queue, out, 0, 8, &where, ARETE_WAIT_NONE, NULL));
        assert_int_equal(where % 64, 0);
        arete_buffer_release(buffer);
    }
    arete_buffer_release(out);
}

static void shows_the_build_log(void **state) {
    fixture *f = *state;
    const ar_kernel *kernel = NULL;
    assert_status(ARETE_E_BUILD, ar_kernel_get(f->device, &broken, "-DWIDTH=12", "f", &kernel));
    assert_text("test/broken.cl");
    assert_text("-DWIDTH=12");
    assert_text("undeclared");
    assert_text("CL_BUILD_PROGRAM_FAILURE (-11)");
    assert_null(kernel);
    assert_non_null(strstr(f->log, "undeclared"));
}

static void names_missing_kernels(void **state) {
    fixture *f = *state;
    const ar_kernel *kernel = NULL;
    assert_status(ARETE_E_BUILD, ar_kernel_get(f->device, &arithmetic, "-DOFFSET=0.5f", "scael", &kernel));
    assert_text("\"scael\"");
    assert_text("scale");
    assert_text("address");
    assert_null(kernel);
}

static void names_bad_launches(void **state) {
    fixture *f = *state;
    const ar_kernel *address = NULL;
    arete_buffer *out = NULL;
    assert_ok(ar_kernel_get(f->device, &arithmetic, "-DOFFSET=0.5f", "address", &address));
    assert_ok(arete_buffer_create(f->device, 8, &out));
    ar_arg args[] = {AR_BUFFER(out), AR_BUFFER(out), AR_I32(3)};
    ar_launch launch = {.kernel = address, .dims = 1, .global = {1}, .local = {1}, .args = args, .arg_count = 3};
    arete_event *done = NULL;
    assert_status(ARETE_E_DEVICE, ar_launch_run(f->queue, &launch, ARETE_WAIT_NONE, &done));
    assert_text("kernel address: argument 2");
    assert_text("CL_INVALID_ARG_INDEX (-49)");
    assert_null(done);
    launch.arg_count = 2;
    launch.global[0] = launch.local[0] = (size_t)f->device->info.max_group_size * 2;
    assert_status(ARETE_E_DEVICE, ar_launch_run(f->queue, &launch, ARETE_WAIT_NONE, &done));
    assert_text("CL_INVALID_WORK_");
    assert_text("at most");
    assert_null(done);
    assert_ok(arete_queue_finish(f->queue));
    arete_buffer_release(out);
}

/* A program's binary gives the same program again. Corrupt ones never reach a driver (the cache checks its hash,
 * and rusticl would abort), but PoCL refuses them as it should. */
static void round_trips_binaries(void **state) {
    fixture *f = *state;
    const ar_program_ops *ops = f->device->backend->program;
    void *built = NULL, *data = NULL, *loaded = NULL, *kernel = NULL;
    size_t bytes = 0;
    assert_ok(ops->build(f->device, arithmetic.name, arithmetic.text, "-DOFFSET=3.0f", &built));
    assert_ok(ops->binary(f->device, built, &data, &bytes));
    ops->release(f->device, built);
    assert_true(bytes > 0);
    assert_ok(ops->load(f->device, data, bytes, "-DOFFSET=3.0f", &loaded));
    assert_ok(ops->kernel(f->device, loaded, "scale", &kernel));

    arete_buffer *y = NULL;
    float out[64] = {0};
    assert_ok(arete_buffer_create(f->device, sizeof out, &y));
    ar_kernel scale = {kernel, "scale"};
    ar_arg args[] = {AR_BUFFER(y), AR_BUFFER(NULL), AR_F32(2.0f), AR_I64(64), AR_LOCAL(64 * 4)};
    ar_launch launch = {.kernel = &scale, .dims = 1, .global = {64}, .local = {64}, .args = args, .arg_count = 5};
    assert_ok(ar_launch_run(f->queue, &launch, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_read(f->queue, y, 0, sizeof out, out, ARETE_WAIT_NONE, NULL));
    assert_true(out[0] == 5.0f && out[63] == 5.0f);
    arete_buffer_release(y);
    ops->kernel_release(f->device, kernel);
    ops->release(f->device, loaded);
    if (!fixture_is_rusticl(f)) {
        memset(data, 0x5a, bytes / 2);
        void *corrupt = NULL;
        assert_status(ARETE_E_BUILD, ops->load(f->device, data, bytes, "", &corrupt));
        assert_text("CL_INVALID_BINARY (-42)");
        assert_null(corrupt);
    }
    ar_os_free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launches),           cmocka_unit_test(aligns_buffers),
        cmocka_unit_test(shows_the_build_log), cmocka_unit_test(names_missing_kernels),
        cmocka_unit_test(names_bad_launches), cmocka_unit_test(round_trips_binaries),
    };
    return cmocka_run_group_tests_name("opencl_program", tests, fixture_open, fixture_close);
}
