/* See double_state.h, and double.h for what the tests ask. */
#define _POSIX_C_SOURCE 200809L
#include "double_state.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[KINDS] = {"memory", "host", "stream", "event", "module", "function", "context"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
handle *handles;
static char faults[16384], calls[65536];
static struct { char name[64]; int code, skip; } planned;
static int lost;
int initialised;
double_launch last;
__thread int current = -1;

static void add_line(char *to, size_t room, const char *text) {
    size_t used = strlen(to);
    if (used + strlen(text) + 2 < room)
        sprintf(to + used, "%s\n", text);
}

void fault(const char *call, const char *what) {
    char line[256];
    snprintf(line, sizeof line, "%s: %s", call, what);
    add_line(faults, sizeof faults, line);
}

int enter(const char *call, int destroys) {
    pthread_mutex_lock(&lock);
    add_line(calls, sizeof calls, call);
    if (!initialised && strcmp(call, NAME("hipInit", "cuInit")) != 0) {
        fault(call, "called before the driver was initialised");
        return 3;
    }
    if (planned.code && strcmp(planned.name, call) == 0 && planned.skip-- == 0) {
        int code = planned.code;
        planned.code = 0;
        return code;
    }
    return destroys ? 0 : lost;
}

int leave(int code) {
    pthread_mutex_unlock(&lock);
    return code;
}

int on_device(const char *call) {
    if (current < 0 && IS_CUDA) {
        fault(call, "no current context");
        return -1;
    }
    return current < 0 ? 0 : current;
}

handle *make(enum kind kind, int device, size_t bytes) {
    handle *h = calloc(1, sizeof *h);
    h->kind = kind;
    h->device = device;
    h->bytes = bytes;
    h->next = handles;
    handles = h;
    return h;
}

handle *find(const void *at, enum kind kind) {
    for (handle *h = handles; h; h = h->next)
        if (h->kind == kind && (kind == MEMORY || kind == HOST ? (const void *)h->data == at : (const void *)h == at))
            return h;
    return NULL;
}

handle *use(const char *call, const void *at, enum kind kind) {
    int device = on_device(call);
    handle *h = find(at, kind);
    char text[128];
    if (!h || (h->device != device && kind != HOST)) {
        snprintf(text, sizeof text, h ? "a %s of another device" : "no living %s", kind_names[kind]);
        fault(call, text);
        return NULL;
    }
    return h;
}

void unmake(handle *gone) {
    for (handle **at = &handles; *at; at = &(*at)->next)
        if (*at == gone) {
            *at = gone->next;
            break;
        }
    free(gone->data);
    free(gone);
}

unsigned char *reach(const char *call, void *at, size_t bytes) {
    int device = on_device(call);
    for (handle *h = handles; h; h = h->next)
        if (h->kind == MEMORY && h->device == device && (unsigned char *)at >= h->data &&
            (unsigned char *)at + bytes <= h->data + h->bytes)
            return at;
    fault(call, "outside of the current device's memory");
    return NULL;
}

int give_back(const char *call, const void *at, enum kind kind) {
    handle *h = use(call, at, kind);
    if (!h)
        return 400;
    unmake(h);
    return 0;
}

int good_stream(const char *call, const void *stream) {
    return stream ? use(call, stream, STREAM) != NULL : on_device(call) >= 0;
}

/* ---- for the tests ---- */

static void plan_failure(const char *call, int code, int skip) {
    snprintf(planned.name, sizeof planned.name, "%s", call);
    planned.skip = skip;
    planned.code = code;
}
static void lose(int code) { lost = code; }
static const char *get_faults(void) { return faults; }
static const char *get_calls(void) { return calls; }
static void forget(void) { calls[0] = '\0'; }
static const double_launch *get_launch(void) { return &last; }
static int get_current(void) { return current; }
static int live(const char *kind) {
    int count = 0;
    for (handle *h = handles; h; h = h->next)
        count += strcmp(kind_names[h->kind], kind) == 0;
    return count;
}
EXPORT const double_api *arete_double(void) {
    static const double_api api = {plan_failure, lose, get_faults, get_calls, forget, live, get_launch, get_current};
    return &api;
}
