#include "ladder.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "os.h"

/* A sample lasts about so long. */
#define SAMPLE_SECONDS 0.003
#define SCALE 0.75f

enum { UNROLL = 8, CPU_ITEMS = 8, GPU_ITEMS = 1024 };

const char *ar_memory_op_name(ar_memory_op op) {
    static const char *const names[] = {"read", "write", "copy", "triad", "copy_past"};
    return names[op];
}

size_t ar_memory_widths(const ar_bench_device *on, uint32_t *widths) {
    uint32_t native = on->info->vector_f32 > 1 ? on->info->vector_f32 : 1;
    widths[0] = on->cpu ? native : 4;
    widths[1] = on->cpu ? 4 : 1; /* narrow reads keep more of them under way on some CPUs */
    return widths[0] == widths[1] ? 1 : 2;
}

/* How a kernel goes over its set. */
typedef struct plan {
    ar_memory_op op;
    uint32_t width;
    size_t items, group;
    int32_t span, passes;
    size_t launches;  /* a sample's */
    uint64_t vectors; /* of one array */
    double bytes;     /* moved by one pass of one launch */
    ar_arg args[7];
    uint32_t arg_count;
    ar_launch launch;
} plan;

/* Arrays that an operation goes over, and how many of them are moved for each element. */
static uint32_t arrays_of(ar_memory_op op) {
    static const uint32_t arrays[] = {1, 1, 2, 3, 2};
    return arrays[op];
}

/* Work-items and how many share the set. Beyond the last cache a launch goes over it once: work-items that began
 * again at once would find their own share in the cache. */
static void cut(const ar_bench_device *on, uint64_t working_set, plan *p) {
    bool far = working_set > on->cache / 2;
    size_t units = on->info->compute_units;
    p->group = ar_group_size(on, 256);
    p->items = on->cpu ? (far ? CPU_ITEMS : 1) * units : units * GPU_ITEMS;
    p->items = p->items / p->group * p->group;
    uint64_t vectors = working_set / arrays_of(p->op) / (4 * p->width);
    p->span = (int32_t)p->items;
    if (vectors < (uint64_t)UNROLL * p->items && p->op == AR_READ)
        p->span = (int32_t)p->group; /* each group, on CPUs each work-item, reads it all */
    p->vectors = vectors / (UNROLL * (uint64_t)p->span) * (UNROLL * (uint64_t)p->span);
    double sharers = p->op == AR_READ ? (double)p->items / p->span : 1;
    p->bytes = (double)p->vectors * 4 * p->width * arrays_of(p->op) * sharers;
    double rate = on->cpu ? 50e9 * (far ? 1 : (double)units)
                  : far   ? 1e12
                          : 5e12; /* a guess, for the number of passes */
    double passes = p->bytes > 0 ? ceil(SAMPLE_SECONDS * rate / p->bytes) : 1;
    p->launches = far ? (size_t)fmin(fmax(passes, 1), 256) : 1;
    p->passes = far ? 1 : (int32_t)fmin(passes, 1 << 20) | 1; /* odd */
}

static arete_status prepare(const ar_bench_device *on, ar_memory_op op, uint64_t working_set, uint32_t width,
                            plan *p) {
    const ar_kernel *kernel;
    memset(p, 0, sizeof *p);
    p->op = op;
    p->width = width;
    cut(on, working_set, p);
    arete_status status = ar_memory_kernel(on, width, ar_memory_op_name(op), &kernel);
    if (status != ARETE_OK)
        return status;
    ar_arg sizes[3] = {AR_I64((int64_t)p->vectors), AR_I32(p->passes), AR_I32(p->span)};
    if (op == AR_WRITE) {
        p->args[p->arg_count++] = AR_BUFFER(on->to);
        p->args[p->arg_count++] = AR_I32(12345);
    } else {
        p->args[p->arg_count++] = AR_BUFFER(on->from);
        p->args[p->arg_count++] = AR_BUFFER(on->to);
    }
    for (int i = 0; i < 3; i++)
        p->args[p->arg_count++] = sizes[i];
    if (op == AR_TRIAD) {
        p->args[p->arg_count++] = AR_I64((int64_t)(p->vectors * width));
        p->args[p->arg_count++] = AR_F32(SCALE);
    }
    p->launch = ar_launch_of(kernel, p->args, p->arg_count, (ar_shape){width, p->items, p->group});
    return ARETE_OK;
}

arete_status ar_memory_launch(const ar_bench_device *on, ar_memory_op op, uint64_t working_set, uint32_t width,
                              ar_arg *args, ar_launch *launch, double *traffic) {
    plan p;
    arete_status status = prepare(on, op, working_set, width, &p);
    *traffic = 0;
    if (status != ARETE_OK || p.vectors == 0)
        return status;
    memcpy(args, p.args, p.arg_count * sizeof *args);
    *launch = p.launch;
    launch->args = args;
    *traffic = p.bytes * p.passes;
    return ARETE_OK;
}

