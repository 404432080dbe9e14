/* os.h on POSIX systems: running another program. */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "os.h"

extern char **environ;

enum { INPUT, REPLY, LOG, CHANNELS };

typedef struct channels {
    int ours[CHANNELS], theirs[CHANNELS]; /* -1: closed */
} channels;

static void close_one(int *file) {
    if (*file >= 0) {
        close(*file);
        *file = -1;
    }
}

static void close_all(channels *c) {
    for (int i = 0; i < CHANNELS; i++) {
        close_one(&c->ours[i]);
        close_one(&c->theirs[i]);
    }
}

/* Descriptors above those that the child gets, so that putting them there overwrites none of them. */
static bool keep_above(int *file) {
    int moved = fcntl(*file, F_DUPFD_CLOEXEC, 10);
    if (moved < 0) {
        return false;
    }
    close(*file);
    *file = moved;
    return true;
}

/* Sockets rather than pipes: a write to one whose reader is gone can be asked not to raise SIGPIPE. */
static arete_status open_all(channels *c) {
    for (int i = 0; i < CHANNELS; i++) {
        c->ours[i] = c->theirs[i] = -1;
    }
    for (int i = 0; i < CHANNELS; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
            return ar_fail(ARETE_E_MEMORY, "no descriptors to talk to another process: %s", strerror(errno));
        }
        c->ours[i] = pair[0];
        c->theirs[i] = pair[1];
        if (!keep_above(&c->ours[i]) || !keep_above(&c->theirs[i]) || fcntl(c->ours[i], F_SETFL, O_NONBLOCK)) {
            return ar_fail(ARETE_E_MEMORY, "no descriptors to talk to another process: %s", strerror(errno));
        }
    }
    return ARETE_OK;
}

/* In a process group of its own, with the default action and no block for every signal. */
static arete_status start(const char *const *words, const channels *c, pid_t *process) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&files)) {
        return ar_fail_memory("what a process starts with", sizeof files);
    }
    if (posix_spawnattr_init(&attributes)) {
        posix_spawn_file_actions_destroy(&files);
        return ar_fail_memory("what a process starts with", sizeof attributes);
    }
    int code = posix_spawn_file_actions_adddup2(&files, c->theirs[INPUT], 0);
    code = code ? code : posix_spawn_file_actions_adddup2(&files, c->theirs[LOG], 1);
    code = code ? code : posix_spawn_file_actions_adddup2(&files, c->theirs[LOG], 2);
    code = code ? code : posix_spawn_file_actions_adddup2(&files, c->theirs[REPLY], 3);
    code = code ? code : posix_spawnattr_setpgroup(&attributes, 0);
    code = code ? code : posix_spawnattr_setsigmask(&attributes, &none);
    code = code ? code : posix_spawnattr_setsigdefault(&attributes, &all);
    code = code ? code : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                                   POSIX_SPAWN_SETSIGDEF);
    /* posix_spawn takes the words as char *, and changes none. */
    code = code ? code
                : posix_spawn(process, words[0], &files, &attributes,
                              ((union { const char *const *in; char *const *out; }){.in = words}).out, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return code ? ar_fail(ARETE_E_IO, "cannot run %s: %s", words[0], strerror(code)) : ARETE_OK;
}

/* The log's end is what matters when it is long: a crash comes last. */
static void log_add(ar_os_child *child, size_t *used, const char *text, size_t bytes) {
    const size_t room = sizeof child->log - 1;
    if (bytes > room) {
        text += bytes - room;
        bytes = room;
    }
    if (*used + bytes > room) {
        size_t drop = *used + bytes - room;
        memmove(child->log, child->log + drop, *used - drop);
        *used -= drop;
    }
    for (size_t i = 0; i < bytes; i++) {
        child->log[*used + i] = text[i] ? text[i] : ' ';
    }
    *used += bytes;
    child->log[*used] = '\0';
}

static bool reply_add(ar_os_child *child, size_t *room, const char *text, size_t bytes, size_t most) {
    if (child->reply_bytes + bytes > most) {
        bytes = most - child->reply_bytes;
    }
    if (child->reply_bytes + bytes > *room) {
        size_t larger = 2 * (child->reply_bytes + bytes) + 65536;
        char *grown = ar_os_realloc(child->reply, larger);
        if (!grown) {
            return false;
        }
        child->reply = grown;
        *room = larger;
    }
    if (bytes) {
        memcpy(child->reply + child->reply_bytes, text, bytes);
        child->reply_bytes += bytes;
    }
    return true;
}

