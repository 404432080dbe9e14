#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "os.h"

static arete_status make_calls(void *state, size_t count, double *seconds) {
    ar_own_calls *own = state;
    arete_status status = ARETE_OK;
    double start = ar_os_seconds();
    for (size_t i = 0; i < count && status == ARETE_OK; i++) {
        status = ar_stage_run(own->stage, own->next, NULL);
        own->next = own->next + 1 < own->stage->copies ? own->next + 1 : 0;
    }
    arete_status finished = arete_queue_finish(own->stage->queue);
    *seconds = ar_os_seconds() - start;
    return status == ARETE_OK ? finished : status;
}

ar_contender ar_own_contender(ar_own_calls *own) {
    return (ar_contender){.state = own, .calls = make_calls};
}

static void fail(ar_record *record, arete_status status) {
    record->outcome = status == ARETE_E_UNSUPPORTED ? AR_SKIPPED : AR_FAILED;
    snprintf(record->why, sizeof record->why, "%s: %s", arete_status_name(status), arete_error_text());
}

static void prepare_peers(const ar_bench_spec *spec, const ar_case *of, ar_record *record) {
    for (size_t i = 0; i < spec->peer_count; i++) {
        ar_peer_result *result = &record->peers[record->peer_count++];
        ar_peer_process *peer = &spec->peers[i];
        result->name = peer->name;
        snprintf(result->version, sizeof result->version, "%s", peer->version);
        arete_status status = ar_peer_prepare(peer, of, &spec->data, record->copies, ar_case_is_packed(of));
        result->ran = status == ARETE_OK;
        if (status != ARETE_OK)
            snprintf(result->why, sizeof result->why, "%s", arete_error_text());
    }
}

/* Whether the calls find their operands in memory: then what can be read from there is measured in turn with them, as
 * neighbours of the machine take part of it, now more and now less. */
static bool from_memory(const ar_bench_spec *spec, const ar_record *record) {
    return record->copies > 1 || (record->working_set >= 4 * ar_last_cache(spec->device) &&
                                  record->cost.flops < 32 * record->cost.bytes);
}

static void race(const ar_bench_spec *spec, ar_stage *stage, ar_record *record) {
    ar_contender contenders[AR_MAX_PEERS + 2];
    size_t which[AR_MAX_PEERS + 2], count = 0;
    ar_read_probe *probe = NULL;
    ar_own_calls own = {.stage = stage};
    ar_timing *timings = ar_os_alloc((AR_MAX_PEERS + 2) * sizeof *timings);
    if (!timings) {
        record->outcome = AR_FAILED;
        snprintf(record->why, sizeof record->why, "no memory for samples");
        return;
    }
    contenders[count++] = ar_own_contender(&own);
    for (size_t i = 0; i < spec->peer_count; i++)
        if (record->peers[i].ran) {
            which[count] = i;
            contenders[count++] = ar_peer_contender(&spec->peers[i]);
        }
    size_t racing = count;
    if (from_memory(spec, record) && spec->roofs->roofs.measured && ar_read_probe_open(spec->device, &probe) == ARETE_OK)
        contenders[racing++] = (ar_contender){.state = probe, .calls = ar_read_probe_calls};
    ar_race(&spec->rule, contenders, racing, timings);
    if (racing > count && timings[count].status == ARETE_OK && timings[count].queued.min > 0) {
        record->roof.read_median = ar_read_probe_bytes(probe) / timings[count].queued.median;
        record->roof.read_best = ar_read_probe_bytes(probe) / timings[count].queued.min;
    }
    ar_read_probe_close(probe);
    record->timing = timings[0];
    if (timings[0].status != ARETE_OK) {
        record->outcome = AR_FAILED;
        snprintf(record->why, sizeof record->why, "%s: %s", arete_status_name(timings[0].status), timings[0].error);
    }
    for (size_t c = 1; c < count; c++) {
        ar_peer_result *result = &record->peers[which[c]];
        result->timing = timings[c];
        if (timings[c].status != ARETE_OK) {
            result->ran = false;
            snprintf(result->why, sizeof result->why, "%s", timings[c].error);
        } else if (record->timing.queued.median > 0) {
            result->ratio = result->timing.queued.median / record->timing.queued.median;
            if (record->timing.sync.median > 0)
                result->ratio_sync = result->timing.sync.median / record->timing.sync.median;
        }
    }
    ar_os_free(timings);
}

static void check_peers(const ar_bench_spec *spec, ar_stage *stage, ar_record *record) {
    for (size_t i = 0; i < spec->peer_count; i++) {
        ar_peer_result *result = &record->peers[i];
        if (!result->ran)
            continue;
        if (ar_peer_check(&spec->peers[i], stage, &result->check) == ARETE_OK)
            result->checked = true;
        else
            snprintf(result->why, sizeof result->why, "not checked: %s", arete_error_text());
    }
}

