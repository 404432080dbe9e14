/* How a failure is reported inside: set this thread's text, give the status. */
#ifndef AR_ERROR_H
#define AR_ERROR_H

#include "arete/base.h"
#include "arete/context.h"
#include "os.h"

#if defined(__GNUC__)
#define AR_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define AR_PRINTF(format_at, args_at)
#endif

/* Sets arete_error_text() of this thread and returns status, so that one can write
 *   return ar_fail(ARETE_E_SHAPE, "b.dims[0] is %lld, but a has K = %lld", ...);
 * The text names the argument, its value, and what would be right. Long texts (build logs) are kept whole. */
arete_status ar_fail(arete_status status, const char *format, ...) AR_PRINTF(2, 3);

/* The same for memory that could not be had: what names the thing, bytes its size. */
arete_status ar_fail_memory(const char *what, uint64_t bytes);

/* The array (of elements of `each` bytes) with room for one more than count: itself, or grown to twice the room, which
 * is written back. NULL after ar_fail_memory(what, ...); the old array stays then. */
void *ar_grown(void *array, size_t *room, size_t count, size_t each, const char *what);

/* Prefixes this thread's text ("matmul: ..."), keeping status; for callers that know the context. */
arete_status ar_fail_within(arete_status status, const char *format, ...) AR_PRINTF(2, 3);

/* Logs one line when the context reports that level. context NULL: standard error, warnings and up. */
void ar_log(const arete_context *context, arete_log_level level, const char *format, ...) AR_PRINTF(3, 4);

#endif
