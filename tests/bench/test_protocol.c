/* Lines over pipes: what one side sends, the other reads. */
#include <unistd.h>

#include "os.h"
#include "peers/protocol.h"
#include "test.h"

typedef struct ends {
    ar_lines near, far;
} ends;

static void open_ends(ends *e) {
    int one[2], two[2];
    assert_int_equal(pipe(one), 0);
    assert_int_equal(pipe(two), 0);
    ar_lines_open(&e->near, one[0], two[1]);
    ar_lines_open(&e->far, two[0], one[1]);
}

static void lines(void **state) {
    (void)state;
    ends e;
    char *line, *rest;
    open_ends(&e);
    assert_ok(ar_lines_send(&e.near, "calls %d", 12));
    assert_ok(ar_lines_send(&e.near, "two\nlines"));
    assert_ok(ar_lines_receive(&e.far, 1, &line));
    assert_string_equal(line, "calls 12");
    assert_ok(ar_lines_receive(&e.far, 1, &line));
    assert_string_equal(line, "two lines");
    assert_ok(ar_lines_send(&e.far, "took 0.5"));
    assert_ok(ar_lines_receive(&e.near, 1, &line));
    assert_ok(ar_answer(line, "took", &rest));
    assert_string_equal(rest, "0.5");
    assert_status(ar_lines_receive(&e.near, 0.01, &line), ARETE_E_IO);
    assert_text("silent");
    ar_lines_close(&e.far);
    assert_status(ar_lines_receive(&e.near, 1, &line), ARETE_E_IO);
    assert_text("gone");
    ar_lines_close(&e.near);
}

static void answers(void **state) {
    (void)state;
    char refused[] = "unsupported no f64 here", missing[] = "not_found lib", failed[] = "failed x",
         other[] = "okay";
    assert_status(ar_answer(refused, "ok", NULL), ARETE_E_UNSUPPORTED);
    assert_string_equal(arete_error_text(), "no f64 here");
    assert_status(ar_answer(missing, "ok", NULL), ARETE_E_NOT_FOUND);
    assert_status(ar_answer(failed, "ok", NULL), ARETE_E_DEVICE);
    assert_status(ar_answer(other, "ok", NULL), ARETE_E_FORMAT);
    assert_string_equal(ar_answer_word(ARETE_E_UNSUPPORTED), "unsupported");
    assert_string_equal(ar_answer_word(ARETE_E_SHAPE), "failed");
}

static void values(void **state) {
    (void)state;
    const double sent[] = {1, -0.1, 1e-300, INFINITY, 3};
    double got[5];
    char *text = ar_values_format(sent, 5), *rest;
    assert_non_null(text);
    assert_ok(ar_answer(text, "values", &rest));
    assert_ok(ar_values_parse(rest, got, 5));
    assert_memory_equal(sent, got, sizeof sent);
    assert_status(ar_values_parse(rest, got, 4), ARETE_E_FORMAT);
    assert_status(ar_values_parse("2 1 x", got, 2), ARETE_E_FORMAT);
    ar_os_free(text);
    /* Longer than any buffer at its start. */
    enum { MANY = 1500 };
    double *many = calloc(MANY, sizeof *many), *back = calloc(MANY, sizeof *back);
    for (int i = 0; i < MANY; i++)
        many[i] = i / 3.0;
    ends e;
    char *line;
    open_ends(&e);
    text = ar_values_format(many, MANY);
    assert_ok(ar_lines_send_text(&e.near, text));
    assert_ok(ar_lines_receive(&e.far, 1, &line));
    assert_ok(ar_answer(line, "values", &rest));
    assert_ok(ar_values_parse(rest, back, MANY));
    assert_memory_equal(many, back, MANY * sizeof *many);
    ar_lines_close(&e.near);
    ar_lines_close(&e.far);
    ar_os_free(text);
    free(many);
    free(back);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(answers),
                                       cmocka_unit_test(values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
