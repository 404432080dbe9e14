/* Interop both ways, against the real OpenCL API: what an application hands over, and what it is handed. */
#include "opencl_fixture.h"

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

static const ar_source doubling = SOURCE("test/doubling.cl",
    "__kernel void twice(__global int *p) { p[get_global_id(0)] *= 2; }\n");

/* The application's own OpenCL: a context of its own on the device under test. */
typedef struct application {
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;
    arete_device *device; /* adopted */
} application;

static void open_application(fixture *f, application *a) {
    cl_int code = CL_SUCCESS;
    a->id = arete_opencl_device(f->device);
    a->context = clCreateContext(NULL, 1, &a->id, NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    a->queue = clCreateCommandQueue(a->context, a->id, CL_QUEUE_PROFILING_ENABLE, &code);
    assert_int_equal(code, CL_SUCCESS);
    assert_ok(arete_opencl_adopt_device(f->context, a->context, a->id, &a->device));
}

static void close_application(application *a) {
    clReleaseCommandQueue(a->queue);
    clReleaseContext(a->context); /* Arete holds it until its context goes */
}

static cl_uint queue_references(cl_command_queue queue) {
    cl_uint count = 0;
    clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, NULL);
    return count;
}

static void adopts_devices_once(void **state) {
    fixture *f = *state;
    application a;
    arete_device *again = NULL, *own = NULL;
    size_t before = arete_device_count(f->context);
    open_application(f, &a);
    assert_int_equal(arete_device_count(f->context), before + 1);
    assert_int_equal(strncmp(a.device->info.id, "opencl:", 7), 0);
    assert_string_equal(a.device->info.name, f->device->info.name);
    assert_int_equal(a.device->info.workers_pinned, f->device->info.workers_pinned);
    assert_ptr_equal(arete_opencl_context(a.device), a.context);
    assert_ok(arete_opencl_adopt_device(f->context, a.context, a.id, &again));
    assert_ptr_equal(again, a.device);
    assert_ok(arete_opencl_adopt_device(f->context, arete_opencl_context(f->device), a.id, &own));
    assert_ptr_equal(own, f->device);
    assert_int_equal(arete_device_count(f->context), before + 1);
    close_application(&a);
}

/* Their queue, their memory, their event; our kernel in between; no wait that they did not ask for. */
static void runs_on_theirs(void **state) {
    fixture *f = *state;
    application a;
    open_application(f, &a);
    cl_int code = CL_SUCCESS, data[256], out[256] = {0};
    for (int i = 0; i < 256; i++) {
        data[i] = i;
    }
    cl_mem mem = clCreateBuffer(a.context, CL_MEM_READ_WRITE, sizeof data, NULL, &code);
    cl_event gate = clCreateUserEvent(a.context, &code);
    assert_int_equal(code, CL_SUCCESS);
    assert_int_equal(clEnqueueWriteBuffer(a.queue, mem, CL_TRUE, 0, sizeof data, data, 0, NULL, NULL), CL_SUCCESS);

    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    arete_event *wait = NULL, *done = NULL;
    const ar_kernel *twice = NULL;
    cl_uint references = queue_references(a.queue); /* PoCL's events count too */
    assert_ok(arete_opencl_adopt_queue(a.device, a.queue, &queue));
    assert_int_equal(queue_references(a.queue), references + 1);
    assert_ok(arete_opencl_adopt_buffer(a.device, mem, &buffer));
    assert_ok(arete_opencl_adopt_event(a.device, gate, &wait));
    assert_int_equal(arete_buffer_size(buffer), sizeof data);
    assert_int_equal(queue->flags, ARETE_QUEUE_PROFILING);
    assert_ok(ar_kernel_get(a.device, &doubling, "", "twice", &twice));
    const ar_arg args[] = {AR_BUFFER(buffer)};
    const ar_launch launch = {.kernel = twice, .dims = 1, .global = {256}, .local = {16}, .args = args,
                              .arg_count = 1};
    assert_ok(ar_launch_run(queue, &launch, (arete_wait_list){1, &wait}, &done));
    bool complete = true;
    assert_ok(arete_event_query(done, &complete));
    assert_false(complete); /* it waits for their event */
    assert_int_equal(clSetUserEventStatus(gate, CL_COMPLETE), CL_SUCCESS);
    cl_event native = arete_opencl_event(done); /* ours, in their wait list */
    assert_int_equal(clEnqueueReadBuffer(a.queue, mem, CL_TRUE, 0, sizeof out, out, 1, &native, NULL), CL_SUCCESS);
    for (int i = 0; i < 256; i++) {
        assert_int_equal(out[i], 2 * i);
    }
    assert_ok(arete_event_query(wait, &complete));
    assert_true(complete);
    arete_event_release(wait);
    arete_event_release(done);
    arete_buffer_release(buffer);
    references = queue_references(a.queue);
    arete_queue_release(queue);
    assert_int_equal(queue_references(a.queue), references - 1);
    clReleaseEvent(gate);
    clReleaseMemObject(mem);
    close_application(&a);
}

