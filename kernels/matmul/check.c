/* The run-time half of validation: are the buffers there, here, large enough, and is C apart from the inputs. */
#include "problem.h"

typedef unsigned long long ull;

/* One operand: bytes [offset, offset + bytes) of its buffer; bytes 0: not read. */
static arete_status check_place(const char *name, const arete_buffer *buffer, uint64_t offset, uint64_t bytes,
                                const arete_device *device) {
    if (bytes == 0)
        return ARETE_OK;
    if (!buffer)
        return ar_fail(ARETE_E_ARGUMENT, "%s.buffer is NULL, but a run needs %llu bytes of it", name, (ull)bytes);
    if (buffer->device != device)
        return ar_fail(ARETE_E_MISMATCH,
                       "%s.buffer is on %s%s, but the plan is for %s: use a buffer of that device", name,
                       buffer->device->info.id,
                       buffer->device->context == device->context ? "" : " of another context", device->info.id);
    if (offset > buffer->bytes || bytes > buffer->bytes - offset)
        return ar_fail(ARETE_E_RANGE, "%s ends at byte %llu (offset %llu + %llu), but its buffer has %llu", name,
                       (ull)(offset + bytes), (ull)offset, (ull)bytes, (ull)buffer->bytes);
    return ARETE_OK;
}

/* A matrix in memory, in bytes: lines of width bytes, pitch and steps apart. */
typedef struct region {
    const arete_buffer *buffer;
    uint64_t offset, bytes, width, pitch;
    const int64_t *steps;
    uint64_t element;
} region;

static bool in_columns(const region *r, uint64_t pitch, const int64_t *batch) {
    bool in = r->pitch == pitch && r->offset % pitch + r->width <= pitch;
    for (int level = 0; level < MATMUL_LEVELS && in; ++level)
        in = batch[level] == 1 || (uint64_t)r->steps[level] * r->element % pitch == 0;
    return in;
}

/* Whether two regions may share a byte. Ranges that overlap are still apart when all lines of both are cuts of the
 * lines of one larger matrix (one pitch), in different columns; anything else counts as overlap. */
static bool may_overlap(const region *c, const region *x, const int64_t *batch) {
    if (c->buffer != x->buffer || x->bytes == 0 || c->bytes == 0)
        return false;
    if (c->offset + c->bytes <= x->offset || x->offset + x->bytes <= c->offset)
        return false;
    uint64_t pitch = c->pitch;
    if (pitch == 0 || !in_columns(c, pitch, batch) || !in_columns(x, pitch, batch))
        return true;
    uint64_t at_c = c->offset % pitch, at_x = x->offset % pitch;
    return at_c < at_x + x->width && at_x < at_c + c->width;
}

static region matrix(const arete_tensor *t, uint64_t bytes, int64_t line, int64_t ld, const int64_t *steps) {
    uint64_t element = arete_dtype_size(t->dtype);
    return (region){t->buffer, t->offset, bytes, (uint64_t)line * element, (uint64_t)ld * element, steps, element};
}

static arete_status fail_alias(const char *name, const region *c, const region *x) {
    return ar_fail(ARETE_E_ALIAS,
                   "c (bytes %llu to %llu of its buffer) overlaps %s (%llu to %llu): give c a place of "
                   "its own",
                   (ull)c->offset, (ull)(c->offset + c->bytes), name, (ull)x->offset, (ull)(x->offset + x->bytes));
}

static bool same_place(const matmul_problem *p, const arete_matmul_args *args) {
    bool same = args->cin.buffer == args->c.buffer && args->cin.offset == args->c.offset &&
                p->type_cin == p->type_c && p->ldcin == p->ldc && !p->cin_splat;
    for (int level = 0; level < MATMUL_LEVELS; ++level)
        same = same && p->step_cin[level] == p->step_c[level];
    return same;
}

