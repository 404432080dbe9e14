/* os.h on POSIX systems. */
#define _GNU_SOURCE /* sched_getaffinity, where there is one */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "os.h"

/* ---- memory ---- */

static atomic_long allocations_left; /* 0: no fault planned; -1: failing */

static bool allocation_fails(void) {
    long left = atomic_load_explicit(&allocations_left, memory_order_relaxed);
    if (left == 0) {
        return false;
    }
    if (left < 0) {
        return true;
    }
    left = atomic_fetch_sub(&allocations_left, 1);
    if (left == 1) {
        atomic_store(&allocations_left, -1);
    }
    return left <= 1;
}

void ar_os_fail_allocation(long n) {
    atomic_store(&allocations_left, n);
}

void *ar_os_alloc(size_t bytes) {
    return allocation_fails() ? NULL : calloc(1, bytes ? bytes : 1);
}

void *ar_os_realloc(void *old, size_t bytes) {
    return allocation_fails() ? NULL : realloc(old, bytes ? bytes : 1);
}

void ar_os_free(void *memory) {
    free(memory);
}

char *ar_os_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = ar_os_alloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

void *ar_os_alloc_aligned(size_t bytes, size_t alignment) {
    void *memory = NULL;
    if (allocation_fails() || posix_memalign(&memory, alignment < 64 ? 64 : alignment, bytes ? bytes : 1)) {
        return NULL;
    }
    return memory;
}

void *ar_os_alloc_large(size_t bytes) {
    enum { PAGE = 2 << 20 }; /* of x86 and of ARM with small pages of 4 KB; elsewhere no more than an alignment */
    if (bytes < 2 * (size_t)PAGE) {
        return ar_os_alloc_aligned(bytes, 64);
    }
    void *memory = ar_os_alloc_aligned(bytes, PAGE);
#ifdef MADV_HUGEPAGE
    if (memory) {
        madvise(memory, bytes, MADV_HUGEPAGE); /* where it is refused, small pages serve as well */
    }
#endif
    return memory;
}

void ar_os_free_aligned(void *memory) {
    free(memory);
}

/* ---- threads and time ---- */

struct ar_mutex {
    pthread_mutex_t native;
};

ar_mutex *ar_mutex_create(void) {
    ar_mutex *mutex = ar_os_alloc(sizeof *mutex);
    if (mutex && pthread_mutex_init(&mutex->native, NULL)) {
        ar_os_free(mutex);
        mutex = NULL;
    }
    return mutex;
}

void ar_mutex_destroy(ar_mutex *mutex) {
    if (mutex) {
        pthread_mutex_destroy(&mutex->native);
        ar_os_free(mutex);
    }
}

void ar_mutex_lock(ar_mutex *mutex) {
    pthread_mutex_lock(&mutex->native);
}

void ar_mutex_unlock(ar_mutex *mutex) {
    pthread_mutex_unlock(&mutex->native);
}

double ar_os_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void ar_os_sleep(double seconds) {
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

void ar_os_date(char *text, size_t bytes) {
    time_t now = time(NULL);
    struct tm parts;
    if (!gmtime_r(&now, &parts) || !strftime(text, bytes, "%Y-%m-%d", &parts)) {
        snprintf(text, bytes, "unknown");
    }
}

/* ---- shared libraries ---- */

ar_library *ar_library_open(const char *const *names, size_t count, char *why, size_t why_bytes) {
    for (size_t i = 0; i < count; i++) {
        void *handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (handle) {
            return handle;
        }
        const char *reason = dlerror();
        snprintf(why, why_bytes, "%s", reason ? reason : "unknown reason");
    }
    return NULL;
}

void *ar_library_symbol(ar_library *library, const char *name) {
    return dlsym(library, name);
}

void ar_library_close(ar_library *library) {
    if (library) {
        dlclose(library);
    }
}

/* ---- files ---- */

arete_status ar_os_read_file(const char *path, char **text, size_t *length) {
    arete_status status = ARETE_OK;
    char *content = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return ar_fail(errno == ENOENT || errno == ENOTDIR ? ARETE_E_NOT_FOUND : ARETE_E_IO, "cannot open %s: %s", path,
                       strerror(errno));
    }
    struct stat facts;
    if (fstat(file, &facts) || !S_ISREG(facts.st_mode)) {
        status = ar_fail(ARETE_E_IO, "cannot read %s: not a plain file", path);
        goto out;
    }
    size_t size = (size_t)facts.st_size, at = 0;
    content = ar_os_alloc(size + 1);
    if (!content) {
        status = ar_fail_memory(path, size + 1);
        goto out;
    }
    while (at < size) {
        ssize_t got = read(file, content + at, size - at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status = ar_fail(ARETE_E_IO, "cannot read %s: %s", path, strerror(errno));
            goto out;
        }
        if (got == 0) {
            break; /* it shrank */
        }
        at += (size_t)got;
    }
    content[at] = '\0';
    *text = content;
    *length = at;
    content = NULL;
out:
    ar_os_free(content);
    close(file);
    return status;
}

