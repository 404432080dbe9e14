/* Each step of a model by itself, against the roofs of its device. */
#ifndef AR_MODEL_PROFILE_H
#define AR_MODEL_PROFILE_H

#include "session.h"

/* Measures the device's roofs and every step, prints a line for each and sums for each operator. */
arete_status ar_model_profile_print(ar_session *session);

#endif
