/* Recurrent layers: LSTM, GRU and the plain RNN over whole sequences, and step by step. */
#ifndef ARETE_RNN_H
#define ARETE_RNN_H

#include "arete/activation.h"
#include "arete/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Letters: T steps, B sequences (the batch), I inputs, H hidden_size, P the size of h (proj_size with a projection,
 * else H), L layers, D directions (2 when bidirectional, else 1), G gates (LSTM 4, GRU 3, RNN 1).
 *
 * With the activations f, g, h (in this order in desc.activations), . element by element, and Ht the output:
 *
 *   LSTM  it = f(Xt Wi' + Ht-1 Ri' + Pi . Ct-1 + Wbi + Rbi)
 *         ft = f(Xt Wf' + Ht-1 Rf' + Pf . Ct-1 + Wbf + Rbf)       with input_forget: ft = 1 - it
 *         ct = g(Xt Wc' + Ht-1 Rc' + Wbc + Rbc)
 *         Ct = ft . Ct-1 + it . ct
 *         ot = f(Xt Wo' + Ht-1 Ro' + Po . Ct + Wbo + Rbo)
 *         Ht = ot . h(Ct), with a projection Ht = (ot . h(Ct)) Proj'
 *   GRU   zt = f(Xt Wz' + Ht-1 Rz' + Wbz + Rbz)
 *         rt = f(Xt Wr' + Ht-1 Rr' + Wbr + Rbr)
 *         ht = g(Xt Wh' + (rt . Ht-1) Rh' + Rbh + Wbh)            with linear_before_reset:
 *         ht = g(Xt Wh' + rt . (Ht-1 Rh' + Rbh) + Wbh)
 *         Ht = (1 - zt) . ht + zt . Ht-1
 *   RNN   Ht = f(Xt Wi' + Ht-1 Ri' + Wbi + Rbi)
 *
 * clip bounds the input of every activation, that of h too, to [-clip, clip]; Ct itself is kept unbounded.
 */

typedef enum arete_rnn_cell { ARETE_RNN_LSTM = 0, ARETE_RNN_GRU = 1, ARETE_RNN_PLAIN = 2 } arete_rnn_cell;

typedef enum arete_rnn_direction {
    ARETE_RNN_FORWARD = 0,
    ARETE_RNN_REVERSE = 1,      /**< each sequence from its own last step to its first */
    ARETE_RNN_BIDIRECTIONAL = 2 /**< both; direction 0 is forward */
} arete_rnn_direction;

/** The order of the gates in w, r, b and their scales. */
typedef enum arete_rnn_gate_order {
    ARETE_RNN_GATES_ONNX = 0, /**< LSTM i o f c; GRU z r h */
    ARETE_RNN_GATES_TORCH = 1 /**< PyTorch: LSTM i f c(g) o; GRU r z h(n) */
} arete_rnn_gate_order;

#define ARETE_RNN_MAX_LAYERS 16

/** Which layer. Every field zero, or NULL for the whole: one forward LSTM layer, ONNX's defaults. */
typedef struct arete_rnn_desc {
    size_t size; /**< sizeof(arete_rnn_desc); 0 is taken for the size of this version */
    arete_rnn_cell cell;
    arete_rnn_direction direction;
    bool batch_major;         /**< x, y and the states start with the batch (ONNX layout = 1) */
    bool input_forget;        /**< LSTM: couple the input and forget gates; f's weights are not used */
    bool linear_before_reset; /**< GRU, see above; PyTorch and cuDNN have it true */
    float clip;               /**< 0: none */
    uint32_t layers;          /**< 0: 1. Layer l > 0 reads layer l-1's h of all directions side by side: I = D*P */
    arete_rnn_gate_order gate_order;
    /** NULL: LSTM sigmoid, tanh, tanh; GRU sigmoid, tanh; RNN tanh. Else 3, 2 or 1 for each direction, forward
     *  first, the same in every layer: relu, tanh, sigmoid, affine, leaky_relu, thresholded_relu, scaled_tanh,
     *  hard_sigmoid, elu, softsign, softplus. Read during the call. */
    const arete_activation *activations;
    /** One for each activation (read where it has such a parameter); NULL: ONNX's defaults (leaky_relu 0.01,
     *  thresholded_relu 1, elu 1, hard_sigmoid 0.2 and 0.5, affine 1 and 0, scaled_tanh 1 and 1). */
    const float *activation_alpha;
    const float *activation_beta;
    const char *solver; /**< NULL: chosen; a name, or with parameters as arete_plan_solver() gives them */
    bool prepack;       /**< the weights will come packed by arete_rnn_pack(): required then, if the solver packs */
} arete_rnn_desc;

