/* The run-time compilers, hiprtc and NVRTC: one set of calls under two prefixes. Runs in arete-compile (core/apart.h),
 * unless ARETE_COMPILE=inside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hip_internal.h"

/* create and compile have the same parameters in both; "" where one has no such call. */
#define RTC_FUNCTIONS(need, may)                                                                                   \
    need(create, "hiprtcCreateProgram", "nvrtcCreateProgram",                                                      \
         (void **program, const char *source, const char *name, int headers, const char *const *texts,             \
          const char *const *names))                                                                               \
    need(destroy, "hiprtcDestroyProgram", "nvrtcDestroyProgram", (void **program))                                 \
    need(compile, "hiprtcCompileProgram", "nvrtcCompileProgram",                                                   \
         (void *program, int count, const char *const *options))                                                   \
    need(log_size, "hiprtcGetProgramLogSize", "nvrtcGetProgramLogSize", (void *program, size_t *bytes))            \
    need(log, "hiprtcGetProgramLog", "nvrtcGetProgramLog", (void *program, char *text))                            \
    may(code_size, "hiprtcGetCodeSize", "nvrtcGetCUBINSize", (void *program, size_t *bytes))                       \
    may(code, "hiprtcGetCode", "nvrtcGetCUBIN", (void *program, char *code))                                       \
    may(ptx_size, "", "nvrtcGetPTXSize", (void *program, size_t *bytes))                                           \
    may(ptx, "", "nvrtcGetPTX", (void *program, char *code))                                                       \
    may(arch_count, "", "nvrtcGetNumSupportedArchs", (int *count))                                                 \
    may(archs, "", "nvrtcGetSupportedArchs", (int *archs))                                                         \
    need(version, "hiprtcVersion", "nvrtcVersion", (int *major, int *minor))

typedef struct rtc {
    ar_library *library;
    bool nvidia;
#define MEMBER(name, hip, cuda, parameters) int(*name) parameters;
    RTC_FUNCTIONS(MEMBER, MEMBER)
#undef MEMBER
} rtc;

static const char *const hiprtc_names[] = {"libhiprtc.so.7",   "libhiprtc.so.6",   "libhiprtc.so.5",
                                           "libhiprtc.so",     "libamdhip64.so.5", "libamdhip64.so.6",
                                           "libamdhip64.so.7", "libamdhip64.so"};
static const char *const nvrtc_names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so",
                                          "/usr/local/cuda/lib64/libnvrtc.so"};
static const char *const comgr_names[] = {"libamd_comgr.so.3", "libamd_comgr.so.2", "libamd_comgr.so"};
#define COUNT(list) (sizeof list / sizeof *list)

/* arch: "sm_90", or "sm_90/12" on a driver of CUDA 12, which takes no code of a newer NVRTC: its own is tried first. */
static arete_status rtc_open(bool nvidia, const char *arch, rtc *of) {
    char why[384] = "";
    const char *driver = strchr(arch, '/');
    size_t skip = nvidia && driver && atoi(driver + 1) == 12;
    const char *chosen = ar_os_env(nvidia ? "ARETE_NVRTC_LIBRARY" : "ARETE_HIPRTC_LIBRARY"), *missing = NULL;
    of->nvidia = nvidia;
    of->library = chosen   ? ar_library_open(&chosen, 1, why, sizeof why)
                  : nvidia ? ar_library_open(nvrtc_names + skip, COUNT(nvrtc_names) - skip, why, sizeof why)
                           : ar_library_open(hiprtc_names, COUNT(hiprtc_names), why, sizeof why);
    if (!of->library && skip && !chosen) {
        of->library = ar_library_open(nvrtc_names, skip, why, sizeof why);
    }
    if (!of->library) {
        return ar_fail(ARETE_E_UNSUPPORTED, "no run-time compiler: %s; install %s, or name it by %s", why,
                       nvidia ? "NVRTC (libnvrtc, of the CUDA toolkit)" : "hiprtc (of ROCm, libamdhip64)",
                       nvidia ? "ARETE_NVRTC_LIBRARY" : "ARETE_HIPRTC_LIBRARY");
    }
    void *symbol;
#define TAKE(name, hip, cuda, parameters)                                                                          \
    symbol = (nvidia ? cuda : hip)[0] ? ar_library_symbol(of->library, nvidia ? cuda : hip) : NULL;                \
    of->name = ((union { void *data; int(*function) parameters; }){.data = symbol}).function;
#define NEED(name, hip, cuda, parameters)                                                                          \
    TAKE(name, hip, cuda, parameters)                                                                              \
    missing = symbol || missing ? missing : (nvidia ? cuda : hip);
    RTC_FUNCTIONS(NEED, TAKE)
#undef NEED
#undef TAKE
    if (missing) {
        ar_library_close(of->library);
        return ar_fail(ARETE_E_UNSUPPORTED, "the run-time compiler lacks %s: a newer one is needed", missing);
    }
    return ARETE_OK;
}

