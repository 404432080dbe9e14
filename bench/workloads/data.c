/* Where the workloads and the hardware database lie. */
#include <stdio.h>
#include <string.h>

#include "os.h"
#include "workload.h"

#ifndef ARETE_SHARE
#define ARETE_SHARE ""
#endif

static bool is_folder(const char *path) {
    char **names = NULL;
    bool there = ar_os_list_folder(path, "", &names) == ARETE_OK;
    ar_os_free_names(names);
    return there;
}

void ar_data_path(const char *folder, const char *file, char *path, size_t bytes) {
    const char *set = ar_os_env("ARETE_DATA_DIR");
    char program[400];
    if (set) {
        snprintf(path, bytes, "%s/%s", set, folder);
    } else {
        if (!ar_os_own_folder(program, sizeof program))
            program[0] = 0;
        snprintf(path, bytes, "%s/../share/arete/%s", program, folder);
        if (!is_folder(path))
            snprintf(path, bytes, "%s/%s", ARETE_SHARE, folder);
    }
    size_t used = strlen(path);
    if (file)
        snprintf(path + used, bytes - used, "/%s", file);
}
