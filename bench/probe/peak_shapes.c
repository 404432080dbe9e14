/* Which shapes of the loop are tried on which device. */
#include <stdio.h>
#include <string.h>

#include "peak.h"

const char *ar_peak_type_name(ar_peak_type type) {
    return arete_unit_name(ar_peak_unit(type));
}

arete_unit ar_peak_unit(ar_peak_type type) {
    static const arete_unit units[AR_PEAK_TYPES] = {ARETE_UNIT_F32, ARETE_UNIT_F64, ARETE_UNIT_F16,
                                                    ARETE_UNIT_INT8};
    return units[type];
}

const char *ar_peak_absent(const arete_device_info *info, ar_peak_type type) {
    if (type == AR_PEAK_F64 && !info->has_f64)
        return "the driver has no f64 arithmetic (cl_khr_fp64)";
    /* NVIDIA's OpenCL computes in half without saying so. */
    if (type == AR_PEAK_F16 && !info->has_f16 && info->compute_capability < 53)
        return "the driver has no f16 arithmetic (cl_khr_fp16); f16 is storage here, computed in f32";
    return NULL;
}

double ar_peak_step_operations(const ar_peak_shape *shape) {
    static const double int8[] = {8, 4, 2};
    return (shape->type == AR_PEAK_INT8 ? int8[shape->form] : 2) * shape->width * shape->chains;
}

void ar_peak_shape_text(const ar_peak_shape *shape, char *text, size_t bytes) {
    static const char *const forms[] = {"chain", "sum", "unfused"}, *const int8[] = {"dot4", "pairs", "widen"};
    snprintf(text, bytes, "%ux%u %s, groups of %zu", shape->width, shape->chains,
             (shape->type == AR_PEAK_INT8 ? int8 : forms)[shape->form], shape->group);
}

typedef struct list {
    const ar_bench_device *on;
    ar_peak_type type;
    ar_peak_shape *shapes;
    size_t count, room;
} list;

/* A work-item to a group, some for each compute unit. */
static void add_wide(list *to, uint32_t width, uint32_t chains, int form) {
    size_t items = 4u * to->on->info->compute_units;
    if (to->count < to->room && width >= 1 && width <= 16)
        to->shapes[to->count++] = (ar_peak_shape){to->type, form, width, chains, items, 1};
}

/* Groups of many work-items. On CPUs only few: they are run one after another there. */
static void add_many(list *to, uint32_t width, uint32_t chains, int form, size_t group) {
    size_t most = to->on->info->max_group_size ? to->on->info->max_group_size : 1, each = to->on->cpu ? 4 : 8;
    group = group < most ? group : most;
    if (to->count < to->room)
        to->shapes[to->count++] =
            (ar_peak_shape){to->type,
                            form,
                            width,
                            chains,
                            to->on->info->compute_units * each * (256 / group ? 256 / group : 1) * group,
                            group};
}

static void float_shapes(list *to, uint32_t native, ar_peak_effort effort) {
    bool cpu = to->on->cpu;
    if (cpu) {
        add_wide(to, native, 12, AR_PEAK_CHAIN);
        add_wide(to, native, 12, AR_PEAK_SUM);
        if (effort == AR_PEAK_FEW)
            return;
        add_wide(to, native / 2, 12, AR_PEAK_CHAIN);
        if (effort == AR_PEAK_QUICK)
            return;
        add_wide(to, native, 4, AR_PEAK_CHAIN);
        add_wide(to, native, 8, AR_PEAK_CHAIN);
        add_wide(to, native, 16, AR_PEAK_CHAIN);
        add_wide(to, native, 12, AR_PEAK_UNFUSED);
        add_wide(to, 2 * native, 6, AR_PEAK_CHAIN);
        add_wide(to, 1, 12, AR_PEAK_CHAIN);
        add_many(to, 1, 8, AR_PEAK_CHAIN, 64);
        add_many(to, 4, 4, AR_PEAK_CHAIN, 64);
        return;
    }
    add_many(to, native, 8, AR_PEAK_CHAIN, 256);
    add_many(to, 4, 4, AR_PEAK_CHAIN, 256);
    if (effort == AR_PEAK_FEW)
        return;
    add_many(to, 1, 16, AR_PEAK_SUM, 256);
    add_many(to, 2, 8, AR_PEAK_CHAIN, 256);
    if (effort == AR_PEAK_QUICK)
        return;
    add_many(to, 1, 4, AR_PEAK_CHAIN, 256);
    add_many(to, 1, 16, AR_PEAK_CHAIN, 256);
    add_many(to, 1, 8, AR_PEAK_CHAIN, 64);
    add_many(to, 4, 8, AR_PEAK_CHAIN, 256);
    add_many(to, 1, 8, AR_PEAK_UNFUSED, 256);
    add_wide(to, 4, 12, AR_PEAK_CHAIN);
}

static bool has_dot4(const arete_device_info *info) {
    return info->compute_capability >= 61 || strstr(info->extensions, "cl_khr_integer_dot_product");
}

static void int8_shapes(list *to, ar_peak_effort effort) {
    const arete_device_info *info = to->on->info;
    uint32_t native = to->on->cpu && info->vector_f32 > 1 ? info->vector_f32 : to->on->cpu ? 4 : 1;
    bool cpu = to->on->cpu;
    if (has_dot4(info))
        add_many(to, 1, 8, AR_PEAK_DOT4, cpu ? 64 : 256);
    if (cpu) {
        add_wide(to, native < 8 ? native : 8, 12, AR_PEAK_PAIRS);
        add_wide(to, native, 12, AR_PEAK_WIDEN);
        if (effort == AR_PEAK_ALL)
            add_wide(to, native < 8 ? native : 8, 6, AR_PEAK_PAIRS);
    } else {
        add_many(to, 1, 8, AR_PEAK_WIDEN, 256);
        if (effort == AR_PEAK_ALL)
            add_many(to, 1, 8, AR_PEAK_PAIRS, 256);
    }
}

size_t ar_peak_shapes(const ar_bench_device *on, ar_peak_type type, ar_peak_effort effort, ar_peak_shape *shapes,
                      size_t room) {
    list to = {.on = on, .type = type, .shapes = shapes, .room = room};
    uint32_t lanes = type == AR_PEAK_F64 ? on->info->vector_f64 : on->info->vector_f32;
    if (type == AR_PEAK_F16)
        lanes = on->cpu ? 2 * lanes : 2;
    if (type == AR_PEAK_INT8)
        int8_shapes(&to, effort);
    else
        float_shapes(&to, lanes < 1 ? 1 : lanes > 16 ? 16 : lanes, effort);
    return to.count;
}
