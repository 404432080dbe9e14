/* Matrix products: C = act(alpha * op(A) * op(B) + beta * Cin + bias). */
#ifndef ARETE_MATMUL_H
#define ARETE_MATMUL_H

#include "arete/activation.h"
#include "arete/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How to multiply. Every field zero, or NULL for the whole: C = A * B, the best solver. */
typedef struct arete_matmul_desc {
    size_t size;  /**< sizeof(arete_matmul_desc); 0 is taken for the size of this version */
    bool trans_a; /**< A is given as [K,M] */
    bool trans_b; /**< B is given as [N,K] */
    double alpha; /**< 0 means 1 (for a product without A*B, use K = 0) */
    double beta;  /**< 0: Cin is not read, may hold NaN, and is not looked at */
    arete_activation activation; /**< none to silu; others are ARETE_E_UNSUPPORTED */
    float slope;        /**< alpha of leaky relu */
    const char *solver; /**< NULL: chosen; a name ("gemv"), or with parameters as arete_plan_solver() gives them */
    bool prepack;       /**< B will come packed by arete_matmul_pack_b() (weights): the solver is chosen without the
                             time of packing, and if it takes packed B, args.packed_b is required. A solver that
                             reads B as it is may still be chosen: arete_matmul_packs_b() tells. */
} arete_matmul_desc;

/**
 * The operands. M, N, K are read off C and A; each operand has its matrix in its last two dimensions, of which
 * the last (or, for A and B, the last but one, which then counts as transposed) has stride 1. Dimensions before
 * them are the batch; C has all of it, the others broadcast to C's as in numpy: 1 or missing repeats. Levels that
 * all operands walk in one stride are merged; more than three levels that are left are ARETE_E_UNSUPPORTED.
 * Zero-sized dimensions are fine: K = 0 gives act(beta * Cin + bias), and operands without elements need no buffer.
 *
 * C's elements must all lie apart, and apart from every input but Cin. Two operands of one buffer whose byte ranges
 * overlap are taken for apart only when both are columns of rows of the same pitch (C's row stride) and those
 * columns do not meet; other interleaved views are refused although they may not overlap.
 */
typedef struct arete_matmul_args {
    size_t size;       /**< sizeof(arete_matmul_args); 0 is taken for the size of this version */
    arete_tensor a;    /**< [...,M,K], or [...,K,M] with trans_a */
    arete_tensor b;    /**< [...,K,N], or [...,N,K] with trans_b */
    arete_tensor c;    /**< [...,M,N], written; must not overlap any input but Cin */
    arete_tensor cin;  /**< added beta times; absent: C itself. Same place and strides as C, or no overlap.
                            Broadcastable to C; of C's type, or f32 with C of f16 or bf16. Its last stride is 1 or
                            0. */
    arete_tensor bias; /**< [N] or [1,N] (per column), [M,1] (per row), or absent; f32, or C's type; contiguous.
                            Repeated over the batch, as are the scales and zero points below */

    /** Quantised A (i8, u8): real = scale * (q - zero). f32, [1] or [M]; absent: 1. Only with a real C. */
    arete_tensor a_scale;
    arete_tensor a_zero; /**< A's type, [1] or [M]; absent: 0 */
    /** Quantised B likewise: [1] or [N]. */
    arete_tensor b_scale;
    arete_tensor b_zero;

    arete_buffer *packed_b; /**< B as arete_matmul_pack_b() made it, in place of b.buffer (b still gives the shape);
                                 required with desc.prepack where the plan's solver packs B; NULL: none */
    arete_buffer *workspace; /**< at least arete_plan_workspace() bytes, no operand's buffer; NULL: the queue's own
                                  scratch */
} arete_matmul_args;

