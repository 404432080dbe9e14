/* Tuning files: the system's, the user's, merged, malformed, read-only. */
#include <sys/stat.h>
#include <unistd.h>

#include "solver.h"
#include "test.h"

static char logged[4000];

static void collect(void *user, arete_log_level level, const char *line) {
    (void)user, (void)level;
    strncat(logged, line, 500);
}

static arete_context *context_with(const char *directory) {
    arete_context_desc desc = {
        .backends = "reference", .log = collect, .log_level = ARETE_LOG_WARN, .tuning_dir = directory};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    logged[0] = '\0';
    return context;
}

/* The name of the one tuning file in directory, with it. */
static void tuning_file(const char *directory, char *path, size_t bytes) {
    char command[300];
    snprintf(command, sizeof command, "ls -d '%s'/*.tuning", directory);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(path, (int)bytes, pipe));
    path[strcspn(path, "\n")] = '\0';
    pclose(pipe);
}

static void append(const char *path, const char *text) {
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void merge_and_malformed(void **state) {
    (void)state;
    char *directory = temporary_directory(), path[600], solver[100];
    arete_context *context = context_with(directory);
    arete_device *device = arete_device_at(context, 0);
    assert_false(ar_tuning_find(device, "toy a", solver, sizeof solver));
    assert_ok(ar_tuning_put(device, "toy a", "one", 2.0, false));
    arete_context_release(context);

    tuning_file(directory, path, sizeof path);
    append(path, "toy a | faster | 1.0 | by hand\n\n# a remark\nnonsense\ntoy b | two:x=3 | 5e-3 |\ntoy c | | 1 |\n");
    context = context_with(directory);
    device = arete_device_at(context, 0);
    assert_true(ar_tuning_find(device, "toy a", solver, sizeof solver));
    assert_string_equal(solver, "faster");
    assert_true(ar_tuning_find(device, "toy b", solver, sizeof solver));
    assert_string_equal(solver, "two:x=3");
    assert_false(ar_tuning_find(device, "toy c", solver, sizeof solver));
    assert_non_null(strstr(logged, ":6 is not")); /* the file and the line */
    assert_false(ar_tuning_find(device, "toy b", solver, 3)); /* no room: as if there were none */

    /* What another process wrote meanwhile is kept. */
    append(path, "toy d | other | 1.0 |\n");
    assert_ok(ar_tuning_put(device, "toy e", "mine", 1.0, false));
    arete_context_release(context);
    context = context_with(directory);
    assert_true(ar_tuning_find(arete_device_at(context, 0), "toy d", solver, sizeof solver));
    assert_true(ar_tuning_find(arete_device_at(context, 0), "toy e", solver, sizeof solver));
    arete_context_release(context);
    free_directory(directory);
}

static void system_then_user(void **state) {
    (void)state;
    char *system_directory = temporary_directory(), *user_directory = temporary_directory(), solver[100];
    arete_context *context = context_with(system_directory);
    assert_ok(ar_tuning_put(arete_device_at(context, 0), "toy a", "packaged", 1.0, false));
    arete_context_release(context);
    setenv("ARETE_SYSTEM_TUNING_DIR", system_directory, 1);
    context = context_with(user_directory);
    arete_device *device = arete_device_at(context, 0);
    assert_true(ar_tuning_find(device, "toy a", solver, sizeof solver));
    assert_string_equal(solver, "packaged");
    assert_ok(ar_tuning_put(device, "toy a", "own", 2.0, false)); /* slower, but measured here */
    assert_true(ar_tuning_find(device, "toy a", solver, sizeof solver));
    assert_string_equal(solver, "own");
    arete_context_release(context);
    unsetenv("ARETE_SYSTEM_TUNING_DIR");
    free_directory(system_directory);
    free_directory(user_directory);
}

/* Records that cannot be written stay in this context. */
static void unwritable(void **state) {
    (void)state;
    char *directory = temporary_directory(), below[200], solver[100];
    snprintf(below, sizeof below, "%s/file", directory);
    append(below, "not a directory");
    arete_context *context = context_with(below);
    arete_device *device = arete_device_at(context, 0);
    assert_status(ar_tuning_put(device, "toy a", "one", 1.0, false), ARETE_E_IO);
    assert_text("not a directory");
    assert_true(ar_tuning_find(device, "toy a", solver, sizeof solver));
    arete_context_release(context);

    assert_int_equal(chmod(directory, 0777), 0);
    context = context_with(directory);
    assert_status(ar_tuning_put(arete_device_at(context, 0), "toy a", "one", 1.0, false), ARETE_E_IO);
    assert_text("others may write");
    arete_context_release(context);
    free_directory(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merge_and_malformed),
        cmocka_unit_test(system_then_user),
        cmocka_unit_test(unwritable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
