/* Attention: Y = softmax(scale * Q K^T + mask) V, without ever holding the scores of all pairs. */
#ifndef ARETE_ATTENTION_H
#define ARETE_ATTENTION_H

#include "arete/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How to attend. Every field zero, or NULL for the whole: every query sees every key, scale 1/sqrt(D). */
typedef struct arete_attention_desc {
    size_t size;          /**< sizeof(arete_attention_desc); 0 is taken for the size of this version */
    double scale;         /**< 0: 1/sqrt(D) */
    double softcap;       /**< c > 0: scores s become c * tanh(s / c), before the mask is added; 0: none */
    bool causal;          /**< query i sees keys j <= i + offset + causal_shift; offset: see below */
    int64_t causal_shift; /**< may be negative; only read with causal */
    int64_t window;     /**< n > 0: query i sees only keys j > i + offset - n (ONNX's left_window_size is n - 1) */
    int64_t q_heads;    /**< heads of packed q and y (rank 3); not read otherwise */
    int64_t kv_heads;   /**< heads of packed k and v; 0: q_heads */
    int64_t rotary_dim; /**< with args.cos: how many elements at a head's start are rotated, even; 0: all D */
    bool rotary_interleaved; /**< pairs are elements (2i, 2i+1), not (i, i + rotary_dim/2) */
    const char *solver;      /**< NULL: chosen; a name ("decode"), or as arete_plan_solver() gives it */
} arete_attention_desc;

/**
 * The operands. B batch, Hq and Hkv heads (Hq a multiple of Hkv: query head h reads key head h / (Hq/Hkv)), Sq
 * queries, Skv keys, D and Dv elements of a head. Each of q, k, v, y is [B,H,S,D] at any strides whose last is 1,
 * or packed [B,S,H*D] (heads from the descriptor). Any of the sizes may be 0; a query without keys gives zeros.
 *
 * Types: q f32, f16 or bf16, y the same or f32; k and v of one type, f32, f16 or bf16, not necessarily q's. Scores,
 * softmax and sums are f32 throughout.
 *
 * Key/value cache: with k_cache and v_cache, k and v are the new keys: they are written (rotated first, if there is
 * a rotary table) to rows past .. past + Skv - 1 of the caches, and the queries then see rows 0 .. past + Skv - 1.
 * Nothing else of the caches is written, and rows behind are not read. past comes from past_lens (on the device, so
 * that a plan serves every step without the host), else from `past` here, which may differ from run to run.
 * Values of past_lens below 0 or above capacity - Skv are taken for that.
 *
 * offset, of causal and window: with caches past (without k and v: past - Sq); else with kv_lens kv_lens[b] - Sq;
 * else 0.
 *
 * Rotary embedding: x of token s at position p becomes, for each pair (x1, x2) of the first rotary_dim elements,
 * (cos x1 - sin x2, sin x1 + cos x2), for q and k alike, with row p of the tables.
 */
typedef struct arete_attention_args {
    size_t size;    /**< sizeof(arete_attention_args); 0 is taken for the size of this version */
    arete_tensor q; /**< [B,Hq,Sq,D] or [B,Sq,Hq*D] */
    arete_tensor k; /**< [B,Hkv,Skv,D] or [B,Skv,Hkv*D]; may be absent with caches */
    arete_tensor v; /**< [B,Hkv,Skv,Dv] or [B,Skv,Hkv*Dv]; absent when k is */
    arete_tensor y; /**< [B,Hq,Sq,Dv] or [B,Sq,Hq*Dv], written. Neither y nor the caches may overlap another
                       operand; operands of one buffer whose byte ranges overlap are taken to do so */
    /** Broadcastable to [B,Hq,Sq,keys], rank 1 to 4, last stride 1 (or 0). bool or u8: nonzero is seen. f32, f16,
     *  bf16: added to the scores; -inf hides the key. keys: all that there can be (Skv, or the caches' rows); when
     *  the last dimension is less, but not 1, the keys behind it are hidden. */
    arete_tensor mask;
    arete_tensor kv_lens;   /**< i32 or i64, [B] or [1]: keys from there on are hidden; absent: none are */
    arete_tensor k_cache;   /**< [B,Hkv,capacity,D], rank 4; f32, f16 or bf16; absent: no cache */
    arete_tensor v_cache;   /**< [B,Hkv,capacity,Dv], of k_cache's type */
    arete_tensor past_lens; /**< i32 or i64, [B] or [1]; absent: `past` */
    int64_t past;           /**< keys that the caches hold already; not looked at by arete_attention_plan() */
    arete_tensor cos; /**< [positions, rotary_dim/2], or [B,S,rotary_dim/2] for each token (then Sq = Skv = S);
                           contiguous; f32, f16 or bf16; absent: no rotary embedding */
    arete_tensor sin; /**< of cos' shape and type */
    arete_tensor q_positions; /**< i32 or i64 [B,Sq], contiguous; absent: past + s (without caches: s). Positions
                                   outside the table are taken for its first or last row. */
    arete_tensor k_positions; /**< i32 or i64 [B,Skv], likewise */
    arete_buffer *workspace;  /**< at least arete_plan_workspace() bytes, no operand's buffer; NULL: the queue's own
                                   scratch */
} arete_attention_args;