/* Moves what can be moved; false for lack of memory. */
static bool exchange(channels *c, const struct pollfd *ready, const char *input, size_t *left, size_t most,
                     ar_os_child *child, size_t *room, size_t *logged) {
    char chunk[16384];
    if (c->ours[INPUT] >= 0 && ready[INPUT].revents) {
        ssize_t put = send(c->ours[INPUT], input, *left, MSG_NOSIGNAL);
        *left -= put > 0 ? (size_t)put : 0;
        if (*left == 0 || (put < 0 && errno != EAGAIN && errno != EINTR)) {
            close_one(&c->ours[INPUT]); /* done, or nobody reads any more */
        }
    }
    for (int i = REPLY; i <= LOG; i++) {
        if (c->ours[i] < 0 || !ready[i].revents) {
            continue;
        }
        ssize_t got = read(c->ours[i], chunk, sizeof chunk);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            close_one(&c->ours[i]);
        } else if (got > 0 && i == LOG) {
            log_add(child, logged, chunk, (size_t)got);
        } else if (got > 0 && !reply_add(child, room, chunk, (size_t)got, most)) {
            return false;
        }
    }
    return true;
}

/* Waits for the end, killing it when its time is up; a process that somebody else waited for is only gone. */
static void reap(pid_t process, double deadline, ar_os_child *child) {
    int state = 0;
    pid_t got;
    while ((got = waitpid(process, &state, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (ar_os_seconds() > deadline) {
            child->timed_out = true;
            kill(-process, SIGKILL);
            do {
                got = waitpid(process, &state, 0);
            } while (got < 0 && errno == EINTR);
            break;
        }
        poll(NULL, 0, 1);
    }
    kill(-process, SIGKILL); /* whoever it left behind */
    child->exit_status = got == process && WIFEXITED(state) ? WEXITSTATUS(state) : -1;
    child->signal = got == process && WIFSIGNALED(state) ? WTERMSIG(state) : 0;
}

arete_status ar_os_run(const char *const *words, const void *input, size_t input_bytes, double seconds, size_t most,
                       ar_os_child *child) {
    memset(child, 0, sizeof *child);
    channels c;
    pid_t process = 0;
    arete_status status = open_all(&c);
    if (status == ARETE_OK) {
        status = start(words, &c, &process);
    }
    if (status != ARETE_OK) {
        close_all(&c);
        return status;
    }
    for (int i = 0; i < CHANNELS; i++) {
        close_one(&c.theirs[i]);
    }
    const double deadline = ar_os_seconds() + seconds;
    const char *at = input;
    size_t left = input_bytes, room = 0, logged = 0;
    while ((c.ours[REPLY] >= 0 || c.ours[LOG] >= 0) && status == ARETE_OK) {
        struct pollfd ready[CHANNELS] = {{.fd = c.ours[INPUT], .events = POLLOUT},
                                         {.fd = c.ours[REPLY], .events = POLLIN},
                                         {.fd = c.ours[LOG], .events = POLLIN}};
        double rest = deadline - ar_os_seconds();
        if (rest <= 0) {
            break;
        }
        poll(ready, CHANNELS, rest < 1 ? (int)(1e3 * rest) + 1 : 1000);
        size_t before = left;
        if (!exchange(&c, ready, at, &left, most, child, &room, &logged)) {
            status = ar_fail_memory("another process's answer", room);
        }
        at += before - left;
    }
    close_all(&c);
    reap(process, status == ARETE_OK ? deadline : 0, child);
    if (status != ARETE_OK) {
        ar_os_child_free(child);
    }
    return status;
}

void ar_os_child_free(ar_os_child *child) {
    ar_os_free(child->reply);
    child->reply = NULL;
}

const char *ar_os_signal_name(int number) {
    switch (number) {
    case SIGABRT:
        return "SIGABRT";
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGILL:
        return "SIGILL";
    case SIGFPE:
        return "SIGFPE";
    case SIGKILL:
        return "SIGKILL";
    case SIGTERM:
        return "SIGTERM";
    default:
        return "a signal";
    }
}

bool ar_os_executable(const char *path) {
    return access(path, X_OK) == 0;
}

bool ar_os_own_folder(char *path, size_t bytes) {
    Dl_info found;
    /* A function's address as data: POSIX promises that it works. */
    union {
        bool (*function)(char *, size_t);
        void *data;
    } self = {.function = ar_os_own_folder};
    char *slash;
    if (!dladdr(self.data, &found) || !found.dli_fname) {
        return false;
    }
    if (strchr(found.dli_fname, '/')) {
        snprintf(path, bytes, "%s", found.dli_fname);
    } else { /* a program found through PATH */
        ssize_t length = readlink("/proc/self/exe", path, bytes - 1);
        if (length <= 0) {
            return false;
        }
        path[length] = '\0';
    }
    slash = strrchr(path, '/');
    if (!slash) {
        return false;
    }
    *slash = '\0';
    return true;
}
