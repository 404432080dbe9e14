/* Of the double (double.h): devices, contexts, memory, streams, events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "double_state.h"

#ifdef DOUBLE_CUDA
static __thread int stack[16], depth;
#endif
#define INFINITE_CLOCK 1.5f

CALL(hipInit, cuInit, (unsigned flags)) {
    BEGIN(hipInit, cuInit, 0);
    initialised = 1;
    return leave(flags ? 1 : 0);
}
CALL(hipDriverGetVersion, cuDriverGetVersion, (int *version)) {
    BEGIN(hipDriverGetVersion, cuDriverGetVersion, 0);
    *version = IS_CUDA ? 12080 : 60232831;
    return leave(0);
}
CALL(hipGetDeviceCount, cuDeviceGetCount, (int *count)) {
    BEGIN(hipGetDeviceCount, cuDeviceGetCount, 0);
    *count = DOUBLE_DEVICES;
    return leave(0);
}
CALL(hipDeviceGet, cuDeviceGet, (int *device, int ordinal)) {
    BEGIN(hipDeviceGet, cuDeviceGet, 0);
    *device = ordinal;
    return leave(ordinal < DOUBLE_DEVICES ? 0 : 101);
}
CALL(hipDeviceGetName, cuDeviceGetName, (char *name, int bytes, int device)) {
    BEGIN(hipDeviceGetName, cuDeviceGetName, 0);
    snprintf(name, (size_t)bytes, "Double %s %d", IS_CUDA ? "NVIDIA" : "AMD", device);
    return leave(0);
}
CALL(hipDeviceTotalMem, cuDeviceTotalMem_v2, (size_t *bytes, int device)) {
    BEGIN(hipDeviceTotalMem, cuDeviceTotalMem_v2, 0);
    *bytes = (size_t)80 << 30;
    return leave(device < DOUBLE_DEVICES ? 0 : 101);
}
/* Numbers are asked for by either flavour's enumerators; those here are of an H200 and of an MI250X. */
CALL(hipDeviceGetAttribute, cuDeviceGetAttribute, (int *value, int which, int device)) {
    static const int nvidia[][2] = {{16, 132}, {13, 1980000}, {10, 32}, {1, 1024}, {2, 1024}, {3, 1024}, {4, 64},
                                    {5, 2147483647}, {6, 65535}, {7, 65535}, {8, 49152}, {82, 65536}, {39, 2048},
                                    {38, 62914560}, {18, 0}, {75, 9}, {76, 0}};
    static const int amd[][2] = {{63, 110}, {5, 1700000}, {87, 64}, {56, 1024}, {26, 1024}, {27, 1024}, {28, 1024},
                                 {29, 2147483647}, {30, 65535}, {31, 65535}, {74, 65536}, {72, 131072}, {57, 2048},
                                 {19, 8388608}, {16, 0}, {23, 9}, {61, 0}};
    BEGIN(hipDeviceGetAttribute, cuDeviceGetAttribute, 0);
    const char *capability = getenv("ARETE_DOUBLE_CAPABILITY");
    for (size_t i = 0; i < sizeof nvidia / sizeof *nvidia; i++)
        if ((IS_CUDA ? nvidia : amd)[i][0] == which) {
            *value = (IS_CUDA ? nvidia : amd)[i][1];
            if (IS_CUDA && capability && (which == 75 || which == 76))
                *value = which == 75 ? atoi(capability) / 10 : atoi(capability) % 10;
            return leave(device < DOUBLE_DEVICES ? 0 : 101);
        }
    fault(me, "an attribute that the backend has no name for");
    return leave(1);
}

