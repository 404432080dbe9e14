/* Everything that Arete asks of the operating system, so that another one needs one more file beside os_posix.c. */
#ifndef AR_OS_H
#define AR_OS_H

#include "arete/base.h"

/* Memory that can be made to fail: the n-th allocation from now, and all after it until it is reset, gives NULL
 * when ar_os_fail_allocation(n) was called (n = 1: the next one; 0: never). For tests; counts all threads. */
void *ar_os_alloc(size_t bytes);         /* zeroed; NULL when there is none */
void *ar_os_realloc(void *old, size_t bytes); /* not zeroed past the old size; on failure old stays */
void ar_os_free(void *memory);
char *ar_os_strdup(const char *text);
void ar_os_fail_allocation(long n);
/* Aligned to a cache line or more; freed by ar_os_free_aligned. Obeys ar_os_fail_allocation. Not zeroed. */
void *ar_os_alloc_aligned(size_t bytes, size_t alignment);
void ar_os_free_aligned(void *memory);
/* As ar_os_alloc_aligned(bytes, 64), in large pages where the system has them: for much that is filled at once, of which
 * the first touch of each page is a good part. */
void *ar_os_alloc_large(size_t bytes);

typedef struct ar_mutex ar_mutex;
ar_mutex *ar_mutex_create(void); /* NULL: no memory */
void ar_mutex_destroy(ar_mutex *mutex);
void ar_mutex_lock(ar_mutex *mutex);
void ar_mutex_unlock(ar_mutex *mutex);

double ar_os_seconds(void); /* monotonic */
void ar_os_sleep(double seconds);
void ar_os_date(char *text, size_t bytes); /* "2026-01-31", UTC */

/* Shared libraries. Names are tried in order; NULL when none opens, *why (room why_bytes) saying the last reason. */
typedef struct ar_library ar_library;
ar_library *ar_library_open(const char *const *names, size_t count, char *why, size_t why_bytes);
void *ar_library_symbol(ar_library *library, const char *name);
void ar_library_close(ar_library *library);

/* A whole file. *text is NUL-terminated past its length, freed by ar_os_free. ARETE_E_NOT_FOUND when there is none. */
arete_status ar_os_read_file(const char *path, char **text, size_t *length);
/* Written beside, synced, renamed over: another process sees the old file or the new one. Mode 0600. */
arete_status ar_os_write_file(const char *path, const void *data, size_t length);

/* A file mapped for reading. */
typedef struct ar_os_map {
    const void *data;
    size_t bytes;
} ar_os_map;

/* Maps the plain file at path, through links too. ARETE_E_NOT_FOUND, ARETE_E_IO. Who shortens the file meanwhile stops
 * this process, so map what nobody writes, and not for long. */
arete_status ar_os_map_file(const char *path, ar_os_map *map);
/* Maps the plain file `name` in or below the folder. Refused with ARETE_E_FORMAT: an absolute name, one with "..", one
 * that passes a symbolic link. */
arete_status ar_os_map_within(const char *folder, const char *name, ar_os_map *map);
void ar_os_unmap(ar_os_map *map); /* of zeros: nothing */
arete_status ar_os_remove_file(const char *path);
/* Makes the directory and its parents (mode 0700). Says in text why it must not be trusted when it is not this
 * user's, or others may write to it: ARETE_E_IO. */
arete_status ar_os_private_directory(const char *path);
/* An exclusive lock on path (made if need be) for read-modify-write between processes; NULL when it cannot be had. */
typedef struct ar_file_lock ar_file_lock;
ar_file_lock *ar_file_lock_take(const char *path);
void ar_file_lock_drop(ar_file_lock *lock);

/* Runs a program and waits for it, at most for that long: input is what it reads from descriptor 0, reply what it
 * wrote to descriptor 3 (at most `most` bytes are kept), log the end of what it wrote to 1 and 2. It runs in a process
 * group of its own, which is killed when time is up. This process gets no signal, whatever the other does. */
typedef struct ar_os_child {
    char *reply; /* freed by ar_os_child_free */
    size_t reply_bytes;
    char log[4096]; /* NUL-terminated */
    bool timed_out;
    int exit_status; /* -1 when a signal ended it, or it is not known */
    int signal;      /* 0: none */
} ar_os_child;
arete_status ar_os_run(const char *const *words, const void *input, size_t input_bytes, double seconds, size_t most,
                       ar_os_child *child);
void ar_os_child_free(ar_os_child *child);
const char *ar_os_signal_name(int number); /* "SIGABRT" */
bool ar_os_executable(const char *path);
/* The folder of the file that holds this library (or of the program it is linked into). False: not known. */
bool ar_os_own_folder(char *path, size_t bytes);
/* Names of the files in a folder that end with suffix, sorted, without the folder; an array that ends with NULL, to be
 * freed by ar_os_free_names(). ARETE_E_NOT_FOUND when there is no such folder. */
arete_status ar_os_list_folder(const char *path, const char *suffix, char ***names);
void ar_os_free_names(char **names); /* NULL is fine */

const char *ar_os_env(const char *name); /* NULL when unset or empty */
bool ar_os_set_env(const char *name, const char *value); /* only when it is unset; false: it was set already */
/* CPUs this process may run on; contiguous: whether they are 0..count-1. */
uint32_t ar_os_allowed_cpus(bool *contiguous);
uint64_t ar_os_memory_bytes(void);      /* physical; 0: unknown */
uint64_t ar_os_last_cache_bytes(void);  /* 0: unknown */
uint64_t ar_os_cpu_features(void);      /* a hash of the CPU's model and features, for cache keys */
void ar_os_cpu_name(char *text, size_t bytes);

#endif