/* The very buffers that were timed, run once more from a known state. */
static void check_own(const ar_bench_spec *spec, ar_stage *stage, ar_record *record) {
    arete_status status = ar_stage_restore(stage, 0, false);
    if (status == ARETE_OK)
        status = ar_stage_run(stage, 0, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(stage->queue);
    if (status == ARETE_OK)
        status = ar_check_values(stage, 0, spec->check_operations, &record->check);
    if (status != ARETE_OK) {
        fail(record, status);
        return;
    }
    record->checked = true;
    if (!record->check.passed) {
        record->outcome = AR_FAILED;
        ar_comparison_text(stage->spec.of, &record->check, record->why, sizeof record->why);
    }
}

enum { STREAM_CALLS = 10000, STREAM_WARM = 100 };

/* After the race, so that peers sleep, and without pauses, as a stream comes. */
static void time_stream(ar_stage *stage, ar_record *record) {
    double *seconds = ar_os_alloc(STREAM_CALLS * sizeof *seconds);
    arete_status status = seconds ? ARETE_OK : ar_fail_memory("latencies", STREAM_CALLS * sizeof *seconds);
    for (size_t i = 0; i < STREAM_WARM + STREAM_CALLS && status == ARETE_OK; i++) {
        double start = ar_os_seconds();
        status = ar_stage_run(stage, 0, NULL);
        if (status == ARETE_OK)
            status = arete_queue_finish(stage->queue);
        seconds[i < STREAM_WARM ? 0 : i - STREAM_WARM] = ar_os_seconds() - start;
    }
    if (status == ARETE_OK) {
        ar_statistics all;
        ar_statistics_of(seconds, STREAM_CALLS, &all); /* sorts */
        record->latency = (ar_latency){STREAM_CALLS, all.median, ar_quantile(seconds, STREAM_CALLS, 0.99), all.max};
    } else {
        fail(record, status);
    }
    ar_os_free(seconds);
}

static void judge(const ar_bench_spec *spec, ar_record *record) {
    double seconds = record->timing.queued.median;
    if (!(seconds > 0))
        return;
    record->gflops = record->cost.flops / seconds * 1e-9;
    record->gbps = record->cost.bytes / seconds * 1e-9;
    bool rotated = from_memory(spec, record);
    ar_rung *memory = &spec->roofs->rungs[AR_RUNGS - 1];
    memory->bandwidth = memory->bandwidth > record->roof.read_best ? memory->bandwidth : record->roof.read_best;
    ar_roof_share_of(spec->roofs, &record->cost, record->working_set, rotated, seconds, &record->roof);
    /* Roofs are measured while others may use the machine; before a figure is called a fault, they are looked at
     * again. */
    if (record->roof.fault && ar_roofs_refresh(spec->device, spec->roofs) == ARETE_OK)
        ar_roof_share_of(spec->roofs, &record->cost, record->working_set, rotated, seconds, &record->roof);
}

void ar_bench_case(const ar_bench_spec *spec, const ar_case *of, ar_record *record) {
    ar_stage stage;
    memset(record, 0, sizeof *record);
    snprintf(record->solver, sizeof record->solver, "%s", spec->solver ? spec->solver : "");
    ar_stage_spec how = {.of = of, .device = spec->device, .solver = spec->solver, .data = spec->data};
    arete_status status = ar_stage_open(&how, &stage);
    if (status != ARETE_OK) {
        fail(record, status);
        return;
    }
    snprintf(record->solver, sizeof record->solver, "%s", arete_plan_solver(stage.plan));
    snprintf(record->choice, sizeof record->choice, "%s", arete_plan_choice(stage.plan));
    arete_plan_cost(stage.plan, &record->cost);
    record->estimate = arete_plan_estimate(stage.plan);
    record->working_set = of->working_set;
    record->copies = ar_bench_copies(spec, of, &record->cost);
    status = ar_stage_load(&stage, record->copies);
    record->packed = stage.is_packed;
    if (status != ARETE_OK) {
        fail(record, status);
    } else {
        prepare_peers(spec, of, record);
        race(spec, &stage, record);
        if (record->outcome == AR_PASSED && of->stream)
            time_stream(&stage, record);
        if (record->outcome == AR_PASSED)
            check_own(spec, &stage, record);
        check_peers(spec, &stage, record);
        judge(spec, record);
    }
    for (size_t i = 0; i < record->peer_count; i++)
        ar_peer_drop(&spec->peers[i]);
    ar_stage_close(&stage);
}
