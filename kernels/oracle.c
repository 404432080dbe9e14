#include "oracle.h"

#include "objects.h"

/* A reference buffer's impl is its memory. */
void *ar_oracle_host(const arete_tensor *t) {
    return t->buffer ? (unsigned char *)t->buffer->impl + t->offset : NULL;
}

bool ar_oracle_applies(const void *problem, const arete_device *device, const char **why) {
    (void)problem;
    *why = "it runs on the reference device only";
    return device->info.kind == ARETE_DEVICE_REFERENCE;
}
