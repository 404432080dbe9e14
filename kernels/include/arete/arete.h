/* Everything Arete offers. Interop with OpenCL applications is in <arete/opencl.h>, which this does not include. */
#ifndef ARETE_H
#define ARETE_H

#include "base.h"
#include "context.h"
#include "cost.h"
#include "device.h"
#include "matmul.h"
#include "memory.h"
#include "plan.h"
#include "queue.h"

#endif
