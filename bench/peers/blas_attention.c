#include "blas_attention.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "attention/problem.h"
#include "error.h"
#include "os.h"

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112, MOST_THREADS = 64 };

/* The softmax is the peer's own code, so it is built for what the machine has, as the libraries are. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_THREAD__) &&            \
    !defined(__SANITIZE_ADDRESS__)
#define FOR_THIS_MACHINE                                                                                           \
    __attribute__((optimize("O3", "fast-math"), target_clones("arch=skylake-avx512", "avx2", "default")))
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

FOR_THIS_MACHINE static float maximum(const float *x, int64_t count) {
    float most = x[0];
    for (int64_t j = 1; j < count; j++)
        most = x[j] > most ? x[j] : most;
    return most;
}

/* e^(x - most) in place, and the sum. */
FOR_THIS_MACHINE static float exponentials(float *x, int64_t count, float most) {
    float sum = 0;
    for (int64_t j = 0; j < count; j++) {
        float t = (x[j] - most) * 1.44269504f;
        t = t < -126 ? -126 : t;
        float n = rintf(t), r = t - n, p = 0.0013264727f * r + 0.009671513f;
        p = ((p * r + 0.055507336f) * r + 0.24022242f) * r;
        union {
            int32_t bits;
            float real;
        } scale = {((int32_t)n + 127) * (1 << 23)};
        x[j] = ((p + 0.693147f) * r + 1) * scale.real;
        sum += x[j];
    }
    return sum;
}

FOR_THIS_MACHINE static void divide(float *x, int64_t count, float by) {
    float factor = 1 / by;
    for (int64_t j = 0; j < count; j++)
        x[j] *= factor;
}

/* Of the first `seen` scores; the others become 0. */
static void softmax(float *x, int64_t seen, int64_t keys) {
    if (seen > 0)
        divide(x, seen, exponentials(x, seen, maximum(x, seen)));
    for (int64_t j = seen; j < keys; j++)
        x[j] = 0;
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
