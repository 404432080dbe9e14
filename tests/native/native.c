#define _GNU_SOURCE /* affinity */
#include "native.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* The widest vector that the compiler was told of (-march=native). */
#if defined(__AVX512F__)
enum { VECTOR = 64 };
#elif defined(__AVX__)
enum { VECTOR = 32 };
#else
enum { VECTOR = 16 };
#endif

typedef float vf __attribute__((vector_size(VECTOR)));
typedef double vd __attribute__((vector_size(VECTOR)));
typedef uint32_t vu __attribute__((vector_size(VECTOR)));
typedef float nf __attribute__((vector_size(16))); /* narrow: more reads under way on some CPUs */
typedef uint32_t nu __attribute__((vector_size(16)));

size_t native_lanes_f32(void) {
    return VECTOR / sizeof(float);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Unknown to the compiler. */
static volatile float factor_f32 = -0.99999619f, addend_f32 = 0.7f;
static volatile double factor_f64 = -0.99999619, addend_f64 = 0.7;

/* Twelve chains by name: arrays may not stay in registers. a * f + c is fused (-ffp-contract=fast). */
#define CHAINS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

static double run_f32(uint64_t steps, float start) {
    vf f = factor_f32 - (vf){0}, c = addend_f32 - (vf){0}, sum = {0};
#define START(n) vf x##n = (start + n) - (vf){0};
#define STEP(n) x##n = x##n * f + c;
#define TAKE(n) sum += x##n;
    CHAINS(START)
    for (uint64_t i = 0; i < steps; i++) {
        CHAINS(STEP)
    }
    CHAINS(TAKE)
    return (double)sum[0] + (double)sum[VECTOR / sizeof(float) - 1];
}

static double run_f64(uint64_t steps, double start) {
    vd f = factor_f64 - (vd){0}, c = addend_f64 - (vd){0}, sum = {0};
#define START64(n) vd x##n = (start + n) - (vd){0};
    CHAINS(START64)
    for (uint64_t i = 0; i < steps; i++) {
        CHAINS(STEP)
    }
    CHAINS(TAKE)
    return sum[0] + sum[VECTOR / sizeof(double) - 1];
}

/* Streams at either width. A copy turns bits, so that it is not made a call of memcpy(): a store for each load,
 * like STREAM compiled without streaming stores. */
#define STREAMS(width, words, floats)                                                                              \
    static double read_##width(const words *a, size_t count) {                                                     \
        words s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0}, s5 = {0}, s6 = {0}, s7 = {0};                      \
        for (size_t i = 0; i + 8 <= count; i += 8) {                                                               \
            s0 ^= a[i];                                                                                            \
            s1 ^= a[i + 1];                                                                                        \
            s2 ^= a[i + 2];                                                                                        \
            s3 ^= a[i + 3];                                                                                        \
            s4 ^= a[i + 4];                                                                                        \
            s5 ^= a[i + 5];                                                                                        \
            s6 ^= a[i + 6];                                                                                        \
            s7 ^= a[i + 7];                                                                                        \
        }                                                                                                          \
        s0 ^= s1 ^ s2 ^ s3 ^ s4 ^ s5 ^ s6 ^ s7;                                                                    \
        return s0[0] + s0[1];                                                                                      \
    }                                                                                                              \
    static double copy_##width(words *restrict a, const words *restrict b, size_t count, uint32_t turn) {          \
        for (size_t i = 0; i < count; i++)                                                                         \
            a[i] = b[i] ^ turn;                                                                                    \
        return a[count - 1][0];                                                                                    \
    }                                                                                                              \
    static double triad_##width(floats *restrict a, const floats *restrict b, const floats *restrict c, size_t n,  \
                                float scale) {                                                                     \
        for (size_t i = 0; i < n; i++)                                                                             \
            a[i] = b[i] + scale * c[i];                                                                            \
        return (double)a[n - 1][0];                                                                                \
    }

STREAMS(wide, vu, vf)
STREAMS(narrow, nu, nf)

static double stream(const native *on, native_work work, size_t first, size_t bytes, unsigned index) {
    char *a = (char *)on->a + first;
    const char *b = (const char *)on->b + first, *c = (const char *)on->c + first;
    size_t vectors = bytes / (on->narrow ? 16 : VECTOR);
    if (work == NATIVE_READ)
        return on->narrow ? read_narrow((const nu *)a, vectors) : read_wide((const vu *)a, vectors);
    if (work == NATIVE_COPY)
        return on->narrow ? copy_narrow((nu *)a, (const nu *)b, vectors, index)
                          : copy_wide((vu *)a, (const vu *)b, vectors, index);
    return on->narrow ? triad_narrow((nf *)a, (const nf *)b, (const nf *)c, vectors, addend_f32)
                      : triad_wide((vf *)a, (const vf *)b, (const vf *)c, vectors, addend_f32);
}

typedef struct part {
    native *on;
    native_work work;
    unsigned index;
    atomic_uint *ready;
    double start, end;
} part;

static void *run_part(void *state) {
    part *p = state;
    native *on = p->on;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(p->index, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set); /* not allowed: runs where it may */
    size_t share = (size_t)on->amount / 4096 / on->threads * 4096;
    atomic_fetch_add(p->ready, 1);
    while (atomic_load(p->ready) < on->threads)
        sched_yield();
    p->start = now();
    double result = 0;
    switch (p->work) {
    case NATIVE_F32:
        result = run_f32(on->amount, (float)p->index);
        break;
    case NATIVE_F64:
        result = run_f64(on->amount, p->index);
        break;
    default:
        result = stream(on, p->work, p->index * share, share, p->index);
        break;
    }
    p->end = now();
    on->sink[p->index] = result;
    return NULL;
}

double native_run(native *on, native_work work) {
    pthread_t threads[NATIVE_MOST_THREADS];
    part parts[NATIVE_MOST_THREADS];
    atomic_uint ready = 0;
    unsigned count = on->threads;
    for (unsigned i = 0; i < count; i++) {
        parts[i] = (part){.on = on, .work = work, .index = i, .ready = &ready};
        if (pthread_create(&threads[i], NULL, run_part, &parts[i]) != 0) {
            atomic_fetch_add(&ready, count); /* the others need not wait */
            for (unsigned j = 0; j < i; j++)
                pthread_join(threads[j], NULL);
            return -1;
        }
    }
    double start = 0, end = 0;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        start = i == 0 || parts[i].start < start ? parts[i].start : start;
        end = i == 0 || parts[i].end > end ? parts[i].end : end;
    }
    return end - start;
}
