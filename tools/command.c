#include "command.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

arete_context *ar_command_context(unsigned vector_width) {
    arete_context_desc desc = {
        .size = sizeof desc, .cpu_workers = ARETE_CPU_WORKERS_PINNED, .vector_width = vector_width};
    arete_context *context = NULL;
    if (arete_context_create(&desc, &context) != ARETE_OK) {
        ar_command_failed("no context");
        return NULL;
    }
    return context;
}

arete_device *ar_command_device(arete_context *context, const char *selector) {
    arete_device *device = NULL;
    if (arete_device_find(context, selector, &device) != ARETE_OK) {
        ar_command_failed("--device");
        return NULL;
    }
    return device;
}

void ar_command_print_device(const arete_device *device) {
    const arete_device_info *info = arete_device_get_info(device);
    printf("device   %s %s, %u compute units, f32 x%u\n", info->id, info->name, info->compute_units,
           info->vector_f32);
    printf("driver   %s %s%s\n", info->platform, info->driver,
           info->kind != ARETE_DEVICE_CPU ? ""
           : info->workers_pinned         ? ", workers pinned"
                                          : ", workers not pinned");
}

int ar_command_failed(const char *what) {
    fprintf(stderr, "arete: %s: %s\n", what, arete_error_text());
    return AR_FAILURE;
}

int ar_command_usage(const char *command, const char *what) {
    fprintf(stderr, "arete %s: %s; see `arete %s --help`\n", command, what, command);
    return AR_USAGE;
}

bool ar_command_colour(FILE *to) {
    const char *no = getenv("NO_COLOR");
    return !(no && no[0]) && isatty(fileno(to));
}

bool ar_command_writable(const char *command, const char *path) {
    if (!path || strcmp(path, "-") == 0)
        return true;
    FILE *old = fopen(path, "r"), *file = fopen(path, "a");
    if (!file)
        fprintf(stderr, "arete %s: %s: %s\n", command, path, strerror(errno));
    else
        fclose(file);
    if (old)
        fclose(old);
    else if (file)
        remove(path);
    return file != NULL;
}

bool ar_command_number(const char *text, double low, double high, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == 0 && isfinite(*value) && *value >= low && *value <= high;
}