/** The weights of one layer, row-major without gaps. All layers have the same types and optional operands. */
typedef struct arete_rnn_weights {
    arete_tensor w;    /**< [D, G*H, I] */
    arete_tensor r;    /**< [D, G*H, P], of w's type */
    arete_tensor b;    /**< [D, 2*G*H]: those of w, then those of r; absent: 0. f32, or x's type */
    arete_tensor p;    /**< LSTM's peepholes [D, 3*H]: i, o, f (in every gate order); absent: 0. b's types */
    arete_tensor proj; /**< LSTM's projection [D, P, H], of w's type; absent: none, P = H */
    /** With weights of i8, real = scale * q, one f32 for each row: [D, G*H], [D, G*H], [D, P]. Absent otherwise. */
    arete_tensor w_scale, r_scale, proj_scale;
} arete_rnn_weights;

/**
 * The operands. T, B, I come from x; H and P from r. Dimensions are in the order of desc.batch_major:
 *
 *              seq-major        batch-major
 *   x          [T, B, I]        [B, T, I]          strides are free but the last, which is 1
 *   y          [T, D, B, P]     [B, T, D, P]       likewise ([T, B, D*P] of PyTorch is a y with such strides)
 *   h0, y_h    [L*D, B, P]      [B, L*D, P]        without gaps; layer l's direction d is at l*D + d
 *   c0, y_c    [L*D, B, H]      [B, L*D, H]        likewise; LSTM only
 *
 * Absent h0, c0 are zeros. At least one of y, y_h, y_c must be there. T = 0 and B = 0 are fine.
 *
 * A sequence of length n < T has zeros in y from step n on; its states are those after its last valid step, and its
 * x from there on is read but does not matter. Length 0 gives back the initial states.
 *
 * y_h may be h0 itself, and y_c c0 (same place, type and shape): the state is then updated, which is how a stream
 * of calls goes on. Otherwise outputs overlap no other operand.
 */
typedef struct arete_rnn_args {
    size_t size; /**< sizeof(arete_rnn_args); 0 is taken for the size of this version */
    arete_tensor x;
    const arete_rnn_weights *weights; /**< one for each layer, read during the call; must not be NULL */
    /** i32 [B], on the device; absent: all T. The device takes a length above T for T and one below 0 for 0,
     *  because a call that only enqueues cannot look at it. */
    arete_tensor lens;
    /** The same on the host, instead of lens: read during the call, and a length outside 0..T is refused. */
    const int32_t *host_lens;
    arete_tensor h0, c0; /**< f32, or x's type; all four states have one type */
    arete_tensor y;      /**< x's type or f32 */
    arete_tensor y_h, y_c;
    arete_buffer *packed;    /**< arete_rnn_pack()'s: the weights' buffers are then not looked at. NULL: none */
    arete_buffer *workspace; /**< at least arete_plan_workspace() bytes, no operand's buffer; NULL: the queue's own
                                  scratch */
} arete_rnn_args;

