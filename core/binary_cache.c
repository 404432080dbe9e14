/* The disk cache of compiled programs. It is never trusted: the directory must be this user's alone, each entry
 * carries a hash of its content, and whatever is wrong leads to a rebuild. */
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "binary_cache.h"
#include "error.h"

typedef struct header {
    char magic[8];
    uint64_t key_low, key_high;
    uint64_t content_low, content_high;
    uint64_t bytes;
} header;

static const char magic[8] = "ARETEB1";

static void add_text(XXH3_state_t *state, const char *text) {
    XXH3_128bits_update(state, text, strlen(text) + 1); /* the NUL keeps neighbours apart */
}

ar_cache_key ar_cache_key_make(const arete_device *device, const char *source, size_t length, const char *options) {
    XXH3_state_t *state = XXH3_createState();
    if (!state) {
        return (ar_cache_key){0, 0};
    }
    uint64_t cpu = device->info.kind == ARETE_DEVICE_CPU ? ar_os_cpu_features() : 0;
    XXH3_128bits_reset(state);
    add_text(state, ARETE_VERSION_STRING);
    add_text(state, device->info.backend);
    add_text(state, device->info.platform);
    add_text(state, device->info.name);
    add_text(state, device->info.driver);
    add_text(state, options);
    XXH3_128bits_update(state, &cpu, sizeof cpu);
    XXH3_128bits_update(state, source, length);
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    return (ar_cache_key){hash.low64, hash.high64};
}

/* Whether the directory may be used; says why not once, and turns the cache off. */
static bool usable(arete_context *context) {
    ar_mutex_lock(context->lock);
    bool good = context->cache_dir != NULL;
    if (good && !context->cache_checked) {
        context->cache_checked = true;
        if (ar_os_private_directory(context->cache_dir) != ARETE_OK) {
            ar_log(context, ARETE_LOG_WARN, "compiled kernels are not kept: %s", arete_error_text());
            context->cache_refused = true;
        }
    }
    good = good && !context->cache_refused;
    ar_mutex_unlock(context->lock);
    return good;
}

static void entry_path(const arete_context *context, ar_cache_key key, char *path, size_t bytes) {
    snprintf(path, bytes, "%s/%016llx%016llx.bin", context->cache_dir, (unsigned long long)key.high,
             (unsigned long long)key.low);
}

bool ar_cache_read(arete_context *context, ar_cache_key key, void **data, size_t *bytes) {
    char path[4200], *text = NULL;
    size_t length = 0;
    if (!usable(context)) {
        return false;
    }
    entry_path(context, key, path, sizeof path);
    arete_status status = ar_os_read_file(path, &text, &length);
    if (status != ARETE_OK) {
        if (status != ARETE_E_NOT_FOUND) {
            ar_log(context, ARETE_LOG_WARN, "kernel cache: %s", arete_error_text());
        }
        return false;
    }
    header head;
    bool good = length >= sizeof head;
    if (good) {
        memcpy(&head, text, sizeof head);
        XXH128_hash_t content = XXH3_128bits(text + sizeof head, length - sizeof head);
        good = memcmp(head.magic, magic, sizeof magic) == 0 && head.key_low == key.low && head.key_high == key.high &&
               head.bytes == length - sizeof head && head.content_low == content.low64 &&
               head.content_high == content.high64;
    }
    if (!good) {
        ar_log(context, ARETE_LOG_WARN, "kernel cache: %s is damaged; deleting it and compiling anew", path);
        ar_os_remove_file(path);
        ar_os_free(text);
        return false;
    }
    memmove(text, text + sizeof head, length - sizeof head);
    *data = text;
    *bytes = length - sizeof head;
    return true;
}

void ar_cache_write(arete_context *context, ar_cache_key key, const void *data, size_t bytes) {
    char path[4200];
    if (!bytes || !usable(context)) {
        return;
    }
    XXH128_hash_t content = XXH3_128bits(data, bytes);
    header head = {.key_low = key.low,
                   .key_high = key.high,
                   .content_low = content.low64,
                   .content_high = content.high64,
                   .bytes = bytes};
    memcpy(head.magic, magic, sizeof magic);
    char *entry = ar_os_alloc(sizeof head + bytes);
    if (!entry) {
        return;
    }
    memcpy(entry, &head, sizeof head);
    memcpy(entry + sizeof head, data, bytes);
    entry_path(context, key, path, sizeof path);
    if (ar_os_write_file(path, entry, sizeof head + bytes) != ARETE_OK) {
        ar_log(context, ARETE_LOG_WARN, "kernel cache: %s", arete_error_text());
    }
    ar_os_free(entry);
}

void ar_cache_drop(arete_context *context, ar_cache_key key) {
    char path[4200];
    if (usable(context)) {
        entry_path(context, key, path, sizeof path);
        ar_os_remove_file(path);
    }
}
