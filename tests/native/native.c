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

static double run_read(const vu *a, size_t count) {
    vu s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0}, s5 = {0}, s6 = {0}, s7 = {0};
    for (size_t i = 0; i + 8 <= count; i += 8) {
        s0 ^= a[i];
        s1 ^= a[i + 1];
        s2 ^= a[i + 2];
        s3 ^= a[i + 3];
        s4 ^= a[i + 4];
        s5 ^= a[i + 5];
        s6 ^= a[i + 6];
        s7 ^= a[i + 7];
    }
    s0 ^= s1 ^ s2 ^ s3 ^ s4 ^ s5 ^ s6 ^ s7;
    return s0[0] + s0[1];
}

/* noinline, and not memcpy: a store for each load, like STREAM compiled without streaming stores. */
static double run_copy(vu *restrict a, const vu *restrict b, size_t count, uint32_t turn) {
    for (size_t i = 0; i < count; i++)
        a[i] = b[i] ^ turn;
    return a[count - 1][0];
}

static double run_triad(vf *restrict a, const vf *restrict b, const vf *restrict c, size_t count, float scale) {
    for (size_t i = 0; i < count; i++)
        a[i] = b[i] + scale * c[i];
    return (double)a[count - 1][0];
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
    size_t vectors = (size_t)on->amount / VECTOR / on->threads, first = p->index * vectors;
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
    case NATIVE_READ:
        result = run_read((const vu *)on->a + first, vectors);
        break;
    case NATIVE_COPY:
        result = run_copy((vu *)on->a + first, (const vu *)on->b + first, vectors, p->index);
        break;
    case NATIVE_TRIAD:
        result = run_triad((vf *)on->a + first, (const vf *)on->b + first, (const vf *)on->c + first, vectors,
                           addend_f32);
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
