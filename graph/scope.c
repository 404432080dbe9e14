/* Names of a graph. */
#include <string.h>

#include "lower.h"

typedef struct ar_name {
    const char *name;
    int value;
} ar_name;

static size_t place_of(const ar_scope *scope, const char *name) {
    uint64_t hash = 1469598103934665603u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    size_t at = (size_t)(hash % scope->room);
    while (scope->names[at].name && strcmp(scope->names[at].name, name) != 0)
        at = (at + 1) % scope->room;
    return at;
}

static arete_status grow(ar_scope *scope) {
    ar_scope larger = {.outer = scope->outer, .room = scope->room ? 2 * scope->room : 64};
    larger.names = ar_os_alloc(larger.room * sizeof *larger.names);
    if (!larger.names)
        return ar_fail_memory("a graph's names", larger.room * sizeof *larger.names);
    for (size_t i = 0; i < scope->room; i++)
        if (scope->names[i].name) {
            larger.names[place_of(&larger, scope->names[i].name)] = scope->names[i];
            larger.count++;
        }
    ar_os_free(scope->names);
    *scope = larger;
    return ARETE_OK;
}

arete_status ar_scope_put(ar_scope *scope, const char *name, int value) {
    if (2 * (scope->count + 1) > scope->room) {
        arete_status status = grow(scope);
        if (status != ARETE_OK)
            return status;
    }
    size_t at = place_of(scope, name);
    if (scope->names[at].name)
        return ar_fail(ARETE_E_FORMAT, "the value '%s' is made twice", name);
    scope->names[at] = (ar_name){name, value};
    scope->count++;
    return ARETE_OK;
}

int ar_scope_find(const ar_scope *scope, const char *name) {
    for (; scope; scope = scope->outer) {
        if (!scope->room)
            continue;
        size_t at = place_of(scope, name);
        if (scope->names[at].name)
            return scope->names[at].value;
    }
    return AR_NO_VALUE;
}

void ar_scope_free(ar_scope *scope) {
    ar_os_free(scope->names);
    *scope = (ar_scope){.outer = scope->outer};
}
