/* Programs: compiled once, kept on disk, rebuilt when the entry is bad, the directory not trusted when it should not
 * be. Needs an OpenCL device; without one it says so and skips. */
#include <pthread.h>
#include <sys/stat.h>

#include "backend.h"
#include "test.h"

static const char twice_text[] = "__kernel void twice(__global float *x) { x[get_global_id(0)] *= FACTOR; }\n";
static const char broken_text[] = "__kernel void broken(__global float *x) { x[0] = no_such_name; }\n";
static const ar_source twice = {"toy/twice.cl", twice_text, sizeof twice_text - 1};
static const ar_source broken = {"toy/broken.cl", broken_text, sizeof broken_text - 1};

static char logged[8000];
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static void collect(void *user, arete_log_level level, const char *line) {
    (void)user, (void)level;
    pthread_mutex_lock(&log_lock);
    if (strlen(logged) + strlen(line) + 2 < sizeof logged) {
        strcat(strcat(logged, line), "\n");
    }
    pthread_mutex_unlock(&log_lock);
}

static size_t times_logged(const char *part) {
    size_t count = 0;
    for (const char *at = logged; (at = strstr(at, part)); at++) {
        count++;
    }
    return count;
}

static arete_device *open_device(const char *cache, arete_context **context) {
    arete_context_desc desc = {.log = collect, .log_level = ARETE_LOG_DEBUG, .cache_dir = cache, .tuning_dir = "off"};
    assert_ok(arete_context_create(&desc, context));
    for (size_t i = 0; i < arete_device_count(*context); i++) {
        arete_device *device = arete_device_at(*context, i);
        if (strcmp(arete_device_get_info(device)->backend, "opencl") == 0) {
            logged[0] = '\0';
            return device;
        }
    }
    arete_context_release(*context);
    print_message("no OpenCL device here: skipped\n");
    skip();
    return NULL;
}

/* Runs x *= factor on one float. */
static float run_twice(arete_device *device, const char *options, float x) {
    const ar_kernel *kernel = NULL;
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    assert_ok(ar_kernel_get(device, &twice, options, "twice", &kernel));
    assert_ok(arete_queue_create(device, 0, &queue));
    assert_ok(arete_buffer_create(device, 64, &buffer));
    assert_ok(arete_queue_write(queue, buffer, 0, sizeof x, &x, ARETE_WAIT_NONE, NULL));
    ar_arg args[] = {AR_BUFFER(buffer)};
    ar_launch launch = {kernel, 1, {1, 1, 1}, {1, 1, 1}, args, 1};
    assert_ok(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_read(queue, buffer, 0, sizeof x, &x, ARETE_WAIT_NONE, NULL));
    arete_buffer_release(buffer);
    arete_queue_release(queue);
    return x;
}

static void cached_on_disk(void **state) {
    (void)state;
    char *directory = temporary_directory();
    arete_context *context = NULL;
    arete_device *device = open_device(directory, &context);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 4), 8, 0);
    assert_float_equal(run_twice(device, "-DFACTOR=5.0f", 4), 20, 0);
    assert_int_equal(times_logged("compiled toy/twice.cl"), 2); /* once for each set of options */
    arete_context_release(context);
    device = open_device(directory, &context);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0);
    assert_int_equal(times_logged("compiled"), 0);
    assert_int_equal(times_logged("from the kernel cache"), 1);
    arete_context_release(context);
    free_directory(directory);
}

/* What a shell command does to the entries is noticed, and leads to the right answer. */
static void damaged(const char *damage) {
    char *directory = temporary_directory(), command[600];
    arete_context *context = NULL;
    arete_device *device = open_device(directory, &context);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0);
    arete_context_release(context);
    snprintf(command, sizeof command, "for f in '%s'/*.bin; do %s; done", directory, damage);
    assert_int_equal(system(command), 0);
    device = open_device(directory, &context);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0);
    assert_int_equal(times_logged("is damaged"), 1);
    assert_int_equal(times_logged("compiled toy/twice.cl"), 1);
    arete_context_release(context);
    device = open_device(directory, &context); /* and was written anew */
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0);
    assert_int_equal(times_logged("from the kernel cache"), 1);
    arete_context_release(context);
    free_directory(directory);
}

static void truncated(void **state) {
    (void)state;
    damaged("head -c 100 $f > $f.t && mv $f.t $f");
    damaged(": > $f");
    damaged("head -c 30 $f > $f.t && mv $f.t $f");
}

static void altered(void **state) {
    (void)state;
    damaged("printf X | dd of=$f bs=1 seek=200 conv=notrunc 2>/dev/null");
    damaged("printf X | dd of=$f bs=1 seek=10 conv=notrunc 2>/dev/null");
}

static void untrusted_directory(void **state) {
    (void)state;
    char *directory = temporary_directory(), command[300];
    assert_int_equal(chmod(directory, 0777), 0);
    arete_context *context = NULL;
    arete_device *device = open_device(directory, &context);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0);
    assert_int_equal(times_logged("others may write"), 1);
    arete_context_release(context);
    snprintf(command, sizeof command, "test -z \"$(ls -A '%s')\"", directory);
    assert_int_equal(system(command), 0); /* nothing was put there */
    free_directory(directory);

    device = open_device("off", &context);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0);
    arete_context_release(context);
}

static void build_errors(void **state) {
    (void)state;
    arete_context *context = NULL;
    arete_device *device = open_device("off", &context);
    const ar_kernel *kernel = NULL;
    assert_status(ar_kernel_get(device, &broken, "-DUNUSED=7", "broken", &kernel), ARETE_E_BUILD);
    assert_text("no_such_name");
    assert_text("-DUNUSED=7");
    assert_text("toy/broken.cl");
    assert_true(ar_kernel_get(device, &twice, "-DFACTOR=2.0f", "thrice", &kernel) != ARETE_OK);
    assert_text("thrice");
    assert_null(kernel);
    assert_float_equal(run_twice(device, "-DFACTOR=2.0f", 3), 6, 0); /* the device is none the worse */
    setenv("ARETE_KERNEL_DIR", "/no/such/folder", 1);
    assert_status(ar_kernel_get(device, &twice, "-DFACTOR=9.0f", "twice", &kernel), ARETE_E_NOT_FOUND);
    assert_text("ARETE_KERNEL_DIR");
    unsetenv("ARETE_KERNEL_DIR");
    arete_context_release(context);
}

static void *run_many(void *device) {
    for (int i = 0; i < 20; i++) {
        if (run_twice(device, i % 2 ? "-DFACTOR=3.0f" : "-DFACTOR=7.0f", 2) != (i % 2 ? 6.0f : 14.0f)) {
            return (void *)1;
        }
    }
    return NULL;
}

static void from_threads(void **state) {
    (void)state;
    arete_context *context = NULL;
    arete_device *device = open_device("off", &context);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, device), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(times_logged("compiled toy/twice.cl"), 2);
    arete_context_release(context);
}

/* The reference device runs no kernels, and says so. */
static void without_kernels(void **state) {
    (void)state;
    arete_context *context = reference_context();
    const ar_kernel *kernel = NULL;
    assert_status(ar_kernel_get(arete_device_at(context, 0), &twice, "", "twice", &kernel), ARETE_E_UNSUPPORTED);
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cached_on_disk),      cmocka_unit_test(truncated),    cmocka_unit_test(altered),
        cmocka_unit_test(untrusted_directory), cmocka_unit_test(build_errors), cmocka_unit_test(from_threads),
        cmocka_unit_test(without_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
