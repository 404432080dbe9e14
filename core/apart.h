/* Compilers in a process of their own, where they cannot take the application down.
 *
 * The process is `arete-compile`, a program installed with the library. It is found as ARETE_COMPILE_HELPER says, else
 * beside the library, in ../bin or ../libexec/arete from there, else where it was installed. A compiler that aborts,
 * hangs (for longer than ARETE_COMPILE_SECONDS, 120 unless set), prints garbage or gives a damaged answer comes back
 * as a status.
 */
#ifndef AR_APART_H
#define AR_APART_H

#include "error.h"

/* How ARETE_COMPILE wants it: "isolated" or "inside"; unset or anything else: as the backend does by default. */
typedef enum ar_compile_where { AR_COMPILE_DEFAULT, AR_COMPILE_ISOLATED, AR_COMPILE_INSIDE } ar_compile_where;
ar_compile_where ar_compile_asked(void);

/* What is asked of the other process: backend is a backend's name, target is for its compile() entry. */
typedef struct ar_compile_request {
    const char *backend, *target, *name, *options, *source;
} ar_compile_request;

/* Compiles in another process. The binary is freed by ar_os_free.
 * Returns ARETE_OK; ARETE_E_BUILD with the log, or with how the process ended; ARETE_E_NOT_FOUND when the program is
 * not there; ARETE_E_MEMORY; what the compile() entry returned, with its text. Blocks. */
arete_status ar_compile_apart(const ar_compile_request *request, void **data, size_t *bytes);

/* The other side: answers one request from descriptor 0 on descriptor 3, and gives the exit status. With
 * ARETE_COMPILE_KEEP, a folder, it leaves source, options, binary and log there, named by a hash. */
int ar_compile_serve(void);

#endif
