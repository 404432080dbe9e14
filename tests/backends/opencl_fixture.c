#include "opencl_fixture.h"

#include <stdlib.h>

static void keep_line(void *user, arete_log_level level, const char *line) {
    fixture *f = user;
    size_t used = strlen(f->log);
    snprintf(f->log + used, sizeof f->log - used, "%d %s\n", (int)level, line);
}

int fixture_open(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (!f) {
        return -1;
    }
    const char *name = getenv("ARETE_TEST_DEVICE") ? getenv("ARETE_TEST_DEVICE") : "Portable Computing Language";
    arete_context_desc desc = {.log = keep_line,
                               .log_user = f,
                               .log_level = ARETE_LOG_WARN,
                               .cache_dir = "off",
                               .tuning_dir = "off",
                               .cpu_workers = ARETE_CPU_WORKERS_PINNED};
    *state = f;
    if (arete_context_create(&desc, &f->context)) {
        print_error("no context: %s\n", arete_error_text());
        return -1;
    }
    for (size_t i = 0; i < arete_device_count(f->context) && !f->device; i++) {
        arete_device *device = arete_device_at(f->context, i);
        f->device = strstr(device->info.platform, name) ? device : NULL;
    }
    if (!f->device || arete_queue_create(f->device, ARETE_QUEUE_PROFILING, &f->queue)) {
        print_error("no device of \"%s\" here (%s): %s\n", name, arete_context_backend_text(f->context),
                    arete_error_text());
        return -1;
    }
    return 0;
}

int fixture_close(void **state) {
    fixture *f = *state;
    arete_queue_release(f->queue);
    arete_context_release(f->context);
    free(f);
    return 0;
}

bool fixture_is_rusticl(const fixture *f) {
    return strcmp(f->device->info.platform, "rusticl") == 0;
}