/*
 * Hidden keys have no part in the result: NaN and infinities in them, in k, v or the caches, do not reach y. A key
 * whose weight is 0 in f32 counts as hidden. Rows that see no key are exact zeros.
 *
 * Error, with p the exact weights and eps = 2^-24: |y - exact| <= 4*ceil(log2 max(D, keys, 2)) * eps *
 * sum_j p_j (|v_j| + |y|) * (1 + a_j), a_j = sum_d |scale q_d k_jd| + softcap + |mask_j|, plus one rounding of y's
 * type; where new keys are rotated and then rounded to f16 or bf16 for the cache, a_j half a unit of that type
 * besides. Results repeat bit by bit on the same device, driver, solver and parameters.
 *
 * Memory beyond the operands grows with S, never with Sq * Skv: arete_plan_workspace().
 */

/**
 * Chooses a solver, compiles its kernels, sizes its workspace. args gives shapes, strides and types; its buffers
 * may be NULL ("shape only"), except that an optional operand is present when its dtype is not NONE.
 * A later run must bring operands of the same shapes, strides, types and presence; offsets, and past, may differ.
 * On success *plan holds one reference, the caller's; on failure it is unchanged.
 * The plan's cost counts 2*(D + Dv) flops for each pair of a query and a key that causal and window leave, all rows
 * of the caches taken for filled; what mask and kv_lens hide is counted. Returns ARETE_OK, ARETE_E_ARGUMENT,
 * ARETE_E_SHAPE, ARETE_E_DTYPE, ARETE_E_RANGE, ARETE_E_UNSUPPORTED, ARETE_E_NOT_FOUND (no such solver),
 * ARETE_E_BUILD, ARETE_E_MEMORY, ARETE_E_DEVICE. Blocks while kernels compile. Any thread.
 */
ARETE_API arete_status arete_attention_plan(arete_device *device, const arete_attention_desc *desc,
                                            const arete_attention_args *args, arete_plan **plan);

/**
 * Runs a plan of arete_attention_plan(). Only enqueues; never compiles; allocates nothing, unless the queue's
 * scratch is too small (arete_queue_reserve() sees to that ahead).
 * done NULL: no event is made. Otherwise *done holds one reference on success; on failure nothing was enqueued
 * and *done is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE or ARETE_E_DTYPE (operands are not the plan's),
 * ARETE_E_RANGE (also: past does not fit the caches), ARETE_E_ALIAS, ARETE_E_MISMATCH, ARETE_E_MEMORY,
 * ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_attention_run(const arete_plan *plan, arete_queue *queue,
                                           const arete_attention_args *args, arete_wait_list after,
                                           arete_event **done);

/**
 * One shot: plan (kept in the device's plan cache) and run. May compile on the first use of a problem.
 * Statuses are those of arete_attention_plan() and arete_attention_run().
 * Definition: ONNX Attention-24 (and -25's window) without the output qk_matmul_output, which would be Sq x Skv;
 * past and present are one cache in place. RotaryEmbedding-23 on the way in.
 */
ARETE_API arete_status arete_attention(arete_queue *queue, const arete_attention_desc *desc,
                                       const arete_attention_args *args, arete_wait_list after, arete_event **done);

#ifdef __cplusplus
}
#endif
#endif
