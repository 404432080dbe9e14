/* Arrays that grow; also in the graph library, which brings its own ar_fail(). */
#include "error.h"

void *ar_grown(void *array, size_t *room, size_t count, size_t each, const char *what) {
    if (count < *room)
        return array;
    size_t more = *room > 0 ? 2 * *room : 32;
    void *grown = ar_os_realloc(array, more * each);
    if (grown)
        *room = more;
    else
        (void)ar_fail_memory(what, more * each);
    return grown;
}
