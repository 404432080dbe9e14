/* cpu_direct: output channels along the lanes, positions broadcast from a padded copy of x, or from x
 * (cpu_direct.cl). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solver_cpu.h"

enum { ROWS, COLUMNS, BLOCKS };
static const char *const names[] = {"rows", "columns", "blocks", NULL};

#define EXACT_TERMS 256  /* products of int8 less a zero point, of at most 255 * 255, that f32 sums exactly */
#define MAX_STRIP 393216 /* reals: 1.5 MB; a worker thread's stack has 8 MB where it is small */
#define GOOD_STRIP 98304 /* leaves room in a second cache of 512 KB and more */

/* Tiles of a strip: th x tw, and what remains to the right (rw wide) or below (rh high). */
typedef struct tiles {
    int64_t tw, th, rw, rh;
} tiles;

/* Vectors of channels in a block: 3 where pairs would leave half a pair empty of a few (33 .. 48
 * channels, 129 .. 144) and there are registers for 27 sums, else 2. */
static int64_t vectors_of(const conv_problem *p, const arete_device *device) {
    int64_t vec = ar_conv_vec(device), vectors = ar_conv_ceil(ar_conv_group_m(p), vec);
    return vec == 16 && vectors % 2 == 1 && vectors % 3 == 0 && vectors <= 9 ? 3 : 2;
}

static tiles tiles_of(const conv_problem *view, const arete_device *device) {
    int64_t most = ar_conv_tile_rows(device) * 2 / vectors_of(view, device);
    int64_t width = view->out[2], height = view->out[1];
    if (width > most / 2 || height == 1) {
        int64_t tw = ar_conv_ceil(width, ar_conv_ceil(width, most));
        return (tiles){tw, 1, width % tw, 0};
    }
    int64_t th = most / width < height ? most / width : height;
    return (tiles){width, th, 0, height % th};
}

/* What the kernel makes: without the outputs around that see nothing but padding. Returns the position, in the
 * plane of all outputs, that is left as the first; *border: whether there is anything around. */
static int64_t inside_of(const conv_problem *p, conv_problem *view, bool *border) {
    int64_t first[CONV_AXES], out[CONV_AXES];
    ar_conv_cpu_view(p, view);
    *border = false;
    for (int i = 0; i < CONV_AXES; ++i) {
        int64_t reach = (p->kernel[i] - 1) * p->dilation[i], stride = p->stride[i], before = p->pad[i] - reach;
        int64_t after = p->in[i] + p->pad[i];
        first[i] = before > 0 ? ar_conv_ceil(before, stride) : 0;
        out[i] = ar_conv_ceil(after < 0 ? 0 : after, stride);
        out[i] = (out[i] < p->out[i] ? out[i] : p->out[i]) - first[i];
        *border = *border || out[i] < p->out[i];
        if (out[i] <= 0) {
            *border = false;
            return 0;
        }
    }
    if (!*border)
        return 0;
    for (int i = 0; i < CONV_AXES; ++i) {
        view->out[i] = out[i];
        view->pad[i] -= first[i] * p->stride[i];
    }
    return (first[0] * p->out[1] + first[1]) * p->out[2] + first[2];
}

static void view_of(const void *problem, conv_problem *view) {
    bool border;
    inside_of(problem, view, &border);
}

/* Outputs at the ends of a row that see padding. */
typedef struct edges {
    int64_t left, right;
} edges;

static edges edges_of(const conv_problem *v) {
    int64_t stride = v->stride[2], before = v->pad[2];
    int64_t behind = (v->out[2] - 1) * stride + (v->kernel[2] - 1) * v->dilation[2] - before - (v->in[2] - 1);
    return (edges){before > 0 ? ar_conv_ceil(before, stride) : 0, behind > 0 ? ar_conv_ceil(behind, stride) : 0};
}

/* Without products with padding: a pass over the channels for each tap along the width, which is long enough, in
 * tiles of one or two rows of which the first and the last of a row see the padding. */