#if IS_CUDA
EXPORT int cuDevicePrimaryCtxRetain(void **context, int device);
EXPORT int cuDevicePrimaryCtxRetain(void **context, int device) {
    BEGIN(, cuDevicePrimaryCtxRetain, 0);
    *context = make(CONTEXT, device, 0);
    return leave(0);
}
EXPORT int cuDevicePrimaryCtxRelease_v2(int device);
EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
    BEGIN(, cuDevicePrimaryCtxRelease_v2, 1);
    for (handle *h = handles; h; h = h->next)
        if (h->kind == CONTEXT && h->device == device) {
            unmake(h);
            return leave(0);
        }
    fault(me, "no primary context to release");
    return leave(201);
}
EXPORT int cuCtxPushCurrent_v2(void *context);
EXPORT int cuCtxPushCurrent_v2(void *context) {
    BEGIN(, cuCtxPushCurrent_v2, 1);
    handle *h = find(context, CONTEXT);
    if (!h || depth == 16) {
        fault(me, h ? "pushed and never popped" : "no living context");
        return leave(201);
    }
    stack[depth++] = current;
    current = h->device;
    return leave(0);
}
EXPORT int cuCtxPopCurrent_v2(void **context);
EXPORT int cuCtxPopCurrent_v2(void **context) {
    BEGIN(, cuCtxPopCurrent_v2, 1);
    if (!depth) {
        fault(me, "nothing was pushed");
        return leave(201);
    }
    *context = NULL;
    current = stack[--depth];
    return leave(0);
}
EXPORT int cuStreamGetCtx(void *stream, void **context);
EXPORT int cuStreamGetCtx(void *stream, void **context) {
    BEGIN(, cuStreamGetCtx, 0);
    handle *h = find(stream, STREAM);
    for (handle *c = handles; h && c; c = c->next)
        if (c->kind == CONTEXT && c->device == h->device)
            *context = c;
    return leave(h ? 0 : 400);
}
#else
EXPORT int hipGetDevice(int *device);
EXPORT int hipGetDevice(int *device) {
    BEGIN(hipGetDevice, , 1);
    *device = current < 0 ? 0 : current;
    return leave(0);
}
EXPORT int hipSetDevice(int device);
EXPORT int hipSetDevice(int device) {
    BEGIN(hipSetDevice, , 1);
    current = device;
    return leave(device < DOUBLE_DEVICES ? 0 : 101);
}
/* A struct of some layout: only its name and the place of the architecture's text somewhere in it matter. */
EXPORT int hipGetDeviceProperties(char *properties, int device);
EXPORT int hipGetDeviceProperties(char *properties, int device) {
    BEGIN(hipGetDeviceProperties, , 0);
    const char *arch = getenv("ARETE_DOUBLE_ARCH");
    sprintf(properties, "gfx of Double AMD %d", device);
    sprintf(properties + 396, "%s", arch ? arch : "gfx90a:sramecc+:xnack-");
    return leave(0);
}
#endif

