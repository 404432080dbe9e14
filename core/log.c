/* The log: one line at a time to the context's callback, or to standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "context.h"

static const char *const level_names[] = {"default", "off", "error", "warn", "info", "debug"};

arete_log_level ar_log_level_parse(const char *name) {
    for (size_t i = 1; name && i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(level_names[i], name) == 0) {
            return (arete_log_level)i;
        }
    }
    return ARETE_LOG_DEFAULT;
}

void ar_log(const arete_context *context, arete_log_level level, const char *format, ...) {
    if (level > (context ? context->log_level : ARETE_LOG_WARN)) {
        return;
    }
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (context && context->log) {
        context->log(context->log_user, level, line);
    } else {
        fprintf(stderr, "arete: %s: %s\n", level_names[level], line);
    }
}
