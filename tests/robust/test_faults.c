/* Kernels that do not build, memory that is not there: a status, a text, nothing enqueued, nothing leaked. */
#include "os.h"
#include "product.h"

/* A copy of the kernel sources with an error planted in every .cl; a build error names it, and the device still
 * works with the right sources. */
static void kernels_that_do_not_build(void **state) {
    (void)state;
    char *folder = temporary_directory(), command[1000];
    snprintf(command, sizeof command,
             "cp -r '%s'/. '%s' && for f in '%s'/*/*.cl; do echo 'planted_error here;' >> $f; done",
             getenv("ARETE_TEST_KERNELS"), folder, folder);
    assert_int_equal(system(command), 0);
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF, .cache_dir = "off"};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    arete_device *device = test_device(context);
    product x;
    arete_plan *plan = NULL;
    arete_queue *queue = NULL;
    product_shape(&x, 20, 30, 40);
    assert_ok(arete_queue_create(device, 0, &queue));
    product_fill(&x, queue);
    if (arete_device_get_info(device)->kind != ARETE_DEVICE_REFERENCE) {
        setenv("ARETE_KERNEL_DIR", folder, 1);
        assert_status(arete_matmul_plan(device, NULL, &x.args, &plan), ARETE_E_BUILD);
        assert_text("planted_error");
        assert_text("-D");
        assert_null(plan);
        assert_status(arete_matmul(queue, NULL, &x.args, ARETE_WAIT_NONE, NULL), ARETE_E_BUILD);
        unsetenv("ARETE_KERNEL_DIR");
    }
    assert_ok(arete_matmul(queue, NULL, &x.args, ARETE_WAIT_NONE, NULL));
    assert_int_equal(product_wrong(&x, queue), 0);
    arete_buffer_release(x.buffer);
    arete_queue_release(queue);
    arete_context_release(context);
    free_directory(folder);
}

/* Makes the n-th allocation and all after it fail, for n = 1, 2, ... until the call succeeds. */
static void allocations_that_fail(void **state) {
    (void)state;
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    arete_device *device = test_device(context);
    static const int64_t shapes[][3] = {{20, 30, 40}, {300, 200, 100}, {1, 500, 300}};
    for (size_t s = 0; s < 3; s++) {
        product x;
        arete_plan *plan = NULL;
        arete_queue *queue = NULL;
        int failures = 0;
        product_shape(&x, shapes[s][0], shapes[s][1], shapes[s][2]);
        assert_ok(arete_queue_create(device, 0, &queue));
        product_fill(&x, queue);
        arete_status status = ARETE_E_MEMORY;
        for (long n = 1; status != ARETE_OK && n < 500; n++) {
            ar_os_fail_allocation(n);
            status = arete_matmul_plan(device, NULL, &x.args, &plan);
            ar_os_fail_allocation(0);
            failures += status != ARETE_OK;
            if (status != ARETE_OK && status != ARETE_E_MEMORY) {
                fail_msg("allocation %ld: %s: %s", n, arete_status_name(status), arete_error_text());
            }
            assert_true(status == ARETE_OK || plan == NULL);
        }
        assert_int_equal(status, ARETE_OK);
        assert_true(failures > 0);
        status = ARETE_E_MEMORY;
        for (long n = 1; status != ARETE_OK && n < 100; n++) {
            arete_event *done = NULL;
            ar_os_fail_allocation(n);
            status = arete_matmul_run(plan, queue, &x.args, ARETE_WAIT_NONE, &done);
            ar_os_fail_allocation(0);
            assert_true(status == ARETE_OK || (status == ARETE_E_MEMORY && !done));
            arete_event_release(done);
        }
        assert_int_equal(status, ARETE_OK);
        assert_int_equal(product_wrong(&x, queue), 0);
        arete_plan_release(plan);
        arete_buffer_release(x.buffer);
        arete_queue_release(queue);
    }
    arete_context_release(context);
}

/* A run without an event on a queue whose scratch was reserved allocates nothing at all. */
static void running_allocates_nothing(void **state) {
    (void)state;
    arete_context *context = NULL;
    assert_ok(arete_context_create(NULL, &context));
    arete_device *device = test_device(context);
    static const int64_t shapes[][3] = {{20, 30, 40}, {300, 200, 100}, {1, 500, 300}, {600, 600, 600}};
    for (size_t s = 0; s < 4; s++) {
        product x;
        arete_plan *plan = NULL;
        arete_queue *queue = NULL;
        product_shape(&x, shapes[s][0], shapes[s][1], shapes[s][2]);
        assert_ok(arete_queue_create(device, 0, &queue));
        product_fill(&x, queue);
        assert_ok(arete_matmul_plan(device, NULL, &x.args, &plan));
        assert_ok(arete_queue_reserve(queue, arete_plan_workspace(plan)));
        ar_os_fail_allocation(1);
        arete_status status = arete_matmul_run(plan, queue, &x.args, ARETE_WAIT_NONE, NULL);
        ar_os_fail_allocation(0);
        assert_ok(status);
        assert_int_equal(product_wrong(&x, queue), 0);
        arete_plan_release(plan);
        arete_buffer_release(x.buffer);
        arete_queue_release(queue);
    }
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_that_do_not_build),
        cmocka_unit_test(allocations_that_fail),
        cmocka_unit_test(running_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