/*
 * Data types (x, weights): f32 with f32, f16, bf16 or i8; f16 with f16 or i8; bf16 with bf16 or i8. Sums, gates,
 * and h and c between steps and between layers are f32 whatever the storage.
 *
 * Error, on every device: |got - exact| <= 4 * ceil(log2(I + P)) * eps * M, eps = 2^-24, plus one rounding of the
 * output's type. M = A * (1 + m), where m is the largest sum of magnitudes of the input of an activation (taken as
 * |w||x| + |r||h| + |b|, Euclidean norms of rows) and of |Ct| over the sequence's steps so far, and A the largest
 * slope of the activations (1 for the defaults). The bound does not grow with T as long as the recurrence itself
 * does not enlarge differences; unbounded activations with large weights can. Results repeat bit by bit on the
 * same device, driver, solver and parameters; with the solver given by name, T steps in one call and in several
 * calls that hand on the states as f32 give the same bits.
 */

/**
 * Chooses a solver, compiles its kernels, sizes its workspace. args gives shapes, strides, types and presence; its
 * buffers may be NULL, and host_lens points to anything where lengths will come from the host. A later run must
 * bring operands of the same shapes, strides, types and presence; offsets may differ.
 * On success *plan holds one reference, the caller's; on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE, ARETE_E_DTYPE, ARETE_E_ALIAS (elements of y overlap),
 * ARETE_E_RANGE, ARETE_E_UNSUPPORTED, ARETE_E_NOT_FOUND (no such solver), ARETE_E_BUILD, ARETE_E_MEMORY,
 * ARETE_E_DEVICE. Blocks while kernels compile. Any thread.
 * The first plan on a CPU device also runs a kernel of a few milliseconds, on a queue of its own, that finds out
 * whether groups of one launch can wait for each other there.
 */
ARETE_API arete_status arete_rnn_plan(arete_device *device, const arete_rnn_desc *desc, const arete_rnn_args *args,
                                      arete_plan **plan);

/**
 * Runs a plan of arete_rnn_plan(). Only enqueues; never compiles; allocates nothing, unless the queue's scratch is
 * too small (arete_queue_reserve() sees to that ahead).
 * done NULL: no event is made. Otherwise *done holds one reference on success; on failure nothing was enqueued
 * and *done is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE or ARETE_E_DTYPE (operands are not the plan's),
 * ARETE_E_RANGE (past a buffer's end; host_lens outside 0..T), ARETE_E_ALIAS, ARETE_E_MISMATCH, ARETE_E_MEMORY,
 * ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_rnn_run(const arete_plan *plan, arete_queue *queue, const arete_rnn_args *args,
                                     arete_wait_list after, arete_event **done);

/**
 * One shot: plan (kept in the device's plan cache) and run. May compile on the first use of a problem; on the first
 * use of a device, see arete_rnn_plan().
 * Statuses are those of arete_rnn_plan() and arete_rnn_run().
 * Definition: ONNX LSTM-14, GRU-14, RNN-14; projection and stacked layers as PyTorch's LSTM, GRU, RNN.
 */
ARETE_API arete_status arete_rnn(arete_queue *queue, const arete_rnn_desc *desc, const arete_rnn_args *args,
                                 arete_wait_list after, arete_event **done);

/** Whether the plan's solver takes packed weights. */
ARETE_API bool arete_rnn_packs(const arete_plan *plan);

/**
 * Packs the weights of all layers once, in the layout that the plan's solver reads fastest. The result serves every
 * plan on this device of the same solver, cell, directions, layers, sizes I, H, P, gate order and weight types,
 * whatever its T, B and lengths. weights (one for each layer) need not stay.
 * On success *packed holds one reference, the caller's; the copies are enqueued on the queue, in order.
 * Returns as arete_rnn_run(), and ARETE_E_UNSUPPORTED when the plan's solver reads the weights as they are.
 */
ARETE_API arete_status arete_rnn_pack(const arete_plan *plan, arete_queue *queue, const arete_rnn_weights *weights,
                                      arete_buffer **packed);

#ifdef __cplusplus
}
#endif
#endif
