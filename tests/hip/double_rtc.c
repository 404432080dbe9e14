/* A test double of hiprtc and of NVRTC, under both names. What it makes of a source is an image for double_module.c: the
 * texts in it from "@kernel" to the end of the line (none: every kernel is there); or it does what ARETE_DOUBLE_RTC
 * asks for:
 *   error    a failing build with a log         abort, segfault, hang, exit   the compiler's bad days
 *   garbage  writes junk to every descriptor    empty   gives no code         damaged   code that no driver takes
 * ARETE_DOUBLE_KEEP, a folder: every source is written there, named by its kernel file and a hash.
 */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
static char image[1 << 20];
static const char *log_text = "";

static int wants(const char *what) {
    const char *mode = getenv("ARETE_DOUBLE_RTC");
    return mode && strcmp(mode, what) == 0;
}

static void take_kernels(const char *source) {
    size_t used = (size_t)sprintf(image, "@image\n");
    for (const char *at = source; (at = strstr(at, "@kernel ")) != NULL; at++) {
        size_t length = strcspn(at, "\n");
        used += (size_t)sprintf(image + used, "%.*s\n", (int)length, at);
    }
    if (used < 8) /* all kernels are there, without parameters */
        sprintf(image, "\177ELF");
}

static void keep(const char *source, const char *name) {
    const char *folder = getenv("ARETE_DOUBLE_KEEP");
    char path[4096];
    unsigned long hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *at = source; folder && *at; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
    int used = folder ? snprintf(path, sizeof path, "%s/%s", folder, name) : -1;
    for (char *at = path + (folder ? strlen(folder) + 1 : 0); used > 0 && *at; at++)
        *at = *at == '/' ? '-' : *at;
    if (used < 0 || used > 4000)
        return;
    snprintf(path + used, sizeof path - (size_t)used, ".%016lx.hip", hash);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(source, file);
        fclose(file);
    }
}

static int create(void **program, const char *source, const char *name) {
    keep(source, name ? name : "unnamed");
    take_kernels(source);
    *program = image;
    return 0;
}

static int compile(int count, const char *const *options) {
    if (wants("abort"))
        abort();
    if (wants("segfault"))
        raise(SIGSEGV);
    if (wants("hang"))
        for (;;)
            sleep(1);
    if (wants("exit"))
        _exit(7);
    if (wants("garbage")) {
        static const char junk[] = "\001\002ARETEC0 this is no answer\n";
        for (int file = 0; file < 256; file++)
            if (write(file, junk, sizeof junk) < 0)
                continue;
    }
    if (wants("damaged"))
        strcpy(image, "no image");
    log_text = wants("error") ? "k.cl:3: error: this double does not like line 3" : "";
    int arch = 0;
    for (int i = 0; i < count; i++)
        arch |= strncmp(options[i], "--gpu-architecture=", 19) == 0;
    return wants("error") || !arch ? 6 : 0;
}

#define BOTH(hip, cuda, parameters, ...)                                                                           \
    EXPORT int hip parameters;                                                                                      \
    EXPORT int hip parameters __VA_ARGS__ EXPORT int cuda parameters;                                               \
    EXPORT int cuda parameters __VA_ARGS__

BOTH(hiprtcVersion, nvrtcVersion, (int *major, int *minor), {
    *major = 1;
    *minor = 0;
    return 0;
})
BOTH(hiprtcCreateProgram, nvrtcCreateProgram,
     (void **program, const char *source, const char *name, int headers, const char *const *texts,
      const char *const *names), {
         (void)headers, (void)texts, (void)names;
         return create(program, source, name);
     })
BOTH(hiprtcCompileProgram, nvrtcCompileProgram, (void *program, int count, const char *const *options), {
    (void)program;
    return compile(count, options);
})
BOTH(hiprtcGetProgramLogSize, nvrtcGetProgramLogSize, (void *program, size_t *bytes), {
    (void)program;
    *bytes = strlen(log_text) + 1;
    return 0;
})
BOTH(hiprtcGetProgramLog, nvrtcGetProgramLog, (void *program, char *text), {
    (void)program;
    strcpy(text, log_text);
    return 0;
})
BOTH(hiprtcGetCodeSize, nvrtcGetCUBINSize, (void *program, size_t *bytes), {
    (void)program;
    *bytes = wants("empty") ? 0 : strlen(image) + 1;
    return 0;
})
BOTH(hiprtcGetCode, nvrtcGetCUBIN, (void *program, char *code), {
    (void)program;
    strcpy(code, image);
    return 0;
})
BOTH(hiprtcDestroyProgram, nvrtcDestroyProgram, (void **program), {
    *program = NULL;
    return 0;
})
