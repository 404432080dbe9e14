/* arete-compile: the process that kernels are compiled in (core/apart.h). */
#include <signal.h>

#include "apart.h"

int main(void) {
    signal(SIGPIPE, SIG_IGN); /* a compiler may write where nobody reads */
    return ar_compile_serve();
}
