/* Contexts, the device list, selectors; every allocation made to fail once. */
#include "os.h"
#include "test.h"

static void defaults(void **state) {
    (void)state;
    arete_context *context = NULL;
    assert_ok(arete_context_create(NULL, &context));
    assert_true(arete_device_count(context) >= 1);
    assert_null(arete_device_at(context, arete_device_count(context)));
    arete_device *device = NULL, *again = NULL;
    assert_ok(arete_device_find(context, "reference", &device));
    assert_int_equal(arete_device_get_info(device)->kind, ARETE_DEVICE_REFERENCE);
    assert_ptr_equal(arete_device_context(device), context);
    assert_ok(arete_device_find(context, NULL, &again));
    arete_context_release(context);
}

static void selectors(void **state) {
    (void)state;
    arete_context *context = reference_context();
    arete_device *device = NULL;
    assert_ok(arete_device_find(context, "REFERENCE", &device));
    assert_status(arete_device_find(context, "no such thing", &device), ARETE_E_NOT_FOUND);
    assert_text("no such thing");
    assert_text("reference (");
    assert_status(arete_device_find(context, "", &device), ARETE_E_ARGUMENT);
    assert_status(arete_device_find(context, "reference", NULL), ARETE_E_ARGUMENT);
    assert_text("device is NULL");
    assert_status(arete_device_find(NULL, "reference", &device), ARETE_E_ARGUMENT);
    setenv("ARETE_DEVICE", "nonsense", 1);
    assert_status(arete_device_find(context, NULL, &device), ARETE_E_NOT_FOUND);
    unsetenv("ARETE_DEVICE");
    assert_ok(arete_device_find(context, NULL, &device));
    arete_device *parts[1];
    size_t count = 1;
    assert_status(arete_device_split(device, 1, parts, &count), ARETE_E_UNSUPPORTED);
    arete_context_release(context);
}

static void bad_descriptions(void **state) {
    (void)state;
    arete_context *context = NULL;
    assert_status(arete_context_create(NULL, NULL), ARETE_E_ARGUMENT);
    arete_context_desc desc = {.size = 3};
    assert_status(arete_context_create(&desc, &context), ARETE_E_ARGUMENT);
    assert_text("size is 3");
    desc = (arete_context_desc){.vector_width = 5};
    assert_status(arete_context_create(&desc, &context), ARETE_E_ARGUMENT);
    assert_text("vector_width is 5");
    desc = (arete_context_desc){.log_level = (arete_log_level)9};
    assert_status(arete_context_create(&desc, &context), ARETE_E_ARGUMENT);
    assert_text("log_level is 9");
    assert_null(context);
}

/* The reference device without a description that names it is not there; then there is no device at all. */
static void no_backend(void **state) {
    (void)state;
    arete_context_desc desc = {.backends = "nothing", .log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    arete_device *device = NULL;
    assert_ok(arete_context_create(&desc, &context));
    assert_int_equal(arete_device_count(context), 0);
    assert_status(arete_device_find(context, NULL, &device), ARETE_E_NOT_FOUND);
    arete_context_release(context);
}

/* Whichever allocation fails, creating gives a status, and nothing is left behind (the sanitizers look). */
static void allocation_faults(void **state) {
    (void)state;
    arete_context_desc desc = {.backends = "reference", .log_level = ARETE_LOG_OFF};
    arete_status status = ARETE_E_MEMORY;
    int failures = 0;
    for (long n = 1; status != ARETE_OK && n < 1000; n++) {
        arete_context *context = NULL;
        ar_os_fail_allocation(n);
        status = arete_context_create(&desc, &context);
        ar_os_fail_allocation(0);
        if (status != ARETE_OK) {
            assert_int_equal(status, ARETE_E_MEMORY);
            assert_null(context);
            assert_text("memory");
            failures++;
        }
        arete_context_release(context);
    }
    assert_int_equal(status, ARETE_OK);
    assert_true(failures > 5);
}

static void collect(void *user, arete_log_level level, const char *line) {
    (void)level;
    strncat(user, line, 1000);
}

static void log_callback(void **state) {
    (void)state;
    char text[4000] = "";
    arete_context_desc desc = {
        .backends = "reference", .log = collect, .log_user = text, .log_level = ARETE_LOG_INFO};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    assert_non_null(strstr(text, "reference:"));
    text[0] = '\0';
    arete_device *device = NULL;
    unsetenv("ARETE_DEVICE");
    assert_ok(arete_device_find(context, NULL, &device)); /* only the reference is here: said once */
    assert_non_null(strstr(text, "reference device"));
    text[0] = '\0';
    assert_ok(arete_device_find(context, NULL, &device));
    assert_string_equal(text, "");
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),   cmocka_unit_test(selectors),         cmocka_unit_test(bad_descriptions),
        cmocka_unit_test(no_backend), cmocka_unit_test(allocation_faults), cmocka_unit_test(log_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
