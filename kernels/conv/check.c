/* The run-time half of validation: are the buffers there, here, large enough, and is Y apart from the inputs. */
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
        return ar_fail(ARETE_E_MISMATCH, "%s.buffer is on %s%s, but the plan is for %s: use a buffer of that device",
                       name, buffer->device->info.id,
                       buffer->device->context == device->context ? "" : " of another context", device->info.id);
    if (offset > buffer->bytes || bytes > buffer->bytes - offset)
        return ar_fail(ARETE_E_RANGE, "%s ends at byte %llu (offset %llu + %llu), but its buffer has %llu", name,
                       (ull)(offset + bytes), (ull)offset, (ull)bytes, (ull)buffer->bytes);
    return ARETE_OK;
}

/* Activations in memory: in each image, and evenly from image to image, one run of bytes (`across` times, `pitch`
 * apart): the channels at a position of NHWC, or the positions of all channels of NCHW. */
typedef struct region {
    const arete_buffer *buffer;
    uint64_t offset, bytes, run, pitch;
} region;

static region whole(const arete_tensor *t, uint64_t bytes) {
    return (region){t->buffer, t->offset, bytes, bytes, 0};
}

/* run and pitch where all of the tensor is runs at one pitch; pitch 0 where not. */
static region place(const conv_problem *p, const arete_tensor *t, const conv_place *at, int64_t c,
                    const int64_t *extents) {
    uint64_t size = arete_dtype_size(t->dtype), points = (uint64_t)ar_conv_volume(extents);
    region r = whole(t, at->bytes);
    if (at->channel == 1 && (p->n == 1 || (uint64_t)at->image == points * (uint64_t)at->point)) {
        r.run = (uint64_t)c * size; /* channels of a row of more channels */
        r.pitch = (uint64_t)at->point * size;
    } else if (at->point == 1 && (uint64_t)at->channel == points) {
        r.run = (uint64_t)c * points * size; /* channels of an image of more channels */
        r.pitch = (uint64_t)at->image * size;
    }
    return r;
}

/* Whether two regions may share a byte. Ranges that overlap are still apart when both are runs at one pitch, in
 * different columns; anything else counts as overlap. */
static bool may_overlap(const region *y, const region *x) {
    if (y->buffer != x->buffer || x->bytes == 0 || y->bytes == 0)
        return false;
    if (y->offset + y->bytes <= x->offset || x->offset + x->bytes <= y->offset)
        return false;
    if (y->pitch == 0 || x->pitch != y->pitch)
        return true;
    uint64_t at_y = y->offset % y->pitch, at_x = x->offset % y->pitch;
    if (at_y + y->run > y->pitch || at_x + x->run > y->pitch)
        return true;
    return at_y < at_x + x->run && at_x < at_y + y->run;
}

static arete_status check_apart(const char *name, const region *y, const region *x) {
    if (!may_overlap(y, x))
        return ARETE_OK;
    return ar_fail(ARETE_E_ALIAS,
                   "y (bytes %llu to %llu of its buffer) overlaps %s (%llu to %llu): give y a place of its own",
                   (ull)y->offset, (ull)(y->offset + y->bytes), name, (ull)x->offset, (ull)(x->offset + x->bytes));
}

static bool same_place(const conv_problem *p, const arete_conv_args *args) {
    return args->residual.buffer == args->y.buffer && args->residual.offset == args->y.offset &&
           p->type_residual == p->type_y && p->residual.image == p->y.image && p->residual.channel == p->y.channel &&
           p->residual.point == p->y.point;
}

static arete_status check_side(const char *name, const arete_tensor *t, int64_t count, const arete_device *device,
                               const region *y) {
    region x = whole(t, (uint64_t)count * arete_dtype_size(t->dtype));
    arete_status status = check_place(name, t->buffer, t->offset, x.bytes, device);
    return status == ARETE_OK ? check_apart(name, y, &x) : status;
}

static arete_status check_sides(const conv_problem *p, const arete_device *device, const arete_conv_args *args,
                                const region *y) {
    const struct {
        const char *name;
        const arete_tensor *tensor;
        int64_t count;
    } sides[] = {{"bias", &args->bias, p->type_bias ? p->m : 0},
                 {"x_scale", &args->x_scale, p->x_scale},
                 {"x_zero", &args->x_zero, p->x_zero},
                 {"w_scale", &args->w_scale, p->w_scale == CONV_EACH ? p->m : p->w_scale},
                 {"w_zero", &args->w_zero, p->w_zero == CONV_EACH ? p->m : p->w_zero},
                 {"y_scale", &args->y_scale, p->y_scale},
                 {"y_zero", &args->y_zero, p->y_zero}};
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < sizeof sides / sizeof sides[0] && status == ARETE_OK; ++i)
        if (sides[i].count)
            status = check_side(sides[i].name, sides[i].tensor, sides[i].count, device, y);
    return status;
}

static arete_status check_weights(const conv_problem *p, const arete_device *device, const arete_conv_args *args,
                                  const region *y) {
    if (args->packed_w) {
        arete_status status = check_place("packed_w", args->packed_w, 0, p->w.bytes ? 1 : 0, device);
        if (status == ARETE_OK && args->packed_w == args->y.buffer)
            status = ar_fail(ARETE_E_ALIAS, "y.buffer is packed_w: give y a place of its own");
        return status;
    }
    arete_status status = check_place("w", args->w.buffer, args->w.offset, p->w.bytes, device);
    region w = whole(&args->w, p->w.bytes);
    return status == ARETE_OK ? check_apart("w", y, &w) : status;
}

arete_status ar_conv_check_buffers(const conv_problem *p, const arete_device *device, const arete_conv_args *args) {
    if (ar_conv_empty(p))
        return ARETE_OK;
    region y = place(p, &args->y, &p->y, p->m, p->out), x = place(p, &args->x, &p->x, p->c, p->in);
    arete_status status = check_place("y", args->y.buffer, args->y.offset, p->y.bytes, device);
    if (status == ARETE_OK)
        status = check_place("x", args->x.buffer, args->x.offset, p->x.bytes, device);
    if (status == ARETE_OK)
        status = check_apart("x", &y, &x);
    if (status == ARETE_OK)
        status = check_weights(p, device, args, &y);
    if (status == ARETE_OK && p->type_residual) {
        region r = place(p, &args->residual, &p->residual, p->m, p->out);
        status = check_place("residual", args->residual.buffer, args->residual.offset, p->residual.bytes, device);
        if (status == ARETE_OK && !same_place(p, args) && may_overlap(&y, &r))
            status = ar_fail(ARETE_E_ALIAS,
                             "residual overlaps y without being y (bytes %llu and %llu of the buffer): give it y's "
                             "offset and strides, or another place",
                             (ull)r.offset, (ull)y.offset);
    }
    if (status == ARETE_OK)
        status = check_sides(p, device, args, &y);
    if (status == ARETE_OK && args->workspace &&
        (args->workspace == args->y.buffer || args->workspace == args->x.buffer ||
         args->workspace == args->w.buffer || args->workspace == args->packed_w ||
         args->workspace == args->residual.buffer))
        return ar_fail(ARETE_E_ALIAS, "workspace is the buffer of an operand: give it a buffer of its own");
    return status;
}