/* Our handles in their calls. */
static void hands_ours_out(void **state) {
    fixture *f = *state;
    cl_int code = CL_SUCCESS, out[16] = {0};
    arete_buffer *buffer = NULL;
    assert_ok(arete_buffer_create(f->device, sizeof out, &buffer));
    const cl_int five = 5;
    cl_command_queue queue = arete_opencl_queue(f->queue);
    cl_mem mem = arete_opencl_mem(buffer);
    assert_int_equal(clEnqueueFillBuffer(queue, mem, &five, 4, 0, sizeof out, 0, NULL, NULL), CL_SUCCESS);
    assert_ok(arete_queue_read(f->queue, buffer, 0, sizeof out, out, ARETE_WAIT_NONE, NULL));
    assert_int_equal(out[15], 5);
    cl_context native = NULL;
    clGetMemObjectInfo(mem, CL_MEM_CONTEXT, sizeof native, &native, NULL);
    assert_ptr_equal(native, arete_opencl_context(f->device));
    cl_mem more = clCreateBuffer(native, CL_MEM_READ_ONLY, 64, NULL, &code);
    arete_buffer *adopted = NULL;
    assert_ok(arete_opencl_adopt_buffer(f->device, more, &adopted));
    clReleaseMemObject(more); /* Arete's reference keeps it */
    assert_ok(arete_queue_fill(f->queue, adopted, 0, 64, &five, 4, NULL));
    assert_ok(arete_queue_finish(f->queue));
    arete_buffer_release(adopted);
    arete_buffer_release(buffer);
}