static uint32_t expected_xor(ar_memory_oracle *oracle, uint64_t count) {
    if (oracle->alike)
        return 0; /* an even number of equal words */
    if (count < oracle->count)
        oracle->count = oracle->value = 0;
    uint32_t value = oracle->value;
    for (uint64_t i = oracle->count; i < count; i++)
        value ^= ar_filled(i);
    oracle->count = count;
    oracle->value = value;
    return value;
}

/* The work-items' results: the xor of all of them is the xor of the set. */
static arete_status check_read(const ar_bench_device *on, const plan *p, ar_memory_oracle *oracle) {
    size_t words = (size_t)p->span * p->width;
    uint32_t *got = ar_os_alloc(words * sizeof *got), is = 0;
    if (!got)
        return ar_fail_memory("results", words * sizeof *got);
    arete_status status = arete_queue_read(on->queue, on->to, 0, words * sizeof *got, got, ARETE_WAIT_NONE, NULL);
    for (size_t i = 0; i < words; i++)
        is ^= got[i];
    ar_os_free(got);
    uint32_t want = expected_xor(oracle, p->vectors * p->width);
    if (status == ARETE_OK && is != want)
        status = ar_fail(ARETE_E_DEVICE, "the xor of %llu words read is %08x, but they hold %08x",
                         (unsigned long long)(p->vectors * p->width), is, want);
    return status;
}

static float as_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t data_at(const ar_memory_oracle *oracle, uint64_t i) {
    return oracle->alike ? 0x3f400000u : ar_filled(i);
}

/* Some of the words that were written. */
static arete_status check_written(const ar_bench_device *on, const plan *p, const ar_memory_oracle *oracle) {
    uint64_t words = p->vectors * p->width, at[3] = {0, words / 2 + 1, words - 1};
    arete_status status = ARETE_OK;
    for (int i = 0; i < 3 && status == ARETE_OK; i++) {
        uint32_t got = 0, last = (uint32_t)p->passes - 1;
        status = arete_queue_read(on->queue, on->to, 4 * at[i], 4, &got, ARETE_WAIT_NONE, NULL);
        if (status != ARETE_OK)
            break;
        bool right = p->op == AR_WRITE ? got == 12345u + last : got == (data_at(oracle, at[i]) ^ last);
        if (p->op == AR_TRIAD) {
            float scale = SCALE + (float)last, b = as_float(data_at(oracle, at[i]));
            right = as_float(got) == fmaf(scale, as_float(data_at(oracle, at[i] + words)), b);
        }
        if (!right)
            status = ar_fail(ARETE_E_DEVICE, "%s: word %llu holds %08x, which is wrong", ar_memory_op_name(p->op),
                             (unsigned long long)at[i], got);
    }
    return status;
}

typedef struct timed {
    const ar_bench_device *on;
    const plan *plan;
} timed;

static arete_status sample(void *state, double *seconds) {
    const timed *of = state;
    return ar_time_launches(of->on->queue, &of->plan->launch, of->plan->launches, seconds);
}

arete_status ar_memory_measure(const ar_bench_device *on, ar_memory_op op, uint64_t working_set, uint32_t width,
                               const ar_series_rule *rule, ar_memory_oracle *oracle, ar_probe_result *result) {
    plan p;
    arete_status status = prepare(on, op, working_set, width, &p);
    if (status == ARETE_OK && p.vectors == 0)
        status = ar_fail(ARETE_E_UNSUPPORTED, "too small to be split over %zu work-items", p.items);
    if (status == ARETE_OK) {
        timed state = {on, &p};
        ar_sampler sampler = {&state, sample};
        status = ar_series_take(rule, &sampler, 1, &result->series);
    }
    if (status == ARETE_OK)
        status = op == AR_READ ? check_read(on, &p, oracle) : check_written(on, &p, oracle);
    if (status != ARETE_OK) {
        ar_result_fail(result);
        return status;
    }
    result->amount = p.bytes * p.passes * (double)p.launches;
    ar_result_settle(result);
    return ARETE_OK;
}

/* A fall by a tenth or more, in steps of 3% or more each, is a knee; it lies where the steepest step is. */
size_t ar_find_knees(const uint64_t *sizes, const double *rates, size_t count, ar_knee *knees, size_t room) {
    size_t found = 0;
    for (size_t i = 0; i + 1 < count && found < room; i++) {
        size_t last = i;
        while (last + 1 < count && rates[last + 1] < 0.97 * rates[last])
            last++;
        if (last == i)
            continue;
        if (rates[last] < 0.9 * rates[i]) {
            size_t steepest = i;
            for (size_t j = i; j < last; j++)
                if (rates[j + 1] / rates[j] < rates[steepest + 1] / rates[steepest])
                    steepest = j;
            knees[found++] = (ar_knee){sizes[steepest], sizes[steepest + 1], rates[i], rates[last]};
        }
        i = last - 1;
    }
    return found;
}
