/* Compiling in another process: both sides of the conversation. */
#include "apart.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "backend.h"

#ifndef ARETE_HELPER_FOLDER
#define ARETE_HELPER_FOLDER ""
#endif

static const char magic[8] = "ARETEC1";
enum { TEXTS = 5 };
#define MOST_BYTES ((size_t)1 << 30)

/* Before a request: the lengths of its texts, which follow with their NULs. */
typedef struct request_head {
    char magic[8];
    uint64_t bytes[TEXTS];
} request_head;

/* Before an answer: an error text or a log (with its NUL), then the binary. */
typedef struct answer_head {
    char magic[8];
    uint64_t status, text_bytes, data_bytes;
    uint64_t hash_low, hash_high; /* of all that follows */
} answer_head;

ar_compile_where ar_compile_asked(void) {
    const char *text = ar_os_env("ARETE_COMPILE");
    return !text                            ? AR_COMPILE_DEFAULT
           : strcmp(text, "isolated") == 0 ? AR_COMPILE_ISOLATED
           : strcmp(text, "inside") == 0   ? AR_COMPILE_INSIDE
                                           : AR_COMPILE_DEFAULT;
}

/* ---- the side that asks ---- */

static arete_status find_helper(char *path, size_t bytes) {
    static const char *const places[] = {"", "/../bin", "/../libexec/arete", "/../../libexec/arete"};
    const char *chosen = ar_os_env("ARETE_COMPILE_HELPER");
    char folder[3072];
    if (chosen) {
        snprintf(path, bytes, "%s", chosen);
        return ar_os_executable(path) ? ARETE_OK
                                      : ar_fail(ARETE_E_NOT_FOUND, "ARETE_COMPILE_HELPER is %s, which is no program",
                                                chosen);
    }
    if (ar_os_own_folder(folder, sizeof folder)) {
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            snprintf(path, bytes, "%s%s/arete-compile", folder, places[i]);
            if (ar_os_executable(path)) {
                return ARETE_OK;
            }
        }
    }
    snprintf(path, bytes, "%s/arete-compile", ARETE_HELPER_FOLDER);
    return ar_os_executable(path)
               ? ARETE_OK
               : ar_fail(ARETE_E_NOT_FOUND, "no arete-compile beside the library, nor in %s: install it, name it by "
                         "ARETE_COMPILE_HELPER, or set ARETE_COMPILE=inside to compile in this process",
                         ARETE_HELPER_FOLDER);
}

static char *pack_request(const ar_compile_request *request, size_t *bytes) {
    const char *const texts[TEXTS] = {request->backend, request->target, request->name, request->options,
                                      request->source};
    request_head head = {.bytes = {0}};
    memcpy(head.magic, magic, sizeof magic);
    *bytes = sizeof head;
    for (int i = 0; i < TEXTS; i++) {
        head.bytes[i] = strlen(texts[i]) + 1;
        *bytes += head.bytes[i];
    }
    char *packed = ar_os_alloc(*bytes), *at = packed;
    if (packed) {
        memcpy(at, &head, sizeof head);
        at += sizeof head;
        for (int i = 0; i < TEXTS; i++) {
            memcpy(at, texts[i], head.bytes[i]);
            at += head.bytes[i];
        }
    }
    return packed;
}

static double time_limit(void) {
    const char *text = ar_os_env("ARETE_COMPILE_SECONDS");
    double seconds = text ? strtod(text, NULL) : 0;
    return seconds > 0 && seconds < 1e6 ? seconds : 120;
}

/* How the process ended, when it gave no answer. */
static arete_status no_answer(const ar_compile_request *request, const ar_os_child *child, double seconds) {
    char how[160];
    if (child->timed_out) {
        snprintf(how, sizeof how, "took longer than %g seconds and was stopped (ARETE_COMPILE_SECONDS sets the limit)",
                 seconds);
    } else if (child->signal) {
        snprintf(how, sizeof how, "crashed: %s (%d)", ar_os_signal_name(child->signal), child->signal);
    } else if (child->reply_bytes) {
        snprintf(how, sizeof how, "answered what cannot be read (%zu bytes, exit status %d)", child->reply_bytes,
                 child->exit_status);
    } else {
        snprintf(how, sizeof how, "ended without an answer, exit status %d", child->exit_status);
    }
    return ar_fail(ARETE_E_BUILD, "%s: the compiler of %s for %s %s. It said: %s", request->name, request->backend,
                   request->target, how, child->log[0] ? child->log : "(nothing)");
}

/* Takes the answer apart. False: it is none. */
static bool read_answer(const ar_os_child *child, answer_head *head, const char **text, const char **data) {
    if (child->reply_bytes < sizeof *head) {
        return false;
    }
    memcpy(head, child->reply, sizeof *head);
    size_t rest = child->reply_bytes - sizeof *head;
    if (memcmp(head->magic, magic, sizeof magic) != 0 || head->text_bytes < 1 || head->text_bytes > rest ||
        head->data_bytes != rest - head->text_bytes || head->status > ARETE_E_INTERNAL) {
        return false;
    }
    *text = child->reply + sizeof *head;
    *data = *text + head->text_bytes;
    XXH128_hash_t hash = XXH3_128bits(*text, rest);
    return (*text)[head->text_bytes - 1] == '\0' && hash.low64 == head->hash_low && hash.high64 == head->hash_high;
}

