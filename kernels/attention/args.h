/* attention/args.h: what the kernels of attention share: the argument block, options, which keys a query sees.
 *
 * The common argument list of the kernels, after this struct by value:
 *   float scale, float softcap, Q, K, V, Y, mask, lens, past, work
 * A buffer that the variant does not read may be NULL. Offsets and steps are in elements of their operand; q_b,
 * q_h, q_s step to the next batch, head and token. K and V are the caches where there are some, and Q and K the
 * rotated copies where there is a rotary embedding: kernels do not know.
 *
 * Parameters
 *   TYPE_Q, _K, _V, _Y  storage
 *   MASK                0 none, 1 nonzero is seen, 2 added;  TYPE_MASK its storage
 * All else is in the block, so that few programs serve many problems.
 */
typedef struct {
    long batch, hq, group, sq, skv, capacity; /* group: query heads of a key head; skv: new keys with CACHE */
    long d, dv;                               /* elements of a head of Q and K, of V and Y */
    long past, shift, window;                 /* window 0: none */
    long causal, softcap;                     /* 1: s.shift holds; scores are capped */
    long cache;                               /* 0 none, 1 caches with new keys, 2 caches alone */
    long lens_bytes, past_bytes;              /* lengths on the device: 0 none, 4 int, 8 long */
    long q_offset, q_b, q_h, q_s;
    long k_offset, k_b, k_h, k_s;
    long v_offset, v_b, v_h, v_s;
    long y_offset, y_b, y_h, y_s;
    long mask_offset, mask_b, mask_h, mask_q, mask_k, mask_keys; /* keys from mask_keys on are hidden */
    long lens_offset, lens_step, past_offset, past_step;
    long work_offset;        /* in floats */
    long rows, keys, splits; /* of a group or a part: see the kernel */
} attention_args;

#ifndef TYPE_Q
#define TYPE_Q f32
#endif
#ifndef TYPE_K
#define TYPE_K f32
#endif
#ifndef TYPE_V
#define TYPE_V TYPE_K
#endif
#ifndef TYPE_Y
#define TYPE_Y f32
#endif
#ifndef MASK
#define MASK 0
#endif
#ifndef TYPE_MASK
#define TYPE_MASK f32
#endif
#if REAL_F64
#error "attention computes in f32"
#endif
#if MASK < 0 || MASK > 2
#error "MASK is 0, 1 or 2"
#endif

/* Of one sequence: keys 0 .. total - 1 are there; offset of causal and window. */
typedef struct {
    long total, offset;
} attention_span;

static inline long length_at(__global const int *lens, long bytes, long at)
{
    return bytes == 8 ? ((__global const long *)lens)[at] : (long)lens[at];
}

static inline attention_span key_span(const attention_args *s, long b, __global const int *lens,
                                      __global const int *past)
{
    attention_span span;
    span.total = s->skv;
    span.offset = 0;
    if (s->cache) {
        long before = s->past;
        if (s->past_bytes)
            before = clamp(length_at(past, s->past_bytes, s->past_offset + b * s->past_step), 0L,
                           s->capacity - s->skv);
        span.total = before + s->skv;
        span.offset = s->cache == 2 ? before - s->sq : before;
    }
    if (s->lens_bytes) {
        span.total = clamp(length_at(lens, s->lens_bytes, s->lens_offset + b * s->lens_step), 0L, span.total);
        if (!s->cache)
            span.offset = span.total - s->sq;
    }
    span.total = min(span.total, s->mask_keys);
    return span;
}

/* The keys first .. end - 1 that causal and window leave to query i. */
static inline long first_key(const attention_args *s, attention_span span, long i)
{
    return s->window ? clamp(i + span.offset - s->window + 1, 0L, span.total) : 0;
}

static inline long end_key(const attention_args *s, attention_span span, long i)
{
    return s->causal ? clamp(i + span.offset + s->shift + 1, 0L, span.total) : span.total;
}
