/* core/error.h for libarete_graph.so: the texts go to libarete's own place by its public call. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 8192 };

arete_status ar_fail(arete_status status, const char *format, ...) {
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return arete_error_set(status, text);
}

arete_status ar_fail_memory(const char *what, uint64_t bytes) {
    return ar_fail(ARETE_E_MEMORY, "no memory for %s (%llu bytes)", what, (unsigned long long)bytes);
}

arete_status ar_fail_within(arete_status status, const char *format, ...) {
    char inner[TEXT_BYTES], prefix[512];
    snprintf(inner, sizeof inner, "%s", arete_error_text());
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    return ar_fail(status, "%s: %s", prefix, inner);
}