enum { EXACT_STEPS = 40, EXACT_TAPS = 7 };
static bool exact(const conv_problem *v, const arete_device *device) {
    tiles t = tiles_of(v, device);
    edges e = edges_of(v);
    return t.th <= 2 && v->kernel[2] > 1 && v->kernel[2] <= EXACT_TAPS && e.left + e.right > 0 && e.left <= t.tw &&
           e.right <= (t.rw ? t.rw : t.tw) && ar_conv_group_c(v) * v->kernel[0] * v->kernel[1] >= EXACT_STEPS;
}

/* x is read where it lies: nothing to convert or to turn, and nothing to pad but what exact tiles leave out. A copy
 * costs 3x3 with stride 2 a tenth of its time, with stride 1 2 to 5%, and 5x5 over 7x7 19%. */
static bool in_place(const conv_problem *v, const arete_device *device) {
    if (v->type_x != ARETE_F32 || v->x.point != 1)
        return false;
    int64_t last = (v->out[0] - 1) * v->stride[0] + (v->kernel[0] - 1) * v->dilation[0] - v->pad[0];
    return ar_conv_cpu_unpadded(v) || (exact(v, device) && v->pad[0] <= 0 && last < v->in[0]);
}

static int64_t strip_size(const conv_problem *v, int64_t rows, int64_t columns) {
    int64_t wide = (columns - 1) * v->stride[2] + (v->kernel[2] - 1) * v->dilation[2] + 1;
    int64_t high = v->kernel[1] == 1 ? rows : (rows - 1) * v->stride[1] + (v->kernel[1] - 1) * v->dilation[1] + 1;
    double size = (double)wide * (double)high * (double)v->kernel[0] * (double)ar_conv_group_c(v);
    return size > 1e15 ? INT64_MAX : (int64_t)size;
}

static int64_t smallest(const conv_problem *v, const arete_device *device) {
    tiles t = tiles_of(v, device);
    return strip_size(v, t.th, t.tw > v->out[2] ? v->out[2] : t.tw);
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const conv_problem *p = problem;
    if (!ar_conv_cpu_gathers(p, device, why))
        return false;
    *why = "int8 with a kernel of more than 256 taps";
    if (ar_conv_is_int8(p->type_x) && ar_conv_volume(p->kernel) > EXACT_TERMS)
        return false;
    conv_problem view;
    view_of(p, &view);
    *why = "stride, dilation or kernel beyond 2^20";
    for (int i = 0; i < CONV_AXES; ++i)
        if (p->stride[i] > 1 << 20 || p->dilation[i] > 1 << 20 || p->kernel[i] > 1 << 20)
            return false;
    *why = "the inputs of one tile pass 1.5 MB";
    return in_place(&view, device) || smallest(&view, device) + 64 <= MAX_STRIP;
}

/* Of `taps` taps over the outputs of an axis in tiles of `step`: the part that meets an input from any of a tile's.
 */
static double axis_met(const conv_problem *v, int axis, int64_t step) {
    double met = 0;
    for (int64_t o = 0; o < v->out[axis]; o += step) {
        int64_t count = v->out[axis] - o < step ? v->out[axis] - o : step, low = o * v->stride[axis] - v->pad[axis],
                taps = 0;
        for (int64_t r = 0; r < v->kernel[axis]; ++r)
            taps += low + (count - 1) * v->stride[axis] + r * v->dilation[axis] >= 0 &&
                    low + r * v->dilation[axis] < v->in[axis];
        met += (double)(taps * count);
    }
    return met / ((double)v->out[axis] * (double)v->kernel[axis]);
}

/* The part of the products that tiles do not leave out. */
static double part_met(const conv_problem *v, const arete_device *device) {
    if (exact(v, device))
        return axis_met(v, 1, 1) * axis_met(v, 2, 1);
    return v->kernel[1] == 1 ? 1 : axis_met(v, 1, tiles_of(v, device).th);
}