/* hiprtc ends the process on an architecture that it does not know, so the library beneath it is asked first. Where
 * that cannot be asked, hiprtc is tried. */
static arete_status amd_knows(const char *name, const char *arch) {
    char why[256];
    ar_library *library = ar_library_open(comgr_names, COUNT(comgr_names), why, sizeof why);
    if (!library) {
        return ARETE_OK;
    }
    typedef int (*count_call)(size_t *);
    typedef int (*name_call)(size_t, const char **);
    count_call ask_count =
        ((union { void *data; count_call call; }){.data = ar_library_symbol(library, "amd_comgr_get_isa_count")}).call;
    name_call ask_name =
        ((union { void *data; name_call call; }){.data = ar_library_symbol(library, "amd_comgr_get_isa_name")}).call;
    size_t count = 0, length = strcspn(arch, ":");
    bool known = !ask_count || !ask_name || ask_count(&count) != 0 || count == 0;
    for (size_t i = 0; i < count && !known; i++) {
        const char *isa = NULL, *last;
        if (ask_name(i, &isa) == 0 && isa && (last = strrchr(isa, '-')) != NULL) {
            known = strncmp(last + 1, arch, length) == 0 && (last[1 + length] == '\0' || last[1 + length] == ':');
        }
    }
    return known ? ARETE_OK
                 : ar_fail(ARETE_E_BUILD, "%s: the HIP compiler here knows no %.*s; install a newer ROCm", name,
                           (int)length, arch);
}

/* The option for the architecture: NVRTC's own if it knows it (real: machine code, virtual: PTX, which the driver
 * finishes), else the newest older one, as PTX. */
static void nvidia_arch(const rtc *of, const char *arch, char *option, size_t bytes, bool *ptx) {
    int wanted = atoi(arch + (strncmp(arch, "sm_", 3) == 0 ? 3 : 0)), count = 0, best = 0;
    int archs[256];
    if (of->arch_count && of->archs && of->arch_count(&count) == 0 && count > 0 && count <= 256 &&
        of->archs(archs) == 0) {
        for (int i = 0; i < count; i++) {
            best = archs[i] <= wanted && archs[i] > best ? archs[i] : best;
        }
    } else {
        best = wanted;
    }
    *ptx = best != wanted || !of->code || !of->code_size;
    snprintf(option, bytes, "--gpu-architecture=%s%d", *ptx ? "compute_" : "sm_", best ? best : wanted);
}

/* The log, freed by ar_os_free; NULL when there is none. */
static char *take_log(const rtc *of, void *program) {
    size_t bytes = 0;
    if (of->log_size(program, &bytes) || bytes < 2) {
        return NULL;
    }
    char *log = ar_os_alloc(bytes + 1);
    if (log && of->log(program, log)) {
        ar_os_free(log);
        log = NULL;
    }
    return log;
}

static arete_status take_code(const rtc *of, void *program, bool ptx, const char *name, void **data, size_t *bytes) {
    int (*ask_size)(void *, size_t *) = ptx ? of->ptx_size : of->code_size;
    int (*ask)(void *, char *) = ptx ? of->ptx : of->code;
    if (!ask_size || !ask || ask_size(program, bytes) || *bytes == 0) {
        return ar_fail(ARETE_E_BUILD, "%s: the compiler gives no code", name);
    }
    *data = ar_os_alloc(*bytes + 1); /* PTX is a text */
    if (!*data) {
        return ar_fail_memory("a compiled kernel", *bytes);
    }
    if (ask(program, *data)) {
        ar_os_free(*data);
        *data = NULL;
        return ar_fail(ARETE_E_BUILD, "%s: the compiler gives no code", name);
    }
    return ARETE_OK;
}

