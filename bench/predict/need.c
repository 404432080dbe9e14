/* Memory that a network takes. */
#include "pick.h"

#include <math.h>

/* Training: gradients in the type of the weights; Adam's two moments in f32, and f32 weights beside narrower ones;
 * every operation's output is kept for the way back. Inference: the largest operation's operands, since others' are
 * reused. Workspace: a quarter of the largest operation (packed operands, partial sums). */
void ar_need_of(const ar_workload *w, bool train, ar_spread spread, int devices, ar_need *need) {
    ar_workload_sum sum;
    ar_workload_total(w, &sum);
    double split = spread == AR_SPREAD_TENSOR || spread == AR_SPREAD_PIPELINE ? devices : 1;
    bool narrow = arete_dtype_size(w->dtype) < 4;
    *need = (ar_need){.weights = sum.weight_bytes / split,
                      .state = w->state * (double)arete_dtype_size(w->dtype) / split,
                      .activations = sum.largest_bytes,
                      .workspace = sum.largest_bytes / 4};
    if (train) {
        need->gradients = need->weights;
        need->optimizer = sum.weights / split * (narrow ? 12 : 8);
        need->activations = sum.output_bytes / (spread == AR_SPREAD_PIPELINE ? devices : 1) + sum.largest_bytes;
    }
    need->total =
        need->weights + need->gradients + need->optimizer + need->activations + need->state + need->workspace;
}
