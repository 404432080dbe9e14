#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "os.h"

extern char **environ;

enum { MOST_VARIABLES = 1024, OWN_VARIABLES = 5, VARIABLE_BYTES = 64 };

/* A first call may tune or compile for a long time (CLBlast); the longest sane sample is shorter. */
#define PATIENCE 600.0

/* Thread counts are made equal and threads kept on their cores, as ours are. Built before the fork: afterwards
 * nothing but exec is safe in a process with threads. */
static const char *const fixed_names[OWN_VARIABLES] = {"OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS",
                                                       "OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_DYNAMIC"};

static bool is_ours(const char *variable) {
    for (int i = 0; i < OWN_VARIABLES; i++) {
        size_t length = strlen(fixed_names[i]);
        if (strncmp(variable, fixed_names[i], length) == 0 && variable[length] == '=')
            return true;
    }
    return false;
}

static void build_environment(uint32_t threads, char own[OWN_VARIABLES][VARIABLE_BYTES], char **list, size_t room) {
    size_t count = 0;
    for (int i = 0; i < OWN_VARIABLES; i++) {
        if (i < 3)
            snprintf(own[i], VARIABLE_BYTES, "%s=%u", fixed_names[i], threads);
        else
            snprintf(own[i], VARIABLE_BYTES, "%s=%s", fixed_names[i], i == 3 ? "close" : "false");
        list[count++] = own[i];
    }
    for (char **at = environ; *at && count + 1 < room; at++)
        if (!is_ours(*at))
            list[count++] = *at;
    list[count] = NULL;
}

/* The child's descriptors: commands on 3, answers on 4, its prattle to standard error. */
static void become_peer(const char *path, const char *name, int in, int out, char **environment) {
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    char command[] = "arete", sub[] = "__peer";
    char *arguments[] = {command, sub, copy, NULL};
    int high_in = fcntl(in, F_DUPFD, 10), high_out = fcntl(out, F_DUPFD, 10);
    if (high_in < 0 || high_out < 0 || dup2(high_in, 3) < 0 || dup2(high_out, 4) < 0 || dup2(2, 1) < 0)
        _exit(126);
    for (int fd = 5; fd < 64; fd++)
        close(fd);
    execve(path, arguments, environment);
    _exit(127);
}

static arete_status spawn(ar_peer_process *process) {
    int to[2], from[2];
    char own[OWN_VARIABLES][VARIABLE_BYTES];
    char *environment[MOST_VARIABLES];
    build_environment(process->threads, own, environment, MOST_VARIABLES);
    if (pipe(to) != 0)
        return ar_fail(ARETE_E_IO, "pipe: %s", strerror(errno));
    if (pipe(from) != 0) {
        close(to[0]);
        close(to[1]);
        return ar_fail(ARETE_E_IO, "pipe: %s", strerror(errno));
    }
    fcntl(to[1], F_SETFD, FD_CLOEXEC);
    fcntl(from[0], F_SETFD, FD_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0)
        become_peer("/proc/self/exe", process->name, to[0], from[1], environment);
    close(to[0]);
    close(from[1]);
    if (pid < 0) {
        close(to[1]);
        close(from[0]);
        return ar_fail(ARETE_E_IO, "fork: %s", strerror(errno));
    }
    process->pid = pid;
    process->stopped = false;
    ar_lines_open(&process->lines, from[0], to[1]);
    return ARETE_OK;
}

/* The process went away by itself: say how. */
static arete_status bury(ar_peer_process *process) {
    char reason[400];
    snprintf(reason, sizeof reason, "%.390s", arete_error_text());
    int how = 0;
    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, &how, 0) < 0 && errno == EINTR)
        continue;
    process->pid = 0;
    ar_lines_close(&process->lines);
    if (WIFSIGNALED(how) && WTERMSIG(how) != SIGKILL)
        return ar_fail(ARETE_E_DEVICE, "%s died of signal %d (%s)", process->name, WTERMSIG(how), reason);
    if (WIFEXITED(how) && WEXITSTATUS(how) != 0)
        return ar_fail(ARETE_E_DEVICE, "%s ended with status %d (%s)", process->name, WEXITSTATUS(how), reason);
    return ar_fail(ARETE_E_DEVICE, "%s: %s", process->name, reason);
}

static arete_status wake(void *state) {
    ar_peer_process *process = state;
    if (process->pid == 0)
        return ar_fail(ARETE_E_DEVICE, "%s is not running", process->name);
    if (process->stopped && kill(process->pid, SIGCONT) != 0)
        return bury(process);
    process->stopped = false;
    return ARETE_OK;
}

static arete_status rest(void *state) {
    ar_peer_process *process = state;
    int how = 0;
    if (process->pid == 0 || process->stopped)
        return ARETE_OK;
    kill(process->pid, SIGSTOP);
    while (waitpid(process->pid, &how, WUNTRACED) < 0 && errno == EINTR)
        continue;
    if (WIFSTOPPED(how)) {
        process->stopped = true;
        return ARETE_OK;
    }
    process->pid = 0;
    ar_lines_close(&process->lines);
    return ar_fail(ARETE_E_DEVICE, "%s died of signal %d", process->name, WIFSIGNALED(how) ? WTERMSIG(how) : 0);
}

