/* Plans, and the cache of plans for one-shot calls. */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "plan.h"

void arete_plan_retain(arete_plan *plan) {
    if (plan) {
        atomic_fetch_add(&plan->references, 1);
    }
}

void ar_plan_free(arete_plan *plan) {
    if (plan->state_free) {
        plan->state_free(plan->state);
    }
    ar_os_free(plan->state);
    ar_os_free(plan);
}

void arete_plan_release(arete_plan *plan) {
    if (plan && atomic_fetch_sub(&plan->references, 1) == 1) {
        arete_context *context = plan->holds_context ? plan->device->context : NULL;
        ar_plan_free(plan);
        arete_context_release(context);
    }
}

arete_device *arete_plan_device(const arete_plan *plan) {
    return plan ? plan->device : NULL;
}

const char *arete_plan_solver(const arete_plan *plan) {
    return plan ? plan->solver_text : "";
}

const char *arete_plan_problem(const arete_plan *plan) {
    return plan ? plan->key : "";
}

const char *arete_plan_choice(const arete_plan *plan) {
    return plan ? plan->choice : "";
}

uint64_t arete_plan_workspace(const arete_plan *plan) {
    return plan ? plan->workspace : 0;
}

void arete_plan_cost(const arete_plan *plan, arete_cost *cost) {
    if (plan && cost) {
        *cost = plan->cost;
    }
}

double arete_plan_estimate(const arete_plan *plan) {
    return plan ? plan->estimate : 0;
}

arete_status arete_plan_record(const arete_plan *plan, double seconds, bool replace) {
    if (!plan || !(seconds > 0)) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_plan_record: %s", plan ? "seconds must be above 0" : "plan is NULL");
    }
    arete_status status = ar_tuning_put(plan->device, plan->key, plan->solver_text, seconds, replace);
    ar_plan_cache_drop(plan->device, plan->key);
    return status;
}

arete_status ar_plan_ready(const char *call, const arete_plan *plan, const arete_queue *queue,
                           const ar_family *family) {
    if (!plan || !queue)
        return ar_fail(ARETE_E_ARGUMENT, "%s: %s is NULL", call, plan ? "queue" : "plan");
    if (plan->family != family)
        return ar_fail(ARETE_E_ARGUMENT, "%s: plan is one of %s: make one by arete_%s_plan()", call,
                       plan->family->name, family->name);
    if (queue->device != plan->device)
        return ar_fail(ARETE_E_MISMATCH, "%s: queue is of %s, but the plan is for %s", call, queue->device->info.id,
                       plan->device->info.id);
    return ARETE_OK;
}

arete_status ar_plan_check_packed(const char *call, const arete_plan *plan, const arete_buffer *packed, bool ahead,
                                  const char *argument, const char *packer) {
    if (packed && (plan->packed_layout == 0 || packed->layout != plan->packed_layout))
        return ar_fail(ARETE_E_MISMATCH,
                       "%s: %s was %s%s, and the plan's solver %s %s: pack by %s with this plan, or leave %s out",
                       call, argument, packed->layout ? "packed for another shape, type or solver" : "not made by ",
                       packed->layout ? "" : packer, plan->solver->name,
                       plan->packed_layout ? "needs its own" : "takes none", packer, argument);
    if (ahead && plan->packed_layout && !packed)
        return ar_fail(ARETE_E_ARGUMENT, "%s: %s is NULL, but the plan was made with desc.prepack: pack by %s",
                       call, argument, packer);
    return ARETE_OK;
}

arete_status ar_plan_scratch(const arete_plan *plan, arete_queue *queue, arete_buffer *given,
                             arete_buffer **scratch) {
    *scratch = NULL;
    if (plan->workspace == 0) {
        return ARETE_OK;
    }
    if (!given) {
        arete_status status = arete_queue_reserve(queue, plan->workspace);
        *scratch = queue->scratch;
        return status;
    }
    if (given->device != plan->device) {
        return ar_fail(ARETE_E_MISMATCH, "args.workspace belongs to %s, the plan to %s", given->device->info.id,
                       plan->device->info.id);
    }
    if (given->bytes < plan->workspace) {
        return ar_fail(ARETE_E_RANGE, "args.workspace has %llu bytes, the plan needs %llu (arete_plan_workspace)",
                       (unsigned long long)given->bytes, (unsigned long long)plan->workspace);
    }
    *scratch = given;
    return ARETE_OK;
}