static arete_status check_matrices(const matmul_problem *p, const arete_device *device,
                                   const arete_matmul_args *args) {
    arete_status status = check_place("c", args->c.buffer, args->c.offset, p->bytes_c, device);
    if (status == ARETE_OK)
        status = check_place("a", args->a.buffer, args->a.offset, p->bytes_a, device);
    if (status == ARETE_OK && args->packed_b)
        status = check_place("packed_b", args->packed_b, 0, p->bytes_b ? 1 : 0, device);
    else if (status == ARETE_OK)
        status = check_place("b", args->b.buffer, args->b.offset, p->bytes_b, device);
    if (status == ARETE_OK && p->cin == MATMUL_CIN_APART)
        status = check_place("cin", args->cin.buffer, args->cin.offset, p->bytes_cin, device);
    if (status != ARETE_OK)
        return status;
    region c = matrix(&args->c, p->bytes_c, p->n, p->ldc, p->step_c);
    region a = matrix(&args->a, p->bytes_a, p->trans_a ? p->m : p->k, p->lda, p->step_a);
    if (may_overlap(&c, &a, p->batch))
        return fail_alias("a", &c, &a);
    if (args->packed_b) {
        if (args->packed_b == args->c.buffer)
            return ar_fail(ARETE_E_ALIAS, "c.buffer is packed_b: give c a place of its own");
    } else {
        region b = matrix(&args->b, p->bytes_b, p->trans_b ? p->k : p->n, p->ldb, p->step_b);
        if (may_overlap(&c, &b, p->batch))
            return fail_alias("b", &c, &b);
    }
    if (p->cin == MATMUL_CIN_APART && !same_place(p, args)) {
        region cin = matrix(&args->cin, p->bytes_cin, p->cin_splat ? 1 : p->n, p->ldcin, p->step_cin);
        if (may_overlap(&c, &cin, p->batch))
            return ar_fail(ARETE_E_ALIAS,
                           "cin overlaps c without being c (bytes %llu and %llu of the buffer): give it "
                           "c's offset and strides, or another place",
                           (ull)cin.offset, (ull)c.offset);
    }
    return ARETE_OK;
}

static arete_status check_side(const char *name, const arete_tensor *t, int64_t count, const matmul_problem *p,
                               const arete_device *device, const arete_tensor *of_c) {
    static const int64_t no_steps[MATMUL_LEVELS];
    uint64_t bytes = (uint64_t)count * arete_dtype_size(t->dtype);
    arete_status status = check_place(name, t->buffer, t->offset, bytes, device);
    if (status != ARETE_OK)
        return status;
    region c = matrix(of_c, p->bytes_c, p->n, p->ldc, p->step_c);
    region x = matrix(t, bytes, count, 0, no_steps);
    return may_overlap(&c, &x, p->batch) ? fail_alias(name, &c, &x) : ARETE_OK;
}

arete_status ar_matmul_check_buffers(const matmul_problem *p, const arete_device *device,
                                     const arete_matmul_args *args) {
    if (ar_matmul_empty(p))
        return ARETE_OK;
    arete_status status = check_matrices(p, device, args);
    if (status == ARETE_OK && p->bias)
        status = check_side("bias", &args->bias, p->bias == MATMUL_BIAS_ROW ? p->m : p->n, p, device, &args->c);
    if (status == ARETE_OK && p->a_scale)
        status = check_side("a_scale", &args->a_scale, args->a_scale.dims[0], p, device, &args->c);
    if (status == ARETE_OK && p->a_zero)
        status = check_side("a_zero", &args->a_zero, args->a_zero.dims[0], p, device, &args->c);
    if (status == ARETE_OK && p->b_scale)
        status = check_side("b_scale", &args->b_scale, args->b_scale.dims[0], p, device, &args->c);
    if (status == ARETE_OK && p->b_zero)
        status = check_side("b_zero", &args->b_zero, args->b_zero.dims[0], p, device, &args->c);
    if (status == ARETE_OK && args->workspace &&
        (args->workspace == args->c.buffer || args->workspace == args->a.buffer ||
         args->workspace == args->b.buffer || args->workspace == args->packed_b ||
         args->workspace == args->cin.buffer))
        return ar_fail(ARETE_E_ALIAS, "workspace is the buffer of an operand: give it a buffer of its own");
    return status;
}