static int64_t block_count(const conv_problem *p, const arete_device *device) {
    return ar_conv_ceil(ar_conv_group_m(p), vectors_of(p, device) * ar_conv_vec(device));
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    conv_problem v;
    view_of(problem, &v);
    tiles t = tiles_of(&v, device);
    const int64_t *n = params->value;
    *why = "rows must be a multiple of a tile's";
    if (n[ROWS] < 1 || n[ROWS] > 1 << 24 || n[ROWS] % t.th != 0)
        return false;
    *why = "columns must be a multiple of a tile's";
    if (n[COLUMNS] < 1 || n[COLUMNS] > INT32_MAX || n[COLUMNS] % t.tw != 0)
        return false;
    *why = "blocks must be 1 or more";
    if (n[BLOCKS] < 1 || n[BLOCKS] > 1 << 24)
        return false;
    *why = "the strip passes 1.5 MB of private memory";
    int64_t rows = n[ROWS] < v.out[1] ? n[ROWS] : v.out[1], columns = n[COLUMNS] < v.out[2] ? n[COLUMNS] : v.out[2];
    return in_place(&v, device) || strip_size(&v, rows, columns) + 64 <= MAX_STRIP;
}

/* Fma of one block of channels over rows x columns: whole tiles, with the small ones' unhidden latency. */
static double tile_fmas(const conv_problem *v, tiles t, double nv, double rows, double columns) {
    double across = floor(columns / (double)t.tw), down = floor(rows / (double)t.th);
    double main = fmax((double)(t.tw * t.th) * nv, 10), rest = 0;
    if (t.rw && columns > across * (double)t.tw)
        rest = down * fmax((double)(t.rw * t.th) * nv, 10);
    if (t.rh && rows > down * (double)t.th)
        rest = across * fmax((double)(t.tw * t.rh) * nv, 10);
    return (across * down * main + rest) * (double)ar_conv_k(v);
}

/* Slots of a group that makes `blocks` blocks of a strip. Copying moves a vector in about 4 slots and a row in 12;
 * weights beyond the second cache come at some 3 bytes a slot where few tiles share them. */
static double group_slots(const conv_problem *v, const arete_device *device, const int64_t *n) {
    tiles t = tiles_of(v, device);
    double rows = fmin((double)n[ROWS], (double)v->out[1]), columns = fmin((double)n[COLUMNS], (double)v->out[2]);
    double blocks = fmin((double)n[BLOCKS], (double)block_count(v, device)), lanes = (double)ar_conv_vec(device);
    double nv = (double)vectors_of(v, device);
    /* Rows of y that do not begin with a line of the cache: each vector ends up in two. */
    bool astride = !ar_conv_cpu_pointwise(v) && v->out[2] % ar_conv_vec(device) != 0;
    double store = (v->y.point != 1 ? 3 : CONV_SLOTS_STORE + (astride ? 9 : 0)) * nv * rows * columns;
    double weights = (double)ar_conv_k(v) * nv * lanes * 4;
    double each = fmax(1.01 * tile_fmas(v, t, nv, rows, columns) * part_met(v, device), weights / 10) + store;
    if (weights * (double)block_count(v, device) > 8e6)
        each = fmax(each, weights / 5);
    double copy = 0;
    if (!in_place(v, device)) {
        double high = v->kernel[1] == 1 ? rows : (rows - 1) * (double)v->stride[1] + (double)v->kernel[1];
        double wide = (columns - 1) * (double)v->stride[2] + (double)v->kernel[2];
        copy = (double)(ar_conv_group_c(v) * v->kernel[0]) * high * (12 + wide * (v->x.point == 1 ? 4 / lanes : 4));
    }
    /* Strips that end within a line of y may be two units' business, line by line: seldom, as units take runs of
     * groups. */
    bool split = rows < (double)v->out[1] || columns < (double)v->out[2];
    double ends = columns < (double)v->out[2] ? rows : 1, shared = 0;
    if (split && v->y.point == 1 && (columns < (double)v->out[2] || (int64_t)(rows * columns) % 16 != 0))
        shared = 10 * ends * nv * lanes;
    return blocks * (each + shared) + copy;
}

/* Whole parts of an axis, and what is left over. */
static void cut(int64_t extent, int64_t part, int64_t count[2], int64_t size[2]) {
    count[0] = extent / part;
    count[1] = extent % part > 0;
    size[0] = part;
    size[1] = extent % part;
}

