#include "blas_attention.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "attention/problem.h"
#include "error.h"
#include "os.h"

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112, MOST_THREADS = 64 };

/* The exponential is the peer's own code, so it is built for what the machine has, as the libraries are. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_THREAD__) &&            \
    !defined(__SANITIZE_ADDRESS__)
#define FOR_THIS_MACHINE __attribute__((optimize("O3"), target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define FOR_THIS_MACHINE
#endif

struct blas_attention {
    const ar_peer_case *on;
    const attention_problem *p;
    ar_sgemm_fn sgemm;
    float *scores[MOST_THREADS];
    uint32_t threads; /* this one and helpers */
    pthread_t helpers[MOST_THREADS];
    uint32_t started;
    pthread_mutex_t lock;
    pthread_cond_t wake, rested;
    uint64_t turn; /* counts calls; helpers sleep until it changes */
    uint32_t busy;
    bool over;
    size_t copy;
    atomic_llong next_head;
};

/* e^(x - most), and the sum; keys behind `seen` get 0. */
FOR_THIS_MACHINE static float exponentials(float *x, int64_t seen, int64_t keys, float most) {
    float sum = 0, part[16] = {0};
    int64_t j = 0;
    for (; j + 16 <= seen; j += 16) {
        for (int l = 0; l < 16; l++) {
            float t = (x[j + l] - most) * 1.44269504f;
            t = t < -127 ? -127 : t;
            float z = t + 12583039.0f, r = t - (z - 12583039.0f);
            float p =
                ((((0.0013264727f * r + 0.009671513f) * r + 0.055507336f) * r + 0.24022242f) * r + 0.693147f) * r +
                1;
            union {
                float real;
                uint32_t bits;
            } scale = {z};
            scale.bits <<= 23;
            x[j + l] = p * scale.real;
            part[l] += x[j + l];
        }
    }
    for (int l = 0; l < 16; l++)
        sum += part[l];
    for (; j < seen; j++) {
        x[j] = expf(x[j] - most);
        sum += x[j];
    }
    for (; j < keys; j++)
        x[j] = 0;
    return sum;
}

FOR_THIS_MACHINE static void softmax(float *x, int64_t seen, int64_t keys) {
    float most[16], top = -INFINITY;
    for (int l = 0; l < 16; l++)
        most[l] = -INFINITY;
    int64_t j = 0;
    for (; j + 16 <= seen; j += 16)
        for (int l = 0; l < 16; l++)
            most[l] = x[j + l] > most[l] ? x[j + l] : most[l];
    for (int l = 0; l < 16; l++)
        top = most[l] > top ? most[l] : top;
    for (; j < seen; j++)
        top = x[j] > top ? x[j] : top;
    float sum = exponentials(x, seen, keys, top), scale = sum > 0 ? 1 / sum : 0;
    for (j = 0; j < seen; j++)
        x[j] *= scale;
}

static void one_head(blas_attention *of, int64_t head, float *scores) {
    const attention_problem *p = of->p;
    int64_t b = head / p->hq, h = head % p->hq, kv = h / (p->hq / p->hkv);
    const float *q = (const float *)ar_peer_operand(of->on, of->copy, "q", NULL) + b * p->q.b + h * p->q.h;
    const float *k = (const float *)ar_peer_operand(of->on, of->copy, "k", NULL) + b * p->k.b + kv * p->k.h;
    const float *v = (const float *)ar_peer_operand(of->on, of->copy, "v", NULL) + b * p->v.b + kv * p->v.h;
    float *y = (float *)ar_peer_operand(of->on, of->copy, "y", NULL) + b * p->y.b + h * p->y.h;
    int sq = (int)p->sq, keys = (int)p->skv, d = (int)p->d, dv = (int)p->dv;
    of->sgemm(ROW_MAJOR, NO_TRANS, TRANS, sq, keys, d, (float)p->scale, q, (int)(sq > 1 ? p->q.s : d), k,
              (int)(keys > 1 ? p->k.s : d), 0, scores, keys);
    for (int64_t i = 0; i < sq; i++) {
        int64_t seen = p->causal ? i + p->shift + 1 : keys;
        softmax(scores + i * keys, seen < 0 ? 0 : seen < keys ? seen : keys, keys);
    }
    of->sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, sq, dv, keys, 1, scores, keys, v, (int)(keys > 1 ? p->v.s : dv), 0, y,
              (int)(sq > 1 ? p->y.s : dv));
}

static void some_heads(blas_attention *of, float *scores) {
    long long heads = of->p->b * of->p->hq, head;
    while ((head = atomic_fetch_add(&of->next_head, 1)) < heads)
        one_head(of, head, scores);
}