/* ---- the cache ---- */

/* An entry is one plan; a problem that was asked for by a forced solver is another entry. Least recently used goes
 * first. A linear list: a cache holds some hundred plans, and a hit costs a compare of hashes each. */
typedef struct cache_entry {
    uint64_t hash;
    uint64_t used;
    arete_plan *plan;
    char *forced; /* NULL: not forced */
} cache_entry;

struct ar_plan_cache {
    uint32_t capacity, count;
    uint64_t clock;
    cache_entry entries[];
};

ar_plan_cache *ar_plan_cache_create(uint32_t capacity) {
    ar_plan_cache *cache = ar_os_alloc(sizeof *cache + capacity * sizeof cache->entries[0]);
    if (cache) {
        cache->capacity = capacity;
    }
    return cache;
}

static void entry_free(cache_entry *entry) {
    arete_plan_release(entry->plan);
    ar_os_free(entry->forced);
}

void ar_plan_cache_free(ar_plan_cache *cache) {
    for (uint32_t i = 0; cache && i < cache->count; i++) {
        entry_free(&cache->entries[i]);
    }
    ar_os_free(cache);
}

/* FNV-1a over 8 bytes at a time: problems are padded to 16. */
static uint64_t problem_hash(const ar_family *family, const void *problem) {
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)(uintptr_t)family;
    const unsigned char *bytes = problem;
    size_t i = 0;
    for (; i + 8 <= family->problem_bytes; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 32;
    }
    for (; i < family->problem_bytes; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

static bool same_forced(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

arete_plan *ar_plan_cache_find(arete_device *device, const ar_family *family, const void *problem,
                               const char *forced) {
    uint64_t hash = problem_hash(family, problem);
    arete_plan *found = NULL;
    ar_mutex_lock(device->lock);
    ar_plan_cache *cache = device->plans;
    for (uint32_t i = 0; i < cache->count && !found; i++) {
        cache_entry *entry = &cache->entries[i];
        if (entry->hash == hash && entry->plan->family == family && same_forced(entry->forced, forced) &&
            memcmp(ar_plan_problem(entry->plan), problem, family->problem_bytes) == 0) {
            entry->used = ++cache->clock;
            found = entry->plan;
            arete_plan_retain(found);
        }
    }
    ar_mutex_unlock(device->lock);
    return found;
}

arete_status ar_plan_cache_add(arete_device *device, arete_plan *plan, const char *forced) {
    char *copy = forced ? ar_os_strdup(forced) : NULL;
    if (forced && !copy) {
        return ar_fail_memory("a plan cache entry", strlen(forced));
    }
    cache_entry evicted = {0};
    ar_mutex_lock(device->lock);
    ar_plan_cache *cache = device->plans;
    uint32_t slot = cache->count;
    if (cache->count == cache->capacity) {
        slot = 0;
        for (uint32_t i = 1; i < cache->count; i++) {
            slot = cache->entries[i].used < cache->entries[slot].used ? i : slot;
        }
        evicted = cache->entries[slot];
    } else {
        cache->count++;
    }
    arete_plan_retain(plan);
    cache->entries[slot] =
        (cache_entry){problem_hash(plan->family, ar_plan_problem(plan)), ++cache->clock, plan, copy};
    ar_mutex_unlock(device->lock);
    entry_free(&evicted);
    return ARETE_OK;
}

void ar_plan_cache_drop(arete_device *device, const char *key) {
    ar_mutex_lock(device->lock);
    ar_plan_cache *cache = device->plans;
    for (uint32_t i = 0; i < cache->count;) {
        if (strcmp(cache->entries[i].plan->key, key) == 0) {
            entry_free(&cache->entries[i]);
            cache->entries[i] = cache->entries[--cache->count];
        } else {
            i++;
        }
    }
    ar_mutex_unlock(device->lock);
}
