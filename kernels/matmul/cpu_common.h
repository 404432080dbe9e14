/* What the CPU-class solvers share: build options, the launch, the model of blocks. */
#ifndef AR_MATMUL_CPU_COMMON_H
#define AR_MATMUL_CPU_COMMON_H

#include "kernel_args.h"
#include "solver_common.h"

/* One run: the plan's kernel over all matrices. */
typedef struct cpu_launch {
    const ar_kernel *kernel;
    int64_t mc, nc, kc;
    size_t global[2];            /* the third is the batch */
    const matmul_packed *packed; /* the layout of B; NULL: B as it lies */
    arete_buffer *b_buffer;      /* packed B, with packed */
    arete_buffer *work;          /* a last argument, with has_work */
    bool has_work;
} cpu_launch;

/* The options that the problem and the device decide, without TRANS_B, which is given. Only what is not a kernel's
 * default is written. The length. */
size_t ar_matmul_cpu_options(const matmul_problem *problem, const arete_device *device, bool trans_b, char *text,
                             size_t bytes);

/* Whether CPU-class kernels can take the problem on this device. */
bool ar_matmul_cpu_applies(const matmul_problem *problem, const arete_device *device, const char **why);

/* Whether they are chosen here unasked. */
static inline bool ar_matmul_cpu_home(const arete_device *device) {
    return device->info.kind == ARETE_DEVICE_CPU;
}

/* Enqueues the kernels in order over batch level 0; after holds for the first, done is the last one's. last NULL:
 * one kernel a matrix; else a second launch (the finish of split K) follows each. */
arete_status ar_matmul_cpu_run(const arete_plan *plan, arete_queue *queue, const arete_matmul_args *args,
                               const cpu_launch *first, const cpu_launch *last, arete_wait_list after,
                               arete_event **done);

/* Blocks of C: how a product is cut into work-groups by cpu_block.h. */
enum { BLOCK_MR, BLOCK_MC, BLOCK_NC, BLOCK_KC };
extern const char *const ar_matmul_block_params[]; /* "mr", "mc", "nc", "kc" */

/* Rows of a tile that waste the fewest rows of M, as many as the registers hold. */
int64_t ar_matmul_block_rows(const matmul_problem *problem, const arete_device *device);
bool ar_matmul_block_accepts(const matmul_problem *problem, const arete_device *device, const ar_params *params,
                             const char **why);
bool ar_matmul_block_candidate(const matmul_problem *problem, const arete_device *device, size_t index,
                               ar_params *params);
/* What a program's private arrays hold at least, and what an untuned block is made of at most. */
typedef struct cpu_usual {
    int64_t tiles, panels, steps;
} cpu_usual;
/* The block of least cost: all of K in passes of at most most.steps. copies_b: as below. */
void ar_matmul_block_guess(const matmul_problem *problem, const arete_device *device, cpu_usual most, bool copies_b,
                           ar_params *params);
/* Seconds of one launch. copies_b: each group copies its part of B. */
double ar_matmul_block_seconds(const matmul_problem *problem, const arete_device *device, const arete_roofs *roofs,
                               const ar_params *params, bool copies_b);
/* Steps of K in a pass: all of K in equal passes of at most most. */
int64_t ar_matmul_block_steps(const matmul_problem *problem, int64_t most);
/* The options MR, MT_MAX, NT_MAX, KC_MAX, HALF_PANEL after those of the problem. The private arrays are sized by
 * the given usual blocks where these suffice, so that most problems share one program. */
arete_status ar_matmul_block_build(arete_plan *plan, const ar_source *source, const char *name, bool trans_b,
                                   cpu_usual usual);
/* The plan's launch; kernels[0], and parameters as above. */
cpu_launch ar_matmul_block_launch(const arete_plan *plan);

#endif
