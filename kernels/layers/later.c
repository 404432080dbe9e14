/* Forms whose kernels are not there yet; the reference device runs them. */
#include "forms.h"

arete_status ar_layer_lower_resample(layer_build *b) {
    return ar_fail(ARETE_E_UNSUPPORTED, "%s runs on the reference device only", b->op->name);
}

arete_status ar_layer_lower_scan(layer_build *b) {
    return ar_fail(ARETE_E_UNSUPPORTED, "%s runs on the reference device only", b->op->name);
}