static double slots(const conv_problem *v, const arete_device *device, const int64_t *n) {
    int64_t rows[2], columns[2], blocks[2], high[2], wide[2], deep[2];
    double each = 0, all = 0, groups = 0, alike = (double)(v->out[0] * v->n * v->groups);
    cut(v->out[1], n[ROWS], rows, high);
    cut(v->out[2], n[COLUMNS], columns, wide);
    cut(block_count(v, device), n[BLOCKS], blocks, deep);
    for (int i = 0; i < 8; ++i) {
        int r = i & 1, c = i >> 1 & 1, b = i >> 2;
        double count = (double)(rows[r] * columns[c] * blocks[b]) * alike;
        if (count <= 0)
            continue;
        double one = group_slots(v, device, (int64_t[]){high[r], wide[c], deep[b]});
        each = fmax(each, one);
        all += count * one;
        groups += count;
    }
    return ar_conv_cpu_busiest(device, groups, each, all);
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    static const int64_t parts[] = {1, 2, 4, 8, 16, 32};
    enum { PARTS = sizeof parts / sizeof parts[0] };
    conv_problem v;
    view_of(problem, &v);
    tiles t = tiles_of(&v, device);
    int64_t down = ar_conv_ceil(v.out[1], t.th), across = ar_conv_ceil(v.out[2], t.tw);
    int64_t blocks = block_count(&v, device);
    for (size_t b = 0; b < PARTS && (b == 0 || parts[b - 1] < blocks); ++b) {
        for (size_t r = 0; r < PARTS && (r == 0 || parts[r - 1] < down); ++r) {
            for (size_t c = 0; c < PARTS && (c == 0 || parts[c - 1] < across); ++c) {
                const char *why;
                *params = (ar_params){{t.th * ar_conv_ceil(down, parts[r]), t.tw * ar_conv_ceil(across, parts[c]),
                                       ar_conv_ceil(blocks, parts[b])}};
                if (accepts(problem, device, params, &why) && index-- == 0)
                    return true;
            }
        }
    }
    return false;
}

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    conv_problem v;
    view_of(problem, &v);
    tiles t = tiles_of(&v, device);
    double best = INFINITY;
    ar_params one;
    *params = (ar_params){{t.th, t.tw, 1}};
    for (size_t i = 0; candidate(problem, device, i, &one); ++i) {
        int64_t rows = one.value[ROWS] < v.out[1] ? one.value[ROWS] : v.out[1];
        int64_t columns = one.value[COLUMNS] < v.out[2] ? one.value[COLUMNS] : v.out[2];
        double cost = slots(&v, device, one.value);
        if (!in_place(&v, device) && strip_size(&v, rows, columns) > GOOD_STRIP)
            cost *= 1.04;
        if (cost < best) {
            best = cost;
            *params = one;
        }
    }
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const conv_problem *p = problem;
    if (!ar_conv_cpu_home(device))
        return INFINITY;
    conv_problem v;
    view_of(p, &v);
    double seconds = ar_conv_cpu_seconds(p, device, roofs, slots(&v, device, params->value), 1);
    if (p->prepack)
        return seconds;
    double bytes =
        2 * 4 *
        (double)(block_count(p, device) * vectors_of(p, device) * ar_conv_vec(device) * p->groups * ar_conv_k(p));
    return seconds + 4 * bytes / (roofs->bandwidth > 0 ? roofs->bandwidth : 1e10) + roofs->sync_seconds;
}