/* Receives the answer to what was sent with that status. */
static arete_status answer(ar_peer_process *process, arete_status sent, const char *word, char **rest_of_line) {
    char *line;
    if (sent == ARETE_OK)
        sent = ar_lines_receive(&process->lines, PATIENCE, &line);
    if (sent != ARETE_OK)
        return bury(process);
    return ar_answer(line, word, rest_of_line);
}

static arete_status start(ar_peer_process *process) {
    char *version;
    arete_status status = spawn(process);
    if (status == ARETE_OK)
        status = answer(process, ar_lines_send(&process->lines, "open %u %s", process->threads, process->device),
                        "ok", &version);
    if (status == ARETE_OK) {
        snprintf(process->version, sizeof process->version, "%s", version);
        return rest(process);
    }
    snprintf(process->why, sizeof process->why, "%s", arete_error_text());
    ar_peer_stop(process);
    return ar_fail(status, "%s", process->why);
}

arete_status ar_peer_start(const char *name, uint32_t threads, const char *device, ar_peer_process *process) {
    const ar_peer *peer = ar_peer_named(name);
    *process =
        (ar_peer_process){.name = peer ? peer->name : "?", .threads = threads, .lines = {.in = -1, .out = -1}};
    snprintf(process->device, sizeof process->device, "%s", device);
    if (!peer) {
        snprintf(process->why, sizeof process->why, "no peer of that name in this build");
        return ar_fail(ARETE_E_NOT_FOUND, "there is no peer '%s' in this build", name);
    }
    return start(process);
}

arete_status ar_peer_prepare(ar_peer_process *process, const ar_case *of, const ar_data_spec *data, size_t copies,
                             bool prepack) {
    arete_status status = process->pid ? ARETE_OK : start(process);
    if (status == ARETE_OK)
        status = wake(process);
    if (status != ARETE_OK)
        return status;
    status = answer(process,
                    ar_lines_send(&process->lines, "case %llu %d %zu %d %s %s", (unsigned long long)data->seed,
                                  (int)data->mode, copies, prepack ? 1 : 0, of->work->family->name, of->text),
                    "ok", NULL);
    arete_status rested = rest(process);
    return status == ARETE_OK ? rested : status;
}

static arete_status calls(void *state, size_t count, double *seconds) {
    ar_peer_process *process = state;
    char *took;
    arete_status status = answer(process, ar_lines_send(&process->lines, "calls %zu", count), "took", &took);
    if (status == ARETE_OK)
        *seconds = strtod(took, NULL);
    return status;
}

ar_contender ar_peer_contender(ar_peer_process *process) {
    return (ar_contender){.state = process, .wake = wake, .rest = rest, .calls = calls};
}

enum { CHECKED_VALUES = 4096 };

static arete_status check_output(ar_peer_process *process, ar_stage *stage, size_t output,
                                 ar_comparison *comparison) {
    const ar_case *of = stage->spec.of;
    uint64_t seed = stage->spec.data.seed;
    arete_cost cost;
    arete_plan_cost(stage->plan, &cost);
    size_t limit = ar_elements_affordable(of, cost.flops, 5e7);
    limit = limit < CHECKED_VALUES ? limit : CHECKED_VALUES;
    ar_elements elements;
    char *text;
    arete_status status = ar_elements_choose(of, output, seed, limit, &elements);
    if (status != ARETE_OK)
        return status;
    double *values = ar_os_alloc((elements.count ? elements.count : 1) * sizeof *values);
    if (!values)
        status = ar_fail_memory("a peer's values", elements.count * sizeof *values);
    if (status == ARETE_OK)
        status = answer(
            process, ar_lines_send(&process->lines, "values %zu %llu %zu", output, (unsigned long long)seed, limit),
            "values", &text);
    if (status == ARETE_OK)
        status = ar_values_parse(text, values, elements.count);
    if (status == ARETE_OK)
        status = ar_compare(of, stage->plan, stage->host, output, &elements, values,
                            stage->spec.data.mode == AR_DATA_INTEGERS, comparison);
    ar_os_free(values);
    ar_elements_free(&elements);
    return status;
}

arete_status ar_peer_check(ar_peer_process *process, ar_stage *stage, ar_comparison *comparison) {
    const ar_case *of = stage->spec.of;
    ar_comparison_start(comparison);
    arete_status status = wake(process);
    for (size_t i = 0; i < of->count && status == ARETE_OK; i++)
        if (of->operands[i].role == AR_OUTPUT || of->operands[i].role == AR_INOUT)
            status = check_output(process, stage, i, comparison);
    arete_status rested = rest(process);
    return status == ARETE_OK ? rested : status;
}

void ar_peer_drop(ar_peer_process *process) {
    if (process->pid == 0 || wake(process) != ARETE_OK)
        return;
    if (answer(process, ar_lines_send(&process->lines, "drop"), "ok", NULL) == ARETE_OK)
        (void)rest(process);
}

void ar_peer_stop(ar_peer_process *process) {
    if (process->pid == 0)
        return;
    int how;
    (void)wake(process);
    (void)ar_lines_send(&process->lines, "quit");
    ar_lines_close(&process->lines);
    /* Libraries' threads may hang at exit; a peer that has not gone within a second is ended. */
    double until = ar_os_seconds() + 1;
    while (waitpid(process->pid, &how, WNOHANG) == 0) {
        if (ar_os_seconds() > until)
            kill(process->pid, SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    process->pid = 0;
}