CALL(hipDeviceSynchronize, cuCtxSynchronize, (void)) {
    BEGIN(hipDeviceSynchronize, cuCtxSynchronize, 0);
    on_device(me);
    return leave(0);
}
static int allocate(const char *me, enum kind kind, void **at, size_t bytes) {
    int device = on_device(me);
    if (device < 0 || bytes == 0 || bytes > (size_t)1 << 32)
        return device < 0 ? 201 : bytes ? 2 : 1;
    handle *h = make(kind, device, bytes);
    h->data = malloc(bytes);
    memset(h->data, 0xa5, bytes);
    *at = h->data;
    return 0;
}
CALL(hipMalloc, cuMemAlloc_v2, (void **at, size_t bytes)) {
    BEGIN(hipMalloc, cuMemAlloc_v2, 0);
    return leave(allocate(me, MEMORY, at, bytes));
}
CALL(hipHostMalloc, cuMemHostAlloc, (void **at, size_t bytes, unsigned flags)) {
    BEGIN(hipHostMalloc, cuMemHostAlloc, 0);
    return leave(flags ? 1 : allocate(me, HOST, at, bytes));
}
CALL(hipFree, cuMemFree_v2, (void *at)) {
    BEGIN(hipFree, cuMemFree_v2, 1);
    return leave(give_back(me, at, MEMORY));
}
CALL(hipHostFree, cuMemFreeHost, (void *at)) {
    BEGIN(hipHostFree, cuMemFreeHost, 1);
    return leave(give_back(me, at, HOST));
}
CALL(hipMemGetAddressRange, cuMemGetAddressRange_v2, (void **base, size_t *bytes, void *at)) {
    BEGIN(hipMemGetAddressRange, cuMemGetAddressRange_v2, 0);
    for (handle *h = handles; h; h = h->next)
        if (h->kind == MEMORY && (unsigned char *)at >= h->data && (unsigned char *)at < h->data + h->bytes) {
            *base = h->data;
            *bytes = h->bytes;
            return leave(0);
        }
    return leave(1);
}
CALL(hipMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2, (void *to, const void *from, size_t bytes, void *stream)) {
    BEGIN(hipMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2, 0);
    if (!good_stream(me, stream) || !reach(me, to, bytes))
        return leave(1);
    memcpy(to, from, bytes);
    return leave(0);
}
CALL(hipMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2, (void *to, void *from, size_t bytes, void *stream)) {
    BEGIN(hipMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2, 0);
    if (!good_stream(me, stream) || !reach(me, from, bytes))
        return leave(1);
    memcpy(to, from, bytes);
    return leave(0);
}
CALL(hipMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2, (void *to, void *from, size_t bytes, void *stream)) {
    BEGIN(hipMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2, 0);
    if (!good_stream(me, stream) || !reach(me, from, bytes) || !reach(me, to, bytes))
        return leave(1);
    if ((char *)to < (char *)from + bytes && (char *)from < (char *)to + bytes)
        fault(me, "ranges overlap");
    memcpy(to, from, bytes);
    return leave(0);
}
static int set(const char *me, void *at, const void *x, size_t each, size_t count, void *stream) {
    if ((uintptr_t)at % each)
        fault(me, "not aligned to the element");
    if (!good_stream(me, stream) || !reach(me, at, each * count))
        return 1;
    for (size_t i = 0; i < count; i++)
        memcpy((char *)at + i * each, x, each);
    return 0;
}
CALL(hipMemsetD8Async, cuMemsetD8Async, (void *at, unsigned char x, size_t count, void *stream)) {
    BEGIN(hipMemsetD8Async, cuMemsetD8Async, 0);
    return leave(set(me, at, &x, 1, count, stream));
}
CALL(hipMemsetD16Async, cuMemsetD16Async, (void *at, unsigned short x, size_t count, void *stream)) {
    BEGIN(hipMemsetD16Async, cuMemsetD16Async, 0);
    return leave(set(me, at, &x, 2, count, stream));
}
CALL(hipMemsetD32Async, cuMemsetD32Async, (void *at, unsigned x, size_t count, void *stream)) {
    BEGIN(hipMemsetD32Async, cuMemsetD32Async, 0);
    return leave(set(me, at, &x, 4, count, stream));
}
CALL(hipStreamCreateWithFlags, cuStreamCreate, (void **stream, unsigned flags)) {
    BEGIN(hipStreamCreateWithFlags, cuStreamCreate, 0);
    int device = on_device(me);
    if (device < 0)
        return leave(201);
    *stream = make(STREAM, device, 0);
    ((handle *)*stream)->flags = (int)flags;
    return leave(0);
}
CALL(hipStreamDestroy, cuStreamDestroy_v2, (void *stream)) {
    BEGIN(hipStreamDestroy, cuStreamDestroy_v2, 1);
    return leave(give_back(me, stream, STREAM));
}
CALL(hipStreamSynchronize, cuStreamSynchronize, (void *stream)) {
    BEGIN(hipStreamSynchronize, cuStreamSynchronize, 0);
    return leave(good_stream(me, stream) ? 0 : 400);
}
CALL(hipEventCreateWithFlags, cuEventCreate, (void **event, unsigned flags)) {
    BEGIN(hipEventCreateWithFlags, cuEventCreate, 0);
    int device = on_device(me);
    if (device < 0)
        return leave(201);
    *event = make(EVENT, device, 0);
    ((handle *)*event)->flags = (int)flags;
    return leave(0);
}
CALL(hipEventDestroy, cuEventDestroy_v2, (void *event)) {
    BEGIN(hipEventDestroy, cuEventDestroy_v2, 1);
    return leave(give_back(me, event, EVENT));
}
CALL(hipEventRecord, cuEventRecord, (void *event, void *stream)) {
    BEGIN(hipEventRecord, cuEventRecord, 0);
    handle *h = use(me, event, EVENT);
    if (!h || !good_stream(me, stream))
        return leave(400);
    h->recorded = 1;
    return leave(0);
}
static handle *recorded(const char *me, const void *event) {
    handle *h = use(me, event, EVENT);
    if (h && !h->recorded)
        fault(me, "an event that was never recorded");
    return h;
}
CALL(hipStreamWaitEvent, cuStreamWaitEvent, (void *stream, void *event, unsigned flags)) {
    BEGIN(hipStreamWaitEvent, cuStreamWaitEvent, 0);
    return leave(flags ? 1 : good_stream(me, stream) && recorded(me, event) ? 0 : 400);
}
CALL(hipEventSynchronize, cuEventSynchronize, (void *event)) {
    BEGIN(hipEventSynchronize, cuEventSynchronize, 0);
    return leave(recorded(me, event) ? 0 : 400);
}
CALL(hipEventQuery, cuEventQuery, (void *event)) {
    BEGIN(hipEventQuery, cuEventQuery, 0);
    return leave(recorded(me, event) ? 0 : 400);
}
CALL(hipEventElapsedTime, cuEventElapsedTime, (float *ms, void *start, void *end)) {
    BEGIN(hipEventElapsedTime, cuEventElapsedTime, 0);
    handle *a = recorded(me, start), *b = recorded(me, end);
    if (!a || !b || (a->flags & 2) || (b->flags & 2)) {
        fault(me, "events without times");
        return leave(400);
    }
    *ms = INFINITE_CLOCK;
    return leave(0);
}