/* From there on, lines of x that lie planes apart come late: 64 to 64 channels at 224x224 then take 8% longer. */
#define FAR_BYTES (8 << 20)
static void add_exact(const conv_problem *v, tiles t, char *options, size_t bytes) {
    size_t at = strlen(options);
    int64_t room = v->in[2] - 1 - ((v->out[2] - 1) * v->stride[2] - v->pad[2]);
    bool far = 4 * (double)ar_conv_group_c(v) * (double)ar_conv_volume(v->in) > FAR_BYTES;
    snprintf(options + at, bytes - at,
             " -DEXACT=1 -DACROSS=%d -DTAPS_X=%d -DDILATION_X=%d -DPAD_X=%d -DROOM_X=%d -DX_FAR=%d",
             t.tw == v->out[2], (int)v->kernel[2], (int)v->dilation[2], (int)v->pad[2], (int)room, far);
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    const int64_t *n = plan->params.value;
    conv_problem v;
    bool border;
    inside_of(p, &v, &border);
    tiles t = tiles_of(&v, plan->device);
    int64_t vec = ar_conv_vec(plan->device), blocks = block_count(p, plan->device);
    int64_t nv = vectors_of(p, plan->device);
    int64_t rows = n[ROWS] < v.out[1] ? n[ROWS] : v.out[1], columns = n[COLUMNS] < v.out[2] ? n[COLUMNS] : v.out[2];
    bool lies = in_place(&v, plan->device);
    char options[768], layout[64];
    size_t at = ar_conv_options(p, vec, options, sizeof options);
    int chunk = ar_conv_is_int8(p->type_x) ? (int)(EXACT_TERMS / ar_conv_volume(v.kernel)) : 1;
    snprintf(options + at, sizeof options - at,
             " -DX_LAST=%d -DY_LAST=%d -DNV=%d -DTW=%d -DTH=%d -DRW=%d -DRH=%d -DSW=%d -DONE_TAP=%d -DBORDER=%d "
             "-DCHUNK=%d -DSTRIP_MAX=%d",
             p->x.point != 1, p->y.point != 1, (int)nv, (int)t.tw, (int)t.th, (int)t.rw, (int)t.rh,
             (int)v.stride[2], ar_conv_volume(v.kernel) == 1, border, chunk,
             lies ? 0 : (int)ar_conv_cpu_room(strip_size(&v, rows, columns) + 64));
    if (exact(&v, plan->device))
        add_exact(&v, t, options, sizeof options);
    arete_status status =
        ar_kernel_get(plan->device, &ar_source_conv_cpu_direct, options, "conv_cpu_direct", &plan->kernels[0]);
    if (status != ARETE_OK)
        return status;
    int64_t strips = v.out[0] * ar_conv_ceil(v.out[1], n[ROWS]) * ar_conv_ceil(v.out[2], n[COLUMNS]);
    conv_cpu_state state = {
        .packed_bytes = (uint64_t)(blocks * nv * vec * p->groups * ar_conv_k(p)) * 4,
        .panel = nv * vec,
        .channels = 16,
        .pack_global = {(size_t)blocks, (size_t)ar_conv_ceil(ar_conv_group_c(p), 16), (size_t)p->groups},
        .global = {{(size_t)strips, (size_t)ar_conv_ceil(blocks, n[BLOCKS]), (size_t)(p->n * p->groups)}},
    };
    double positions = (double)ar_conv_volume(v.out) * (double)(p->n * p->groups);
    plan->cost.flops_executed =
        2 * positions * (double)ar_conv_k(p) * part_met(&v, plan->device) * (double)(blocks * nv * vec);
    snprintf(layout, sizeof layout, "panel=%d by_column=%d", (int)state.panel, exact(&v, plan->device));
    at = ar_conv_cpu_pack_options(p, vec, options, sizeof options);
    snprintf(options + at, sizeof options - at, " -DBY_COLUMN=%d", exact(&v, plan->device));
    return ar_conv_cpu_state(plan, &state, &ar_source_conv_cpu_pack, options, "conv_cpu_pack", layout, 0);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    conv_cpu_run run;
    arete_status status = ar_conv_cpu_begin(plan, queue, of, after, &run);
    if (status != ARETE_OK)
        return status;
    conv_problem v;
    bool border;
    int64_t first = inside_of(ar_plan_problem(plan), &v, &border);
    const int64_t *n = plan->params.value, longs[] = {n[ROWS], n[COLUMNS], n[BLOCKS], first};
    if (border) {
        memcpy(run.block.out, v.out, sizeof v.out);
        memcpy(run.block.pad, v.pad, sizeof v.pad);
        run.block.y_offset += first * v.y.point;
        run.block.r_offset += first * v.residual.point;
    }
    return ar_conv_cpu_launch(plan, queue, &run, longs, 4, done);
}

const ar_solver ar_conv_cpu_direct = {
    .name = "cpu_direct",
    .param_names = names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