enum { MOST_OPTIONS = 64 };

/* Adds the words of text, which is cut up in place. */
static int split(char *text, const char **words, int count) {
    for (char *at = strtok(text, " "); at && count < MOST_OPTIONS; at = strtok(NULL, " ")) {
        words[count++] = at;
    }
    return count;
}

static arete_status compile_with(const rtc *of, const char *arch, const char *name, const char *source,
                                 char *options, void **data, size_t *bytes) {
    /* A comma where a vector was meant is an error, not a vector of its last value. */
    /* Kernels that name no group size run in groups of at most 256: clang would leave them registers for 1024. */
    static const char *const amd[] = {"-O3", "-std=c++17", "-ffp-contract=on", "-Werror=unused-value",
                                      "--gpu-max-threads-per-block=256"};
    static const char *const nvidia[] = {"--std=c++17", "--device-as-default-execution-space", "--diag-error=174",
                                         "--diag-suppress=177,161,550", NULL};
    const char *words[MOST_OPTIONS + 8];
    char target[96];
    bool ptx = false;
    int count = 0;
    if (of->nvidia) {
        nvidia_arch(of, arch, target, sizeof target, &ptx);
    } else {
        snprintf(target, sizeof target, "--gpu-architecture=%s", arch);
    }
    words[count++] = target;
    for (size_t i = 0; i < COUNT(amd) && (of->nvidia ? nvidia : amd)[i]; i++) {
        words[count++] = of->nvidia ? nvidia[i] : amd[i];
    }
    count = split(options, words, count);
    const char *more = ar_os_env("ARETE_COMPILE_OPTIONS"); /* while developing: -v of ptxas, other roundings */
    char *extra = more ? ar_os_strdup(more) : NULL;
    if (extra) {
        count = split(extra, words, count);
    }
    void *program = NULL;
    int code = of->create(&program, source, name, 0, NULL, NULL);
    if (code) {
        ar_os_free(extra);
        return ar_fail(ARETE_E_BUILD, "%s: the compiler takes no program (its code %d)", name, code);
    }
    code = of->compile(program, count, words);
    char *log = take_log(of, program);
    arete_status status = code ? ar_fail(ARETE_E_BUILD, "%s did not compile for %s (code %d of %s):\n%s", name, target,
                                         code, of->nvidia ? "NVRTC" : "hiprtc", log ? log : "(no log)")
                               : take_code(of, program, ptx, name, data, bytes);
    if (!code && log && strspn(log, " \t\r\n") < strlen(log)) {
        fprintf(stderr, "%s\n", log);
    }
    of->destroy(&program);
    ar_os_free(log);
    ar_os_free(extra);
    return status;
}

arete_status ar_hip_compile(const char *target, const char *name, const char *source, const char *options,
                            void **data, size_t *bytes) {
    bool nvidia = strncmp(target, "nvidia ", 7) == 0;
    if (!nvidia && strncmp(target, "amd ", 4) != 0) {
        return ar_fail(ARETE_E_ARGUMENT, "%s: target is \"%s\"; \"amd ARCH\" or \"nvidia ARCH\" is wanted", name,
                       target);
    }
    const char *arch = target + (nvidia ? 7 : 4);
    rtc of = {0};
    arete_status status = nvidia ? ARETE_OK : amd_knows(name, arch);
    if (status == ARETE_OK) {
        status = rtc_open(nvidia, arch, &of);
    }
    if (status != ARETE_OK) {
        return ar_fail_within(status, "%s", name);
    }
    char *copy = ar_os_strdup(options);
    status = copy ? compile_with(&of, arch, name, source, copy, data, bytes)
                  : ar_fail_memory("compiler options", strlen(options));
    ar_os_free(copy); /* the library stays open: its threads and exit handlers may live on */
    return status;
}
