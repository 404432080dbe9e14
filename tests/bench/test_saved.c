/* Saved runs: what is refused and how it is said; what counts as a regression; the chart drawn from them. */
#include "chart/chart.h"
#include "record.h"
#include "saved.h"
#include "test.h"

static const char good[] =
    "{\"arete\": \"0.1.0\", \"schema\": 1, \"date\": \"2026-01-31\", \"device\": {\"name\": \"A <fast> one\"},"
    " \"roofs\": {\"measured\": true, \"peak\": {\"f32\": 1e11, \"f64\": 9.7e10}, \"bandwidth\": 1e10, "
    "\"launch_seconds\":"
    " 1e-6, \"levels\": [{\"name\": \"cache 1M\", \"bytes\": 1048576, \"bandwidth\": 1e11},"
    " {\"name\": \"memory\", \"bytes\": 134217728, \"bandwidth\": 1e10}]},"
    " \"datasheet\": {\"part\": \"Part 7\", \"peak\": {\"f32\": 1.2e11}, \"bandwidth\": 1.3e10},"
    " \"records\": ["
    "{\"op\": \"matmul\", \"case\": \"m=1 n=1 k=1\", \"dtype\": \"f32\", \"outcome\": \"passed\", \"solver\": "
    "\"s\","
    " \"seconds\": {\"median\": 1e-3, \"uncertainty\": 0.01}, \"flops\": 8e7, \"flops_executed\": 8e7, \"bytes\": "
    "1e6,"
    " \"roof\": {\"bound\": \"compute\", \"fraction\": 0.8, \"fault\": false}},"
    "{\"op\": \"layer\", \"case\": \"op=add\", \"dtype\": \"f32\", \"outcome\": \"passed\", \"solver\": \"t\","
    " \"seconds\": {\"median\": 2e-3, \"uncertainty\": 0.01}, \"flops\": 1e6, \"flops_executed\": 1e6, \"bytes\": "
    "1e7,"
    " \"roof\": {\"bound\": \"memory\", \"fraction\": 0.5, \"fault\": false}}]}";

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* What loading that text says. */
static void refused(const char *path, const char *text, const char *part) {
    json_t *runs = json_array();
    write_text(path, text);
    assert_status(ar_runs_load(path, runs), ARETE_E_FORMAT);
    assert_text(path);
    assert_text(part);
    assert_int_equal(json_array_size(runs), 0);
    json_decref(runs);
}

/* The good text with one piece of it replaced. */
static void refused_with(const char *path, const char *old, const char *new, const char *part) {
    char text[4096];
    const char *at = strstr(good, old);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old));
    refused(path, text, part);
}

static void loading(void **state) {
    (void)state;
    char *folder = temporary_directory(), path[256];
    json_t *runs = json_array();
    snprintf(path, sizeof path, "%s/run.json", folder);
    assert_status(ar_runs_load(path, runs), ARETE_E_IO);
    assert_text(path);
    write_text(path, good);
    assert_ok(ar_runs_load(path, runs));
    assert_int_equal(json_array_size(runs), 1);
    json_decref(runs);
    refused(path, "{\"schema\": 1,\n \"device\": }", "line 2");
    refused(path, "[]", "must be an object");
    refused(path, "{}", "schema is missing");
    refused(path, "{\"runs\": []}", "runs is an array, but must be an array of at least one run");
    refused_with(path, "\"schema\": 1", "\"schema\": 2", "schema is another number");
    refused_with(path, "{\"name\": \"A <fast> one\"}", "{}", "device.name is missing");
    refused_with(path, "\"f32\": 1e11", "\"f32\": \"fast\"", "roofs.peak.f32 is a string");
    refused_with(path, "\"bandwidth\": 1e10, \"launch", "\"bandwidth\": -1, \"launch",
                 "roofs.bandwidth is a number");
    refused_with(path, "\"bytes\": 134217728, ", "", "roofs.levels[1].bytes is missing");
    refused_with(path, "\"case\": \"op=add\"", "\"case\": 7", "records[1].case is a number");
    refused_with(path, "\"median\": 2e-3", "\"median\": null", "records[1].seconds.median is null");
    free_directory(folder);
}

