/* What the parts of the double share (double.h): the living handles, what the backend did wrong, how a call begins and
 * ends. The parts are built twice: with DOUBLE_CUDA under CUDA's names, without it under HIP's; hidden but for those.
 */
#ifndef HIP_DOUBLE_STATE_H
#define HIP_DOUBLE_STATE_H

#include "double.h"

#ifdef DOUBLE_CUDA
#define NAME(hip, cuda) cuda
#define IS_CUDA 1
#else
#define NAME(hip, cuda) hip
#define IS_CUDA 0
#endif
#define EXPORT __attribute__((visibility("default")))

enum kind { MEMORY, HOST, STREAM, EVENT, MODULE, FUNCTION, CONTEXT, KINDS };

typedef struct handle {
    enum kind kind;
    int device, flags, recorded;
    size_t bytes;
    unsigned char *data; /* of memory; of a module its image */
    char name[64];
    struct handle *module, *next;
} handle;

extern handle *handles; /* the living */
extern int initialised;
extern double_launch last;
extern __thread int current; /* this thread's device; -1: none was set */

void fault(const char *call, const char *what);

/* Every call begins here: it is written down, and fails if that was planned. The lock is held until leave(). */
int enter(const char *call, int destroys);
int leave(int code);

/* The device whose objects this thread may use. HIP begins with device 0, CUDA with none. */
int on_device(const char *call);

handle *make(enum kind kind, int device, size_t bytes);
handle *find(const void *at, enum kind kind);
void unmake(handle *gone);

/* The handle, alive and of the current device, or NULL and a fault. */
handle *use(const char *call, const void *at, enum kind kind);

/* unmake() of what use() finds; the call's code. */
int give_back(const char *call, const void *at, enum kind kind);

/* Where in living memory of the current device at points, with room for bytes; else NULL and a fault. */
unsigned char *reach(const char *call, void *at, size_t bytes);

/* A stream: NULL is the default one, where there is a device. */
int good_stream(const char *call, const void *stream);

#define CALL(hip, cuda, parameters) EXPORT int NAME(hip, cuda) parameters; EXPORT int NAME(hip, cuda) parameters
#define BEGIN(hip, cuda, destroys)                                                                                  \
    static const char *const call = #hip "\0" #cuda;                                                                \
    const char *const me = IS_CUDA ? call + sizeof #hip : call;                                                     \
    int code = enter(me, destroys);                                                                                 \
    if (code)                                                                                                       \
    return leave(code)

#endif
