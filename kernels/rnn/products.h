/* products.h: the products of persistent.cl, for each number of rows up to MR: of the input product's panels, of a
 * step's, and of its second half's. product_x(rows, ...) takes the one of that many rows.
 */
/* Asks for so many vectors of f32 from p on, which need not exist: they are only brought nearer. */
static inline void fetch(__global const float *p, long vectors)
{
    for (long i = 0; i < vectors; ++i)
        PREFETCH(p + i * LANES);
}

#define PRODUCT_NAME product_input_1
#define PRODUCT_MR 1
#define PRODUCT_NV NVW
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_input_2
#define PRODUCT_MR 2
#define PRODUCT_NV NVW
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#if MR > 2
#define PRODUCT_NAME product_input_3
#define PRODUCT_MR 3
#define PRODUCT_NV NVW
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_input_4
#define PRODUCT_MR 4
#define PRODUCT_NV NVW
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_input_5
#define PRODUCT_MR 5
#define PRODUCT_NV NVW
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_input_6
#define PRODUCT_MR 6
#define PRODUCT_NV NVW
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#endif
#define PRODUCT_NAME product_step_1
#define PRODUCT_MR 1
#define PRODUCT_NV NVR
#define PRODUCT_WIDE WIDE
#define PRODUCT_CHAINS 2
#include "rnn/product.h"
#define PRODUCT_NAME product_step_2
#define PRODUCT_MR 2
#define PRODUCT_NV NVR
#define PRODUCT_WIDE WIDE
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#if MR > 2
#define PRODUCT_NAME product_step_3
#define PRODUCT_MR 3
#define PRODUCT_NV NVR
#define PRODUCT_WIDE WIDE
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_step_4
#define PRODUCT_MR 4
#define PRODUCT_NV NVR
#define PRODUCT_WIDE WIDE
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_step_5
#define PRODUCT_MR 5
#define PRODUCT_NV NVR
#define PRODUCT_WIDE WIDE
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_step_6
#define PRODUCT_MR 6
#define PRODUCT_NV NVR
#define PRODUCT_WIDE WIDE
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#endif
#if TWO_PHASES
#define PRODUCT_NAME product_second_1
#define PRODUCT_MR 1
#define PRODUCT_NV S_UNITS
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 2
#include "rnn/product.h"
#define PRODUCT_NAME product_second_2
#define PRODUCT_MR 2
#define PRODUCT_NV S_UNITS
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#if MR > 2
#define PRODUCT_NAME product_second_3
#define PRODUCT_MR 3
#define PRODUCT_NV S_UNITS
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_second_4
#define PRODUCT_MR 4
#define PRODUCT_NV S_UNITS
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_second_5
#define PRODUCT_MR 5
#define PRODUCT_NV S_UNITS
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#define PRODUCT_NAME product_second_6
#define PRODUCT_MR 6
#define PRODUCT_NV S_UNITS
#define PRODUCT_WIDE 0
#define PRODUCT_CHAINS 1
#include "rnn/product.h"
#endif
#endif

#if MR > 2
#define MORE_ROWS(name) \
    case 3: name##_3(a, at, w, count, acc); break; \
    case 4: name##_4(a, at, w, count, acc); break; \
    case 5: name##_5(a, at, w, count, acc); break; \
    case 6: name##_6(a, at, w, count, acc); break;
#else
#define MORE_ROWS(name)
#endif
#define DEFINE_PRODUCT(name)                                                                                \
    static inline void name(int rows, __global const float *a, const long *at, __global const STORAGE(TYPE_W) *w, \
                            long count, realv *acc)                                                         \
    {                                                                                                       \
        switch (rows) {                                                                                     \
        case 1: name##_1(a, at, w, count, acc); break;                                                      \
        case 2: name##_2(a, at, w, count, acc); break;                                                      \
        MORE_ROWS(name)                                                                                     \
        }                                                                                                   \
    }
DEFINE_PRODUCT(product_input)
DEFINE_PRODUCT(product_step)
#if TWO_PHASES
DEFINE_PRODUCT(product_second)
#endif
