/* Of the double (double.h): modules, their kernels, launches.
 *
 * A module's image is a text (double_rtc.c makes it of the source); lines "@kernel NAME BYTES BYTES ..." name kernels
 * and the sizes of their parameters. Other images have every kernel, without parameters.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "double_state.h"

CALL(hipModuleLoadData, cuModuleLoadData, (void **module, const void *image)) {
    BEGIN(hipModuleLoadData, cuModuleLoadData, 0);
    int device = on_device(me);
    if (device < 0)
        return leave(201);
    handle *h = make(MODULE, device, 0);
    if (memcmp(image, "no image", 8) == 0) {
        unmake(h);
        return leave(200);
    }
    if (memcmp(image, "@image", 6) == 0) /* what a real compiler made is taken, and not looked at */
        h->data = (unsigned char *)strdup(image);
    *module = h;
    return leave(0);
}
CALL(hipModuleUnload, cuModuleUnload, (void *module)) {
    BEGIN(hipModuleUnload, cuModuleUnload, 1);
    handle *h = use(me, module, MODULE);
    for (handle *f = handles, *next; h && f; f = next) {
        next = f->next;
        if (f->kind == FUNCTION && f->module == h)
            unmake(f);
    }
    return leave(h ? give_back(me, module, MODULE) : 400);
}
/* Where "@kernel NAME" stands in the image; NULL: nowhere. */
static const char *kernel_line(const handle *module, const char *name) {
    size_t length = strlen(name);
    for (const char *at = (const char *)module->data; at && (at = strstr(at, "@kernel ")) != NULL;) {
        at += 8;
        if (strncmp(at, name, length) == 0 && (at[length] == ' ' || at[length] == '\n'))
            return at + length;
    }
    return NULL;
}
CALL(hipModuleGetFunction, cuModuleGetFunction, (void **function, void *module, const char *name)) {
    BEGIN(hipModuleGetFunction, cuModuleGetFunction, 0);
    handle *h = use(me, module, MODULE);
    if (!h || (h->data && !kernel_line(h, name)))
        return leave(h ? 500 : 400);
    handle *f = make(FUNCTION, h->device, 0);
    f->module = h;
    snprintf(f->name, sizeof f->name, "%s", name);
    *function = f;
    return leave(0);
}
CALL(hipModuleLaunchKernel, cuLaunchKernel,
     (void *function, unsigned gx, unsigned gy, unsigned gz, unsigned x, unsigned y, unsigned z, unsigned local_bytes,
      void *stream, void **arguments, void **extra)) {
    BEGIN(hipModuleLaunchKernel, cuLaunchKernel, 0);
    handle *f = use(me, function, FUNCTION);
    if (!f || !good_stream(me, stream) || extra || !gx || !gy || !gz || gy > 65535 || gz > 65535 ||
        (size_t)x * y * z > 1024 || (size_t)x * y * z == 0)
        return leave(f ? 1 : 400);
    last = (double_launch){.device = f->device, .groups = {gx, gy, gz}, .items = {x, y, z},
                           .local_bytes = local_bytes, .stream = stream};
    snprintf(last.kernel, sizeof last.kernel, "%s", f->name);
    const char *line = f->module->data ? kernel_line(f->module, f->name) : NULL;
    while (line && *line == ' ' && last.count < DOUBLE_PARAMETERS) {
        size_t bytes = strtoul(line, (char **)&line, 10);
        last.bytes[last.count] = bytes;
        memcpy(last.values[last.count], arguments[last.count], bytes);
        last.count++;
    }
    return leave(0);
}