typedef struct helper {
    blas_attention *of;
    uint32_t index;
} helper;

static void *help(void *argument) {
    helper *self = argument;
    blas_attention *of = self->of;
    float *scores = of->scores[self->index];
    uint64_t seen = 0;
    ar_os_free(self);
    pthread_mutex_lock(&of->lock);
    for (;;) {
        while (of->turn == seen && !of->over)
            pthread_cond_wait(&of->wake, &of->lock);
        if (of->over)
            break;
        seen = of->turn;
        pthread_mutex_unlock(&of->lock);
        some_heads(of, scores);
        pthread_mutex_lock(&of->lock);
        if (--of->busy == 0)
            pthread_cond_signal(&of->rested);
    }
    pthread_mutex_unlock(&of->lock);
    return NULL;
}

static arete_status check(const attention_problem *p) {
    if (p->type_q != ARETE_F32 || p->type_kv != ARETE_F32 || p->type_y != ARETE_F32)
        return ar_fail(ARETE_E_UNSUPPORTED, "this peer attends in f32 only");
    if (ar_attention_has_cache(p) || p->rotary || p->lens || p->type_mask || p->window || p->softcap > 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "this peer knows no caches, rotation, lengths, masks, window or cap");
    if (p->b * p->hq * p->sq * p->skv * p->d * p->dv == 0 || p->sq > INT32_MAX / 4 || p->skv > INT32_MAX / 4)
        return ar_fail(ARETE_E_UNSUPPORTED, "this peer is not given empty or such long sequences");
    return ARETE_OK;
}

arete_status ar_blas_attention_prepare(const ar_peer_case *on, ar_sgemm_fn sgemm, blas_attention **made) {
    const attention_problem *p = on->of->of; /* a case of attention starts with its problem */
    arete_status status = check(p);
    if (status != ARETE_OK)
        return status;
    blas_attention *of = ar_os_alloc(sizeof *of);
    if (!of)
        return ar_fail_memory("a peer's attention", sizeof *of);
    of->on = on;
    of->p = p;
    of->sgemm = sgemm;
    of->threads = on->threads < 1 ? 1 : on->threads < MOST_THREADS ? on->threads : MOST_THREADS;
    pthread_mutex_init(&of->lock, NULL);
    pthread_cond_init(&of->wake, NULL);
    pthread_cond_init(&of->rested, NULL);
    for (uint32_t i = 0; i < of->threads && status == ARETE_OK; i++) {
        helper *next = i ? ar_os_alloc(sizeof *next) : NULL;
        of->scores[i] = ar_os_alloc_aligned((size_t)(p->sq * p->skv) * sizeof(float), 64);
        if (!of->scores[i] || (i && !next))
            status = ar_fail_memory("scores", (uint64_t)(p->sq * p->skv) * sizeof(float));
        if (status == ARETE_OK && i) {
            *next = (helper){of, i};
            if (pthread_create(&of->helpers[of->started], NULL, help, next) == 0)
                of->started++;
            else
                status = ar_fail(ARETE_E_MEMORY, "a peer's thread could not be started");
        }
        if (status != ARETE_OK)
            ar_os_free(next);
    }
    if (status != ARETE_OK) {
        ar_blas_attention_drop(of);
        return status;
    }
    *made = of;
    return ARETE_OK;
}

void ar_blas_attention_run(blas_attention *of, size_t copy) {
    of->copy = copy;
    atomic_store(&of->next_head, 0);
    pthread_mutex_lock(&of->lock);
    of->turn++;
    of->busy = of->started;
    pthread_cond_broadcast(&of->wake);
    pthread_mutex_unlock(&of->lock);
    some_heads(of, of->scores[0]);
    pthread_mutex_lock(&of->lock);
    while (of->busy > 0)
        pthread_cond_wait(&of->rested, &of->lock);
    pthread_mutex_unlock(&of->lock);
}

void ar_blas_attention_drop(blas_attention *of) {
    if (!of)
        return;
    pthread_mutex_lock(&of->lock);
    of->over = true;
    pthread_cond_broadcast(&of->wake);
    pthread_mutex_unlock(&of->lock);
    for (uint32_t i = 0; i < of->started; i++)
        pthread_join(of->helpers[i], NULL);
    for (uint32_t i = 0; i < of->threads; i++)
        ar_os_free_aligned(of->scores[i]);
    pthread_cond_destroy(&of->rested);
    pthread_cond_destroy(&of->wake);
    pthread_mutex_destroy(&of->lock);
    ar_os_free(of);
}
