/* Compilers in a process of their own: whatever they do there comes back as a status and a text. The compiler is
 * double_rtc.c; the device below it double.c. */
#include "hip_fixture.h"
#include "os.h"
#include "program.h"

static const char text[] = "/* @kernel k 8\n */\n";

/* Builds a program that was not built before in this context. */
static arete_status build(const fixture *f) {
    static const ar_source source = {"test/apart.cl", text, sizeof text - 1};
    static int builds;
    const ar_kernel *kernel = NULL;
    char options[32];
    snprintf(options, sizeof options, "-DTILE=%d", ++builds);
    return ar_kernel_get(f->device, &source, options, "k", &kernel);
}

static void good(void **state) {
    assert_ok(build(*state));
}

static void bad_days(void **state) {
    static const struct {
        const char *mode, *says;
    } days[] = {
        {"abort", "SIGABRT"},     {"segfault", "SIGSEGV"},          {"exit", "exit status 7"},
        {"garbage", "cannot be read"}, {"error", "does not like line 3"}, {"empty", "gives no code"},
        {"damaged", "does not take the code"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
            setenv("ARETE_DOUBLE_RTC", days[i].mode, 1);
        arete_status status = build(f);
        unsetenv("ARETE_DOUBLE_RTC");
        if (strcmp(days[i].mode, "garbage") == 0 && status == ARETE_OK) {
            continue; /* the answer's descriptor was not found: the junk went elsewhere */
        }
        if (status != ARETE_E_BUILD || !strstr(arete_error_text(), days[i].says)) {
            fail_msg("%s: %s, %s", days[i].mode, arete_status_name(status), arete_error_text());
        }
        assert_text("test/apart.cl");
        assert_ok(build(f)); /* and the next build is good again */
    }
}

static void hang(void **state) {
    setenv("ARETE_DOUBLE_RTC", "hang", 1);
    setenv("ARETE_COMPILE_SECONDS", "0.3", 1);
    double start = ar_os_seconds();
    assert_status(build(*state), ARETE_E_BUILD);
    assert_text("longer than 0.3 seconds");
    assert_true(ar_os_seconds() - start < 20);
    unsetenv("ARETE_DOUBLE_RTC");
    unsetenv("ARETE_COMPILE_SECONDS");
}

static void no_helper(void **state) {
    setenv("ARETE_COMPILE_HELPER", "/nonexistent/arete-compile", 1);
    assert_status(build(*state), ARETE_E_NOT_FOUND);
    assert_text("ARETE_COMPILE_HELPER");
    setenv("ARETE_COMPILE_HELPER", "/bin/cat", 1); /* a program that answers something else */
    assert_status(build(*state), ARETE_E_BUILD);
    unsetenv("ARETE_COMPILE_HELPER");
    setenv("ARETE_COMPILE", "inside", 1);
    assert_ok(build(*state));
    unsetenv("ARETE_COMPILE");
}

static void no_compiler(void **state) {
    fixture *f = *state;
    const char *variable = f->nvidia ? "ARETE_NVRTC_LIBRARY" : "ARETE_HIPRTC_LIBRARY";
    char *kept = strdup(getenv(variable));
    setenv(variable, "/nonexistent/library.so", 1);
    assert_status(build(f), ARETE_E_UNSUPPORTED);
    assert_text(variable);
    setenv(variable, kept, 1);
    free(kept);
}

/* Larger than a socket's buffer, both ways, and a child that reads nothing of it. */
static void large_texts(void **state) {
    (void)state;
    enum { BYTES = 5000000 };
    char *much = calloc(1, BYTES);
    memset(much, 'x', BYTES - 1);
    ar_os_child child;
    const char *const reader[] = {"/bin/sh", "-c", "cat >&3; echo said; exit 3", NULL};
    assert_ok(ar_os_run(reader, much, BYTES, 30, 1 << 30, &child));
    assert_int_equal(child.exit_status, 3);
    assert_int_equal(child.reply_bytes, BYTES);
    assert_memory_equal(child.reply, much, BYTES);
    assert_string_equal(child.log, "said\n");
    ar_os_child_free(&child);
    const char *const deaf[] = {"/bin/sh", "-c", "exec 0<&-; exit 4", NULL};
    assert_ok(ar_os_run(deaf, much, BYTES, 30, 1 << 30, &child));
    assert_int_equal(child.exit_status, 4);
    ar_os_child_free(&child);
    const char *const lasting[] = {"/bin/sh", "-c", "sleep 100 & echo left; exit 0", NULL};
    double start = ar_os_seconds();
    assert_ok(ar_os_run(lasting, much, 1, 1, 1 << 30, &child)); /* its child holds the descriptors open */
    assert_true(ar_os_seconds() - start < 20);
    ar_os_child_free(&child);
    free(much);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),      cmocka_unit_test(bad_days),    cmocka_unit_test(hang),
        cmocka_unit_test(no_helper), cmocka_unit_test(no_compiler), cmocka_unit_test(large_texts),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
