/* Tuning records: text files, one per device and driver. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "solver.h"

#ifndef ARETE_SYSTEM_TUNING_DIR
#define ARETE_SYSTEM_TUNING_DIR "/usr/share/arete/tuning"
#endif

typedef struct record {
    char *key;
    char *solver;
    double seconds;
    int rank; /* 0: the system's; 1: the user's, which overrules it */
} record;

struct ar_tuning {
    size_t count, room;
    record *records;
};

void ar_tuning_free(ar_tuning *tuning) {
    if (tuning) {
        for (size_t i = 0; i < tuning->count; i++) {
            ar_os_free(tuning->records[i].key);
            ar_os_free(tuning->records[i].solver);
        }
        ar_os_free(tuning->records);
        ar_os_free(tuning);
    }
}

static record *find(ar_tuning *tuning, const char *key) {
    for (size_t i = 0; i < tuning->count; i++) {
        if (strcmp(tuning->records[i].key, key) == 0) {
            return &tuning->records[i];
        }
    }
    return NULL;
}

/* Adds or replaces; the user's before the system's, then the faster one, unless replace. False: no memory. */
static bool put(ar_tuning *tuning, const char *key, const char *solver, double seconds, int rank, bool replace) {
    record *old = find(tuning, key);
    if (old && !replace && (rank < old->rank || (rank == old->rank && seconds >= old->seconds))) {
        return true;
    }
    char *solver_copy = ar_os_strdup(solver);
    if (!solver_copy) {
        return false;
    }
    if (old) {
        ar_os_free(old->solver);
        old->solver = solver_copy;
        old->seconds = seconds;
        old->rank = rank;
        return true;
    }
    char *key_copy = ar_os_strdup(key);
    record *records =
        ar_grown(tuning->records, &tuning->room, tuning->count, sizeof *records, "the tuning records");
    if (records)
        tuning->records = records;
    if (!key_copy || !records) {
        ar_os_free(key_copy);
        ar_os_free(solver_copy);
        return false;
    }
    tuning->records[tuning->count++] = (record){key_copy, solver_copy, seconds, rank};
    return true;
}

/* Cuts spaces at both ends, in place. */
static char *trim(char *text) {
    while (isspace((unsigned char)*text)) {
        text++;
    }
    for (size_t n = strlen(text); n && isspace((unsigned char)text[n - 1]); n--) {
        text[n - 1] = '\0';
    }
    return text;
}

/* "key | solver | seconds | ..." */
static bool read_line(char *line, char **key, char **solver, double *seconds) {
    char *first = strchr(line, '|'), *second = first ? strchr(first + 1, '|') : NULL, *end = NULL;
    if (!second) {
        return false;
    }
    *first = *second = '\0';
    *key = trim(line);
    *solver = trim(first + 1);
    *seconds = strtod(second + 1, &end);
    return end != second + 1 && *seconds > 0 && **key && **solver;
}

/* Reads one file into tuning; a missing one is fine. False: no memory. */
static bool read_file(const arete_context *context, ar_tuning *tuning, const char *path, int rank) {
    char *text = NULL;
    size_t length = 0;
    arete_status status = ar_os_read_file(path, &text, &length);
    if (status != ARETE_OK) {
        if (status == ARETE_E_IO) {
            ar_log(context, ARETE_LOG_WARN, "tuning records: %s", arete_error_text());
        }
        return status != ARETE_E_MEMORY;
    }
    bool good = true;
    size_t number = 0;
    for (char *line = text, *next; line && good; line = next) {
        next = strchr(line, '\n');
        if (next) {
            *next++ = '\0';
        }
        number++;
        char *key = NULL, *solver = NULL, *content = trim(line);
        double seconds = 0;
        if (!*content || *content == '#') {
            continue;
        }
        if (read_line(content, &key, &solver, &seconds)) {
            good = put(tuning, key, solver, seconds, rank, false);
        } else {
            ar_log(context, ARETE_LOG_WARN, "tuning records: %s:%zu is not \"problem | solver | seconds\"; passed over",
                   path, number);
        }
    }
    ar_os_free(text);
    return good;
}

