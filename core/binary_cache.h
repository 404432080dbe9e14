/* Compiled programs on disk: one file an entry, named by the hash of all that its content depends on. */
#ifndef AR_BINARY_CACHE_H
#define AR_BINARY_CACHE_H

#include "objects.h"

typedef struct ar_cache_key {
    uint64_t low, high;
} ar_cache_key;

/* Of backend, driver, device, CPU, source text, options and library version. */
ar_cache_key ar_cache_key_make(const arete_device *device, const char *source, size_t length, const char *options);

/* The entry's content (freed by ar_os_free), or false: there is none, or the cache is off. An entry that is
 * truncated, altered, or of another format is deleted, with a line in the log. */
bool ar_cache_read(arete_context *context, ar_cache_key key, void **data, size_t *bytes);

/* Keeps data under key. Best effort: what goes wrong is logged once a context and is no failure. */
void ar_cache_write(arete_context *context, ar_cache_key key, const void *data, size_t bytes);

/* Deletes an entry that the driver did not take. */
void ar_cache_drop(arete_context *context, ar_cache_key key);

#endif
