#include "fuse.h"

arete_status ar_fuse(ar_graph *graph) {
    (void)graph;
    return ARETE_OK;
}