/*
 * Data types (A, B -> C):
 *   f32,f32 -> f32            f16,f16 -> f16|f32         bf16,bf16 -> bf16|f32       f64,f64 -> f64
 *   f32,(f16|bf16|i8|u8) -> f32    f16,(i8|u8) -> f16|f32    bf16,(i8|u8) -> bf16|f32    (weights compressed)
 *   (i8|u8),(i8|u8) -> i32 (exact; zero points, no scales, alpha 1, no bias or activation)
 *   (i8|u8),(i8|u8) -> f32|f16|bf16
 * f16, bf16 and f32 accumulate in f32; int8 in int32; f64 in f64. With C of i32, beta is 0 or 1.
 *
 * Error: |C - exact| <= L * 4*max(1, ceil(log2 K))*eps * (|alpha| * sum|a*b| + |beta*cin| + |bias|), eps = 2^-24
 * (f64: 2^-53), plus one rounding of C's type and 4 eps of the activation's value, on every device. a and b are the
 * real values (scales and zero points applied). L is the activation's steepest slope: 1; leaky relu max(1,
 * |slope|); sigmoid 1/4; gelu 1.13; silu 1.1. Integer C is exact; sums beyond 31 bits wrap. Results repeat bit by
 * bit on the same device, driver, solver and parameters.
 */

/**
 * Chooses a solver, compiles its kernels, sizes its workspace. args gives shapes, strides and types; its buffers
 * may be NULL ("shape only"), except that an optional operand is present when its dtype is not NONE.
 * A later run must bring operands of the same shapes, strides, types and presence; offsets may differ.
 * On success *plan holds one reference, the caller's; on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE, ARETE_E_DTYPE, ARETE_E_UNSUPPORTED, ARETE_E_NOT_FOUND (no
 * such solver), ARETE_E_BUILD, ARETE_E_MEMORY, ARETE_E_DEVICE. Blocks while kernels compile. Any thread.
 */
ARETE_API arete_status arete_matmul_plan(arete_device *device, const arete_matmul_desc *desc,
                                         const arete_matmul_args *args, arete_plan **plan);

/**
 * Runs a plan of arete_matmul_plan(). Only enqueues; never compiles; allocates nothing, unless the queue's scratch
 * is too small (arete_queue_reserve() sees to that ahead).
 * done NULL: no event is made. Otherwise *done holds one reference on success; on failure nothing was enqueued
 * and *done is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE or ARETE_E_DTYPE (operands are not the plan's),
 * ARETE_E_RANGE, ARETE_E_ALIAS, ARETE_E_MISMATCH, ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_matmul_run(const arete_plan *plan, arete_queue *queue, const arete_matmul_args *args,
                                        arete_wait_list after, arete_event **done);

/**
 * One shot: plan (kept in the device's plan cache) and run. May compile on the first use of a problem.
 * Statuses are those of arete_matmul_plan() and arete_matmul_run().
 * Definition: ONNX Gemm-13, MatMul-13, MatMulInteger-10; BLAS xGEMM.
 */
ARETE_API arete_status arete_matmul(arete_queue *queue, const arete_matmul_desc *desc,
                                    const arete_matmul_args *args, arete_wait_list after, arete_event **done);

/**
 * Packs B (weights) once, in the layout that the plan's solver reads fastest: same element type, a few more bytes
 * for padding. The result serves every plan on this device whose B has the same K, N, batch and type and whose
 * solver takes packed B: cpu_packed always, gemv when planned with desc.prepack. b need not stay; its strides and
 * transposition are the plan's descriptor's, or others of the same shape. May compile.
 * On success *packed holds one reference, the caller's; the copy is enqueued on the queue, in order.
 * Returns as arete_matmul_run(), and ARETE_E_UNSUPPORTED when the plan's solver reads B as it is.
 */
ARETE_API arete_status arete_matmul_pack_b(const arete_plan *plan, arete_queue *queue, const arete_tensor *b,
                                           arete_buffer **packed);

/** Whether arete_matmul_pack_b() works on this plan. */
ARETE_API bool arete_matmul_packs_b(const arete_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