static ar_comparison_row *row_named(ar_run_comparison *of, const char *name) {
    for (size_t i = 0; i < of->count; i++)
        if (strcmp(of->rows[i].name, name) == 0)
            return &of->rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static void comparing(void **state) {
    (void)state;
    json_t *before = json_loads(good, 0, NULL), *after = json_loads(good, 0, NULL);
    json_t *first = json_array_get(json_object_get(after, "records"), 0);
    ar_run_comparison made;
    assert_ok(ar_runs_compare(before, after, 0.05, &made));
    assert_int_equal(made.regressed, 0);
    assert_int_equal(made.cases, 2);
    ar_run_comparison_free(&made);
    json_object_set_new(json_object_get(first, "seconds"), "median", json_real(1.2e-3));
    json_object_set_new(json_object_get(after, "roofs"), "bandwidth", json_real(5e9)); /* does not count here */
    assert_ok(ar_runs_compare(before, after, 0.05, &made));
    assert_int_equal(made.regressed, 1);
    assert_true(row_named(&made, "matmul m=1 n=1 k=1")->regressed);
    assert_near(row_named(&made, "matmul m=1 n=1 k=1")->change, 1 / 1.2, 1e-9);
    assert_near(row_named(&made, "memory bandwidth")->change, 0.5, 1e-9);
    ar_run_comparison_free(&made);
    assert_ok(ar_runs_compare(before, after, 0.5, &made)); /* within the threshold */
    assert_int_equal(made.regressed, 0);
    ar_run_comparison_free(&made);
    json_object_set_new(json_object_get(first, "seconds"), "uncertainty", json_real(0.3)); /* within the noise */
    assert_ok(ar_runs_compare(before, after, 0.05, &made));
    assert_int_equal(made.regressed, 0);
    ar_run_comparison_free(&made);
    json_object_set_new(first, "outcome", json_string("failed"));
    assert_ok(ar_runs_compare(before, after, 0.05, &made));
    assert_int_equal(made.regressed, 1);
    assert_non_null(strstr(row_named(&made, "matmul m=1 n=1 k=1")->why, "failed"));
    ar_run_comparison_free(&made);
    json_object_del(before, "records"); /* of probes alone the roofs decide */
    assert_ok(ar_runs_compare(before, after, 0.05, &made));
    assert_int_equal(made.regressed, 1);
    ar_run_comparison_free(&made);
    json_decref(before);
    json_decref(after);
}

static char *slurp(const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    size_t got = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    assert_true(got > 0 && got < (1 << 20) - 1);
    return text;
}

/* Every tag that is opened is closed, in order: well-formed enough for any reader of XML. */
static void assert_balanced(const char *text) {
    char open[64][32];
    size_t depth = 0;
    for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<')) {
        char name[32];
        bool closing = at[1] == '/';
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 1 + closing, " />\n"), at + 1 + closing);
        const char *end = strchr(at, '>');
        assert_non_null(end);
        if (closing) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (end[-1] != '/') {
            assert_true(depth < 64);
            memcpy(open[depth++], name, sizeof name);
        }
    }
    assert_int_equal(depth, 0);
}

/* The vertical places of the labels beside the level roofs: at least a line apart. */
static void assert_labels_apart(const char *svg, size_t wanted) {
    double last = -1e9;
    size_t labels = 0;
    for (const char *at = strstr(svg, "rl-lead"); at; at = strstr(at + 1, "rl-lead")) {
        const char *label = strstr(at, "<text");
        double y = label ? strtod(strstr(label, " y=\"") + 4, NULL) : -1;
        if (!label || strncmp(at, "rl-lead {", 9) == 0)
            continue;
        assert_true(y - last >= 14);
        last = y;
        labels++;
    }
    assert_int_equal(labels, wanted);
}

static void charts(void **state) {
    (void)state;
    char *folder = temporary_directory(), path[256];
    json_t *run = json_loads(good, 0, NULL), *both = json_array();
    json_array_append(both, run);
    json_array_append(both, run);
    snprintf(path, sizeof path, "%s/chart", folder);
    assert_ok(ar_chart_svg(run, path));
    char *text = slurp(path);
    assert_balanced(text);
    assert_labels_apart(text, 3); /* f32, f64 close to it, f32 of the datasheet */
    assert_non_null(strstr(text, "memory datasheet 13.0 GB/s"));
    assert_non_null(strstr(text, "80% of its roof, bound by compute"));
    free(text);
    assert_ok(ar_chart_html(run, path));
    text = slurp(path);
    assert_non_null(strstr(text, "A &lt;fast&gt; one"));
    assert_null(strstr(text, "A <fast>"));
    assert_non_null(strstr(text, "prefers-color-scheme: dark"));
    assert_null(strstr(text, "http://")); /* needs nothing from elsewhere */
    assert_null(strstr(text, "https://"));
    free(text);
    assert_ok(ar_chart_html(both, path));
    text = slurp(path);
    assert_non_null(strstr(text, "2 runs side by side"));
    free(text);
    assert_ok(ar_chart_csv(run, path));
    text = slurp(path);
    assert_non_null(strstr(text, "\"A <fast> one\",\"matmul\",\"m=1 n=1 k=1\",\"f32\",\"s\",0.001,80,"));
    free(text);
    assert_status(ar_chart_html(run, "/no/such/folder/page.html"), ARETE_E_IO);
    assert_text("/no/such/folder/page.html");
    FILE *nowhere = fopen("/dev/null", "w");
    assert_ok(ar_chart_text(nowhere, run, 80, true));
    assert_ok(ar_chart_text(nowhere, both, 10, false));
    fclose(nowhere);
    json_decref(run);
    json_decref(both);
    free_directory(folder);
}

/* Runs with next to nothing in them still make a page. */
static void empty(void **state) {
    (void)state;
    json_t *run = json_loads("{\"device\": {\"name\": \"x\"}, \"roofs\": {}}", 0, NULL);
    ar_chart chart;
    assert_ok(ar_chart_make(run, &chart));
    assert_true(isfinite(chart.x0) && isfinite(chart.y0) && chart.x1 > chart.x0 && chart.y1 > chart.y0);
    ar_chart_free(&chart);
    assert_ok(ar_chart_html(run, "/dev/null"));
    json_decref(run);
}

static void values(void **state) {
    (void)state;
    char text[32];
    static const struct {
        double value;
        const char *unit, *want;
    } of[] = {{234.4e9, "FLOP/s", "234 GFLOP/s"},
              {1.234e12, "B/s", "1.23 TB/s"},
              {0.0000123, "s", "12.3 us"},
              {117e-9, "s", "117 ns"},
              {1, "s", "1.00 s"},
              {999.9e6, "B/s", "1.00 GB/s"}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        ar_chart_value(of[i].value, of[i].unit, text, sizeof text);
        assert_string_equal(text, of[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(loading), cmocka_unit_test(comparing),
                                       cmocka_unit_test(charts), cmocka_unit_test(empty), cmocka_unit_test(values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