static bool write_all(int file, const char *data, size_t length) {
    while (length) {
        ssize_t put = write(file, data, length);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        data += put;
        length -= (size_t)put;
    }
    return true;
}

/* Opens one component of a path below a folder, never through a link. */
static int open_component(int folder, const char *name, bool last) {
    return openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
}

/* A descriptor of folder/name, or -1 with an error text. */
static int open_within(const char *folder, const char *name, arete_status *status) {
    char part[NAME_MAX + 1];
    int at = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    *status = ARETE_E_NOT_FOUND;
    if (at < 0) {
        ar_fail(*status, "cannot open %s: %s", folder, strerror(errno));
    }
    for (const char *rest = name; at >= 0 && rest;) {
        size_t length = strcspn(rest, "/");
        bool last = rest[length] == '\0';
        if (length == 0 || length > NAME_MAX || (length == 2 && strncmp(rest, "..", 2) == 0)) {
            *status = ARETE_E_FORMAT;
            ar_fail(*status, "the file name '%.200s' leaves the folder or is none", name);
            close(at);
            return -1;
        }
        memcpy(part, rest, length);
        part[length] = '\0';
        int next = open_component(at, part, last);
        int why = errno;
        close(at);
        at = next;
        if (at < 0) {
            *status = why == ELOOP || why == ENOTDIR ? ARETE_E_FORMAT : ARETE_E_NOT_FOUND;
            ar_fail(*status, "cannot open '%.200s' below %s: %s", name, folder,
                    why == ELOOP ? "it passes a symbolic link" : strerror(why));
        }
        rest = last ? NULL : rest + length + 1;
    }
    return at;
}

/* NULL, or what is wrong. */
static const char *map_descriptor(int file, ar_os_map *map) {
    struct stat facts;
    *map = (ar_os_map){NULL, 0};
    if (fstat(file, &facts)) {
        return strerror(errno);
    }
    if (!S_ISREG(facts.st_mode)) {
        return S_ISDIR(facts.st_mode) ? "it is a folder" : "it is no plain file";
    }
    if (facts.st_size == 0) {
        return NULL;
    }
    void *data = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) {
        return strerror(errno);
    }
    posix_madvise(data, (size_t)facts.st_size, POSIX_MADV_WILLNEED); /* only to be sooner there */
    *map = (ar_os_map){data, (size_t)facts.st_size};
    return NULL;
}

arete_status ar_os_map_file(const char *path, ar_os_map *map) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not keep us */
    if (file < 0) {
        return ar_fail(errno == ENOENT || errno == ENOTDIR ? ARETE_E_NOT_FOUND : ARETE_E_IO, "cannot open %s: %s", path,
                       strerror(errno));
    }
    const char *wrong = map_descriptor(file, map);
    arete_status status = wrong ? ar_fail(ARETE_E_IO, "cannot read %s: %s", path, wrong) : ARETE_OK;
    close(file);
    return status;
}

arete_status ar_os_map_within(const char *folder, const char *name, ar_os_map *map) {
    arete_status status = ARETE_OK;
    int file = open_within(folder, name, &status);
    if (file < 0) {
        return status;
    }
    const char *wrong = map_descriptor(file, map);
    status = wrong ? ar_fail(ARETE_E_FORMAT, "cannot read '%.200s' below %s: %s", name, folder, wrong) : ARETE_OK;
    close(file);
    return status;
}

void ar_os_unmap(ar_os_map *map) {
    if (map->bytes) {
        munmap((void *)(uintptr_t)map->data, map->bytes);
    }
    *map = (ar_os_map){NULL, 0};
}

arete_status ar_os_write_file(const char *path, const void *data, size_t length) {
    size_t bytes = strlen(path) + sizeof ".XXXXXX";
    char *beside = ar_os_alloc(bytes);
    if (!beside) {
        return ar_fail_memory(path, bytes);
    }
    snprintf(beside, bytes, "%s.XXXXXX", path);
    arete_status status = ARETE_OK;
    int file = mkstemp(beside); /* mode 0600 */
    if (file < 0) {
        status = ar_fail(ARETE_E_IO, "cannot write beside %s: %s", path, strerror(errno));
        ar_os_free(beside);
        return status;
    }
    bool good = write_all(file, data, length) && fsync(file) == 0;
    int reason = errno;
    good = close(file) == 0 && good;
    if (good && rename(beside, path) == 0) {
        ar_os_free(beside);
        return ARETE_OK;
    }
    status = ar_fail(ARETE_E_IO, "cannot write %s: %s", path, strerror(good ? errno : reason));
    unlink(beside);
    ar_os_free(beside);
    return status;
}

arete_status ar_os_remove_file(const char *path) {
    return unlink(path) == 0 || errno == ENOENT ? ARETE_OK
                                                : ar_fail(ARETE_E_IO, "cannot remove %s: %s", path, strerror(errno));
}