static void adopts_sub_buffers(void **state) {
    fixture *f = *state;
    cl_int code = CL_SUCCESS;
    cl_context native = arete_opencl_context(f->device);
    cl_mem whole = clCreateBuffer(native, CL_MEM_READ_WRITE, 8192, NULL, &code);
    cl_buffer_region region = {4096, 1024};
    cl_mem part = clCreateSubBuffer(whole, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    assert_int_equal(code, CL_SUCCESS);
    arete_buffer *all = NULL, *some = NULL;
    assert_ok(arete_opencl_adopt_buffer(f->device, whole, &all));
    assert_ok(arete_opencl_adopt_buffer(f->device, part, &some));
    assert_int_equal(arete_buffer_size(some), 1024);
    const unsigned char zero = 0, nine = 9;
    unsigned char out[8192];
    assert_ok(arete_queue_fill(f->queue, all, 0, 8192, &zero, 1, NULL));
    assert_ok(arete_queue_fill(f->queue, some, 0, 1024, &nine, 1, NULL));
    assert_ok(arete_queue_read(f->queue, all, 0, 8192, out, ARETE_WAIT_NONE, NULL));
    assert_true(out[4095] == 0 && out[4096] == 9 && out[5119] == 9 && out[5120] == 0);
    arete_buffer_release(some);
    arete_buffer_release(all);
    clReleaseMemObject(part);
    clReleaseMemObject(whole);
}

static void refuses_foreign(void **state) {
    fixture *f = *state;
    application a;
    open_application(f, &a);
    cl_int code = CL_SUCCESS;
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    arete_event *event = NULL;
    cl_mem mem = clCreateBuffer(a.context, CL_MEM_READ_WRITE, 64, NULL, &code);
    cl_event gate = clCreateUserEvent(a.context, &code);
    assert_status(ARETE_E_MISMATCH, arete_opencl_adopt_buffer(f->device, mem, &buffer));
    assert_text("another cl_context");
    assert_status(ARETE_E_MISMATCH, arete_opencl_adopt_queue(f->device, a.queue, &queue));
    assert_status(ARETE_E_MISMATCH, arete_opencl_adopt_event(f->device, gate, &event));
    arete_device *reference = NULL;
    for (size_t i = 0; i < arete_device_count(f->context); i++) {
        arete_device *device = arete_device_at(f->context, i);
        reference = device->info.kind == ARETE_DEVICE_REFERENCE ? device : reference;
    }
    assert_status(ARETE_E_MISMATCH, arete_opencl_adopt_buffer(reference, mem, &buffer));
    assert_text("not an OpenCL device");
    /* adopted, but used on a queue of another device */
    const char byte = 1;
    assert_ok(arete_opencl_adopt_buffer(a.device, mem, &buffer));
    assert_status(ARETE_E_MISMATCH, arete_queue_fill(f->queue, buffer, 0, 64, &byte, 1, NULL));
    arete_buffer_release(buffer);
    assert_null(queue);
    assert_null(event);
    clSetUserEventStatus(gate, CL_COMPLETE);
    clReleaseEvent(gate);
    clReleaseMemObject(mem);
    close_application(&a);
}

static void refuses_bad_arguments(void **state) {
    fixture *f = *state;
    cl_int code = CL_SUCCESS;
    cl_context native = arete_opencl_context(f->device);
    cl_device_id id = arete_opencl_device(f->device);
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    arete_device *device = NULL;
    cl_command_queue unordered = clCreateCommandQueue(native, id, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &code);
    if (unordered) {
        assert_status(ARETE_E_UNSUPPORTED, arete_opencl_adopt_queue(f->device, unordered, &queue));
        assert_text("out-of-order");
        clReleaseCommandQueue(unordered);
    } else {
        print_message("this driver has no out-of-order queues (%d)\n", (int)code);
        assert_true(fixture_is_rusticl(f));
    }
    const cl_image_format format = {CL_RGBA, CL_UNORM_INT8};
    const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 8, .image_height = 8};
    cl_mem image = clCreateImage(native, CL_MEM_READ_WRITE, &format, &desc, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    assert_status(ARETE_E_ARGUMENT, arete_opencl_adopt_buffer(f->device, image, &buffer));
    assert_text("image");
    clReleaseMemObject(image);
    assert_status(ARETE_E_ARGUMENT, arete_opencl_adopt_buffer(f->device, NULL, &buffer));
    assert_status(ARETE_E_ARGUMENT, arete_opencl_adopt_queue(NULL, NULL, &queue));
    assert_status(ARETE_E_ARGUMENT, arete_opencl_adopt_event(f->device, NULL, NULL));
    assert_status(ARETE_E_ARGUMENT, arete_opencl_adopt_device(f->context, NULL, id, &device));
    assert_text("cl_context is NULL");
    for (size_t i = 0; i < arete_device_count(f->context); i++) {
        cl_device_id other = arete_opencl_device(arete_device_at(f->context, i));
        if (other && other != id) {
            assert_status(ARETE_E_MISMATCH, arete_opencl_adopt_device(f->context, native, other, &device));
            assert_text("not one of");
        }
    }
    assert_true(!queue && !buffer && !device);
}

/* A failed command of theirs fails what waits for it, with its code. */
static void passes_failures_on(void **state) {
    fixture *f = *state;
    cl_int code = CL_SUCCESS;
    cl_event gate = clCreateUserEvent(arete_opencl_context(f->device), &code);
    arete_event *wait = NULL;
    assert_ok(arete_opencl_adopt_event(f->device, gate, &wait));
    assert_int_equal(clSetUserEventStatus(gate, -5), CL_SUCCESS);
    bool complete = false;
    assert_status(ARETE_E_MEMORY, arete_event_wait(wait));
    assert_text("CL_OUT_OF_RESOURCES (-5)");
    assert_status(ARETE_E_MEMORY, arete_event_query(wait, &complete));
    arete_event_release(wait);
    clReleaseEvent(gate);
}

/* The application keeps our cl_context beyond our context's end. */
static void context_outlives_arete(void **state) {
    (void)state;
    arete_context *context = NULL;
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF, .backends = "opencl", .cache_dir = "off"};
    assert_ok(arete_context_create(&desc, &context));
    cl_context native = arete_opencl_context(arete_device_at(context, 0));
    assert_non_null(native);
    assert_int_equal(clRetainContext(native), CL_SUCCESS);
    arete_context_release(context);
    cl_int code = CL_SUCCESS;
    cl_mem mem = clCreateBuffer(native, CL_MEM_READ_WRITE, 64, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    clReleaseMemObject(mem);
    clReleaseContext(native);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adopts_devices_once),   cmocka_unit_test(runs_on_theirs),
        cmocka_unit_test(hands_ours_out),        cmocka_unit_test(adopts_sub_buffers),
        cmocka_unit_test(refuses_foreign),       cmocka_unit_test(refuses_bad_arguments),
        cmocka_unit_test(passes_failures_on),    cmocka_unit_test(context_outlives_arete),
    };
    return cmocka_run_group_tests_name("opencl_interop", tests, fixture_open, fixture_close);
}
