/* Several models, or one on several devices, at the same time. */
#ifndef AR_RUN_LANES_H
#define AR_RUN_LANES_H

#include "model_args.h"

#define AR_MOST_LANES 16

/* Every one of the models on every one of the devices ("opencl:0,reference"): each by itself, then all at once, each
 * from a thread and a queue of its own. folder: outputs go to folder/1, folder/2, ... Gives the exit status. */
int ar_run_lanes(const ar_model_args *args, char **paths, int path_count, int repeats, const char *folder);

#endif