arete_status ar_os_private_directory(const char *path) {
    size_t length = strlen(path);
    char *part = ar_os_strdup(path);
    if (!part) {
        return ar_fail_memory("a path", length);
    }
    for (size_t i = 1; i <= length; i++) {
        if (part[i] == '/' || part[i] == '\0') {
            char kept = part[i];
            part[i] = '\0';
            mkdir(part, 0700); /* what matters is how it ends, below */
            part[i] = kept;
        }
    }
    ar_os_free(part);
    struct stat facts;
    if (lstat(path, &facts)) {
        return ar_fail(ARETE_E_IO, "cannot make the directory %s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(facts.st_mode)) {
        return ar_fail(ARETE_E_IO, "%s is not a directory", path);
    }
    if (facts.st_uid != geteuid()) {
        return ar_fail(ARETE_E_IO, "the directory %s belongs to user %lu, not to this one (%lu)", path,
                       (unsigned long)facts.st_uid, (unsigned long)geteuid());
    }
    if (facts.st_mode & (S_IWGRP | S_IWOTH)) {
        return ar_fail(ARETE_E_IO, "others may write to the directory %s (mode %03o); chmod go-w it", path,
                       (unsigned)(facts.st_mode & 0777));
    }
    return ARETE_OK;
}

struct ar_file_lock {
    int file;
};

ar_file_lock *ar_file_lock_take(const char *path) {
    ar_file_lock *lock = ar_os_alloc(sizeof *lock);
    if (!lock) {
        return NULL;
    }
    lock->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (lock->file >= 0 && flock(lock->file, LOCK_EX)) {
        if (errno != EINTR) {
            close(lock->file);
            lock->file = -1;
        }
    }
    if (lock->file < 0) {
        ar_os_free(lock);
        return NULL;
    }
    return lock;
}

void ar_file_lock_drop(ar_file_lock *lock) {
    if (lock) {
        close(lock->file);
        ar_os_free(lock);
    }
}

/* ---- the machine ---- */

const char *ar_os_env(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

bool ar_os_set_env(const char *name, const char *value) {
    return !getenv(name) && setenv(name, value, 0) == 0;
}

uint32_t ar_os_allowed_cpus(bool *contiguous) {
    *contiguous = false;
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        uint32_t count = (uint32_t)CPU_COUNT(&set);
        *contiguous = true;
        for (uint32_t i = 0; i < count; i++) {
            *contiguous = *contiguous && CPU_ISSET(i, &set);
        }
        return count;
    }
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}

/* ---- folders ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

arete_status ar_os_list_folder(const char *path, const char *suffix, char ***names) {
    DIR *folder = opendir(path);
    char **list = NULL;
    size_t count = 0, room = 0;
    if (!folder) {
        return ar_fail(ARETE_E_NOT_FOUND, "%s: %s", path, strerror(errno));
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL || !list;) {
        char **grown = ar_grown(list, &room, count + 1, sizeof *grown, "a folder's names");
        if (!grown) {
            goto no_memory;
        }
        list = grown;
        list[count] = NULL; /* the end */
        if (!entry) {
            break;
        }
        if (!ends_with(entry->d_name, suffix)) {
            continue;
        }
        list[count] = ar_os_strdup(entry->d_name);
        if (!list[count]) {
            goto no_memory;
        }
        list[++count] = NULL;
    }
    closedir(folder);
    qsort(list, count, sizeof *list, by_name);
    *names = list;
    return ARETE_OK;
no_memory:
    closedir(folder);
    ar_os_free_names(list);
    return ar_fail_memory("the names in a folder", room * sizeof *list);
}

void ar_os_free_names(char **names) {
    for (char **name = names; name && *name; name++) {
        ar_os_free(*name);
    }
    ar_os_free(names);
}

uint64_t ar_os_memory_bytes(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

uint64_t ar_os_last_cache_bytes(void) {
    long bytes = 0;
#ifdef _SC_LEVEL3_CACHE_SIZE
    bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (bytes <= 0) {
        bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    }
#endif
    return bytes > 0 ? (uint64_t)bytes : 0;
}

/* The value of the first line of /proc/cpuinfo that starts with key; empty when there is none. */
static void cpuinfo(const char *key, char *value, size_t bytes) {
    value[0] = '\0';
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file) {
        return;
    }
    char line[8192];
    while (!value[0] && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (colon && strncmp(line, key, strlen(key)) == 0) {
            colon += strspn(colon, ": \t");
            colon[strcspn(colon, "\n")] = '\0';
            snprintf(value, bytes, "%s", colon);
        }
    }
    fclose(file);
}

void ar_os_cpu_name(char *text, size_t bytes) {
    cpuinfo("model name", text, bytes);
    if (!text[0]) {
        snprintf(text, bytes, "unknown CPU");
    }
}

uint64_t ar_os_cpu_features(void) {
    static const char *const keys[] = {"model name", "flags", "Features", "isa"};
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char value[8192];
        cpuinfo(keys[i], value, sizeof value);
        for (const char *c = value; *c; c++) {
            hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
        }
    }
    return hash;
}