arete_status ar_compile_apart(const ar_compile_request *request, void **data, size_t *bytes) {
    char helper[4096];
    arete_status status = find_helper(helper, sizeof helper);
    if (status != ARETE_OK) {
        return ar_fail_within(status, "%s", request->name);
    }
    size_t asked_bytes;
    char *asked = pack_request(request, &asked_bytes);
    if (!asked) {
        return ar_fail_memory("a kernel's source", asked_bytes);
    }
    const char *const words[] = {helper, NULL};
    const double seconds = time_limit();
    ar_os_child child;
    status = ar_os_run(words, asked, asked_bytes, seconds, MOST_BYTES, &child);
    ar_os_free(asked);
    if (status != ARETE_OK) {
        return ar_fail_within(status, "%s", request->name);
    }
    answer_head head;
    const char *text, *content;
    if (!read_answer(&child, &head, &text, &content)) {
        status = no_answer(request, &child, seconds);
    } else if (head.status != ARETE_OK) {
        status = ar_fail((arete_status)head.status, "%s", text);
    } else {
        *data = ar_os_alloc(head.data_bytes);
        *bytes = head.data_bytes;
        if (*data) {
            memcpy(*data, content, head.data_bytes);
        } else {
            status = ar_fail_memory("a compiled kernel", head.data_bytes);
        }
    }
    ar_os_child_free(&child);
    return status;
}

/* ---- the side that answers ---- */

static bool read_whole(int file, void *into, size_t bytes) {
    for (char *at = into; bytes;) {
        ssize_t got = read(file, at, bytes);
        if (got <= 0) {
            return false;
        }
        at += got;
        bytes -= (size_t)got;
    }
    return true;
}

static bool write_whole(int file, const void *from, size_t bytes) {
    for (const char *at = from; bytes;) {
        ssize_t put = write(file, at, bytes);
        if (put <= 0) {
            return false;
        }
        at += put;
        bytes -= (size_t)put;
    }
    return true;
}

/* The request's texts, one after another in one piece of memory; NULL: it cannot be read. */
static char *take_request(int file, ar_compile_request *request) {
    request_head head;
    uint64_t all = 0;
    if (!read_whole(file, &head, sizeof head) || memcmp(head.magic, magic, sizeof magic) != 0) {
        return NULL;
    }
    for (int i = 0; i < TEXTS; i++) {
        if (head.bytes[i] < 1 || head.bytes[i] > MOST_BYTES) {
            return NULL;
        }
        all += head.bytes[i];
    }
    char *texts = ar_os_alloc(all), *at = texts;
    const char **const fields[TEXTS] = {&request->backend, &request->target, &request->name, &request->options,
                                        &request->source};
    if (!texts || !read_whole(file, texts, all)) {
        ar_os_free(texts);
        return NULL;
    }
    for (int i = 0; i < TEXTS; i++) {
        *fields[i] = at;
        at += head.bytes[i];
        at[-1] = '\0';
    }
    return texts;
}

static void keep_one(const char *folder, uint64_t hash, const char *ending, const void *data, size_t bytes) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%016llx.%s", folder, (unsigned long long)hash, ending);
    ar_os_write_file(path, data, bytes);
}

static void keep(const ar_compile_request *request, const char *text, const void *data, size_t bytes) {
    const char *folder = ar_os_env("ARETE_COMPILE_KEEP");
    if (!folder) {
        return;
    }
    uint64_t hash = XXH3_64bits(request->source, strlen(request->source)) ^
                    XXH3_64bits(request->options, strlen(request->options));
    char about[4096];
    int length = snprintf(about, sizeof about, "%s\n%s\n%s\n%s\n", request->name, request->options, request->backend,
                          request->target);
    keep_one(folder, hash, "txt", about, length < 0 ? 0 : strlen(about));
    keep_one(folder, hash, "source", request->source, strlen(request->source));
    keep_one(folder, hash, "log", text, strlen(text));
    keep_one(folder, hash, "binary", data, bytes);
}

static arete_status compile(const ar_compile_request *request, void **data, size_t *bytes) {
    for (const ar_backend *const *backend = ar_backends; *backend; backend++) {
        if (strcmp((*backend)->name, request->backend) == 0 && (*backend)->program && (*backend)->program->compile) {
            return (*backend)->program->compile(request->target, request->name, request->source, request->options,
                                                data, bytes);
        }
    }
    return ar_fail(ARETE_E_UNSUPPORTED, "%s: arete-compile has no compiler of backend %s", request->name,
                   request->backend);
}

int ar_compile_serve(void) {
    /* Where compilers, and what they load, cannot write by accident. */
    int answer = fcntl(3, F_DUPFD_CLOEXEC, 100);
    close(3);
    ar_compile_request request;
    char *texts = answer < 0 ? NULL : take_request(0, &request);
    if (!texts) {
        fprintf(stderr, "arete-compile compiles kernels for programs that use Arete; it is not for the command line\n");
        return 2;
    }
    void *data = NULL;
    size_t bytes = 0;
    arete_status status = compile(&request, &data, &bytes);
    const char *text = status == ARETE_OK ? "" : arete_error_text();
    bytes = status == ARETE_OK ? bytes : 0;
    keep(&request, text, data, bytes);
    answer_head head = {.status = (uint64_t)status, .text_bytes = strlen(text) + 1, .data_bytes = bytes};
    memcpy(head.magic, magic, sizeof magic);
    XXH3_state_t *state = XXH3_createState();
    bool good = state != NULL;
    if (good) {
        XXH3_128bits_reset(state);
        XXH3_128bits_update(state, text, head.text_bytes);
        XXH3_128bits_update(state, data, bytes);
        XXH128_hash_t hash = XXH3_128bits_digest(state);
        head.hash_low = hash.low64;
        head.hash_high = hash.high64;
        good = write_whole(answer, &head, sizeof head) && write_whole(answer, text, head.text_bytes) &&
               write_whole(answer, data, bytes);
    }
    XXH3_freeState(state);
    ar_os_free(data);
    ar_os_free(texts);
    return good ? 0 : 1;
}
