/* Everything Arete offers. Interop with OpenCL applications is in <arete/opencl.h>, which this does not include. */
#ifndef ARETE_H
#define ARETE_H

#include "arete/activation.h"
#include "arete/attention.h"
#include "arete/base.h"
#include "arete/context.h"
#include "arete/conv.h"
#include "arete/cost.h"
#include "arete/device.h"
#include "arete/layers.h"
#include "arete/matmul.h"
#include "arete/memory.h"
#include "arete/plan.h"
#include "arete/queue.h"
#include "arete/rnn.h"

#endif
