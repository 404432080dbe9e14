/* The peers' processes, through the command itself: `arete __peer NAME` on descriptors 3 and 4. Peers that are not
 * installed say so, and that is all right. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peers/process.h"
#include "test.h"

static const char *command;

static pid_t start(const char *name, ar_lines *lines) {
    int to[2], from[2];
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int in = dup(to[0]), out = dup(from[1]);
        in = dup(in);
        out = dup(out); /* well above 4 */
        dup2(in, 3);
        dup2(out, 4);
        for (int fd = 5; fd < 32; fd++)
            close(fd);
        execl(command, "arete", "__peer", name, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    ar_lines_open(lines, from[0], to[1]);
    return pid;
}

static void finish(pid_t pid, ar_lines *lines) {
    int how;
    assert_ok(ar_lines_send(lines, "quit"));
    ar_lines_close(lines);
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}

static void ask(ar_lines *lines, const char *what, char **line) {
    assert_ok(ar_lines_send(lines, "%s", what));
    assert_ok(ar_lines_receive(lines, 120, line));
}

static void conversation(const char *name) {
    ar_lines lines;
    char *line, *rest;
    pid_t pid = start(name, &lines);
    ask(&lines, "open 1 opencl:0", &line);
    if (strncmp(line, "not_found ", 10) == 0) {
        print_message("%s: %s\n", name, line);
        finish(pid, &lines);
        return;
    }
    assert_ok(ar_answer(line, "ok", &rest));
    ask(&lines, "calls 3", &line);
    assert_status(ar_answer(line, "took", NULL), ARETE_E_DEVICE); /* no case yet */
    ask(&lines, "case 1 0 1 0 matmul m=3 n=4 k=5 bias=col", &line);
    assert_status(ar_answer(line, "ok", NULL), ARETE_E_UNSUPPORTED);
    ask(&lines, "case 1 1 2 0 matmul m=3 n=4 k=5 tb=1", &line);
    assert_ok(ar_answer(line, "ok", NULL));
    ask(&lines, "calls 10", &line);
    assert_ok(ar_answer(line, "took", &rest));
    assert_true(strtod(rest, NULL) > 0);
    double values[12];
    ask(&lines, "values 2 1 100", &line);
    assert_ok(ar_answer(line, "values", &rest));
    assert_ok(ar_values_parse(rest, values, 12));
    ar_case of;
    ar_block blocks[3];
    ar_data_spec data = {.seed = 1, .mode = AR_DATA_INTEGERS};
    assert_ok(ar_case_make("matmul m=3 n=4 k=5 tb=1", &of));
    for (size_t i = 0; i < 3; i++)
        assert_ok(ar_block_make(&data, &of.operands[i], i, false, &blocks[i]));
    for (int i = 0; i < 12; i++) {
        double sum = 0;
        for (int k = 0; k < 5; k++)
            sum += ar_element_load(ARETE_F32, blocks[0].memory + blocks[0].offset + 4 * (i / 4 * 5 + k)) *
                   ar_element_load(ARETE_F32, blocks[1].memory + blocks[1].offset + 4 * (i % 4 * 5 + k));
        assert_near(values[i], sum, 0);
    }
    for (size_t i = 0; i < 3; i++)
        ar_block_free(&blocks[i]);
    ar_case_free(&of);
    ask(&lines, "nonsense", &line);
    assert_status(ar_answer(line, "ok", NULL), ARETE_E_DEVICE);
    finish(pid, &lines);
}

static void all_peers(void **state) {
    (void)state;
    for (const ar_peer *const *peer = ar_peers; *peer; peer++)
        conversation((*peer)->name);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_peers)};
    command = argc > 1 ? argv[1] : "arete";
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
