/* What the context asks of its neighbours in core. */
#ifndef AR_CONTEXT_H
#define AR_CONTEXT_H

#include "objects.h"

/* log.c: "info" -> ARETE_LOG_INFO; ARETE_LOG_DEFAULT for NULL and unknown names. */
arete_log_level ar_log_level_parse(const char *name);

/* device.c: frees a device with its programs, plans and records, through its backend. */
void ar_device_free(arete_device *device);

#endif