/* "<directory>/<backend>-<name>-<driver>.tuning" with anything odd made '_'. */
static void file_path(const arete_device *device, const char *directory, char *path, size_t bytes) {
    char file[400];
    snprintf(file, sizeof file, "%s-%s-%s.tuning", device->info.backend, device->info.name, device->info.driver);
    for (char *c = file; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("-.+", *c)) {
            *c = '_';
        }
    }
    snprintf(path, bytes, "%s/%s", directory, file);
}

/* The device's records, read at the first use; the device's lock is held. NULL: no memory. */
static ar_tuning *records_of(arete_device *device) {
    if (!device->tuning) {
        char path[4600];
        ar_tuning *tuning = ar_os_alloc(sizeof *tuning);
        if (!tuning) {
            return NULL;
        }
        const char *system = ar_os_env("ARETE_SYSTEM_TUNING_DIR");
        file_path(device, system ? system : ARETE_SYSTEM_TUNING_DIR, path, sizeof path);
        bool good = read_file(device->context, tuning, path, 0);
        if (good && device->context->tuning_dir) {
            file_path(device, device->context->tuning_dir, path, sizeof path);
            good = read_file(device->context, tuning, path, 1);
        }
        if (!good) {
            ar_tuning_free(tuning);
            return NULL;
        }
        device->tuning = tuning;
    }
    return device->tuning;
}

bool ar_tuning_find(arete_device *device, const char *key, char *solver, size_t solver_bytes) {
    ar_mutex_lock(device->lock);
    ar_tuning *tuning = records_of(device);
    const record *found = tuning ? find(tuning, key) : NULL;
    bool fits = found && strlen(found->solver) < solver_bytes;
    if (fits) {
        strcpy(solver, found->solver);
    }
    ar_mutex_unlock(device->lock);
    return fits;
}

/* Rewrites the user's file with the new record in it; what other processes added meanwhile stays. */
static arete_status save(arete_device *device, const char *key, const char *solver, double seconds, bool replace) {
    arete_context *context = device->context;
    char path[4600], lock_path[4700], date[16];
    arete_status status = ar_os_private_directory(context->tuning_dir);
    if (status != ARETE_OK) {
        return status;
    }
    file_path(device, context->tuning_dir, path, sizeof path);
    snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    ar_file_lock *lock = ar_file_lock_take(lock_path);
    if (!lock) {
        return ar_fail(ARETE_E_IO, "cannot lock %s", lock_path);
    }
    ar_tuning fresh = {0};
    char *text = NULL;
    size_t room = 256, at = 0;
    if (!read_file(context, &fresh, path, 1) || !put(&fresh, key, solver, seconds, 1, replace)) {
        status = ar_fail_memory("tuning records", 0);
        goto out;
    }
    for (size_t i = 0; i < fresh.count; i++) {
        room += strlen(fresh.records[i].key) + strlen(fresh.records[i].solver) + 96;
    }
    text = ar_os_alloc(room);
    if (!text) {
        status = ar_fail_memory("tuning records", room);
        goto out;
    }
    ar_os_date(date, sizeof date);
    at += (size_t)snprintf(text, room, "# Arete tuning records: problem | solver | seconds | library, date\n");
    for (size_t i = 0; i < fresh.count; i++) {
        at += (size_t)snprintf(text + at, room - at, "%s | %s | %.6e | %s %s\n", fresh.records[i].key,
                               fresh.records[i].solver, fresh.records[i].seconds, ARETE_VERSION_STRING, date);
    }
    status = ar_os_write_file(path, text, at);
out:
    ar_os_free(text);
    for (size_t i = 0; i < fresh.count; i++) {
        ar_os_free(fresh.records[i].key);
        ar_os_free(fresh.records[i].solver);
    }
    ar_os_free(fresh.records);
    ar_file_lock_drop(lock);
    return status;
}

arete_status ar_tuning_put(arete_device *device, const char *key, const char *solver, double seconds, bool replace) {
    ar_mutex_lock(device->lock);
    ar_tuning *tuning = records_of(device);
    bool good = tuning && put(tuning, key, solver, seconds, 1, replace);
    ar_mutex_unlock(device->lock);
    if (!good) {
        return ar_fail_memory("a tuning record", strlen(key) + strlen(solver));
    }
    return device->context->tuning_dir ? save(device, key, solver, seconds, replace) : ARETE_OK;
}
