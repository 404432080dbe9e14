/* Fewer steps for the same result. */
#ifndef AR_FUSE_H
#define AR_FUSE_H

#include "graph.h"

/* What a step's neighbours can take over goes into them; steps that are left without use are dropped. */
arete_status ar_fuse(ar_graph *graph);

#endif
