#include "run_lanes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "command.h"
#include "session.h"

typedef struct lane {
    ar_model_args args; /* with the lane's own path */
    char device_name[64];
    arete_model *model;
    ar_session session;
    int repeats;
    double *samples, alone, together;
    pthread_barrier_t *start;
    arete_status status;
    char why[512];
} lane;

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Runs it repeats times; *median of them. A failure is kept with its text, which is this thread's. */
static void run_all(lane *l, double *median) {
    for (int i = 0; i < l->repeats && l->status == ARETE_OK; i++)
        l->status = ar_session_run(&l->session, &l->samples[i]);
    if (l->status != ARETE_OK) {
        snprintf(l->why, sizeof l->why, "%s", arete_error_text());
        return;
    }
    qsort(l->samples, (size_t)l->repeats, sizeof *l->samples, by_size);
    *median = l->samples[l->repeats / 2];
}

static void *run_thread(void *of) {
    lane *l = of;
    pthread_barrier_wait(l->start);
    run_all(l, &l->together);
    return NULL;
}

static const char *input_file(const void *of, const char *name) {
    return ar_model_args_input(of, name);
}

static int open_lane(lane *l, arete_context *context, int repeats) {
    double start = seconds_now();
    arete_device *device = ar_command_device(context, l->device_name[0] ? l->device_name : NULL);
    if (!device)
        return AR_FAILURE;
    if (ar_model_args_load(&l->args, device, &l->model) != ARETE_OK)
        return AR_FAILURE;
    if (ar_session_open(l->model, input_file, &l->args, &l->session) != ARETE_OK)
        return ar_command_failed(l->args.path);
    l->repeats = repeats;
    l->samples = calloc((size_t)repeats, sizeof *l->samples);
    if (!l->samples)
        return AR_FAILURE;
    ar_command_print_device(device);
    printf("model    %s; loaded in %.3f s\n", l->args.path, seconds_now() - start);
    for (size_t i = 0; i < l->session.input_count; i++)
        if (l->session.filled[i])
            fprintf(stderr, "arete: no file for the input '%s' of %s: noise, or zeros of an integer type\n",
                    arete_model_input(l->model, i).name, l->args.path);
    double warm;
    if (ar_session_run(&l->session, &warm) != ARETE_OK)
        return ar_command_failed(l->args.path);
    run_all(l, &l->alone);
    return l->status == ARETE_OK ? AR_DONE : ar_command_failed(l->args.path);
}

static int run_together(lane *lanes, int count, double *seconds) {
    pthread_barrier_t start;
    pthread_t threads[AR_MOST_LANES];
    int started = 0;
    pthread_barrier_init(&start, NULL, (unsigned)count + 1);
    for (; started < count; started++) {
        lanes[started].start = &start;
        if (pthread_create(&threads[started], NULL, run_thread, &lanes[started]) != 0)
            break;
    }
    if (started < count) { /* those that wait at the barrier would do so for ever */
        fprintf(stderr, "arete run: no thread for each of %d models\n", count);
        exit(AR_FAILURE);
    }
    double begin = seconds_now();
    pthread_barrier_wait(&start);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    *seconds = seconds_now() - begin;
    pthread_barrier_destroy(&start);
    for (int i = 0; i < count; i++)
        if (lanes[i].status != ARETE_OK) {
            fprintf(stderr, "arete run: %s: %s\n", lanes[i].args.path, lanes[i].why);
            return AR_FAILURE;
        }
    return AR_DONE;
}

static int write_outputs(lane *l, int number, const char *folder) {
    char below[900], path[1024];
    snprintf(below, sizeof below, "%s/%d", folder, number);
    mkdir(folder, 0777);
    mkdir(below, 0777); /* a failure shows when the file is written */
    for (size_t i = 0; i < l->session.output_count; i++) {
        if (ar_session_write(&l->session, i, below, path, sizeof path) != ARETE_OK)
            return ar_command_failed(path);
        printf("wrote    %s\n", path);
    }
    return AR_DONE;
}

static int run_lanes(lane *lanes, int count, int repeats, const char *folder) {
    arete_context *context = ar_command_context(0);
    int status = context ? AR_DONE : AR_FAILURE;
    double seconds = 0, apart = 0;
    for (int i = 0; i < count && status == AR_DONE; i++)
        status = open_lane(&lanes[i], context, repeats);
    if (status == AR_DONE)
        status = run_together(lanes, count, &seconds);
    if (status == AR_DONE) {
        printf("\n%3s %12s %12s  %s\n", "", "ms alone", "ms together", "model, device");
        for (int i = 0; i < count; i++) {
            apart += lanes[i].alone * repeats;
            printf("%3d %12.4f %12.4f  %s, %s\n", i + 1, lanes[i].alone * 1e3, lanes[i].together * 1e3,
                   lanes[i].args.path, arete_device_get_info(arete_model_device(lanes[i].model))->name);
        }
        printf("%d runs of each at once took %.4f s; one after another %.4f s (%.2fx)\n", repeats, seconds, apart,
               apart / seconds);
    }
    for (int i = 0; i < count && folder && status == AR_DONE; i++)
        status = write_outputs(&lanes[i], i + 1, folder);
    for (int i = 0; i < count; i++) {
        ar_session_close(&lanes[i].session);
        arete_model_release(lanes[i].model);
        free(lanes[i].samples);
    }
    arete_context_release(context);
    return status;
}

int ar_run_lanes(const ar_model_args *args, char **paths, int path_count, int repeats, const char *folder) {
    lane *lanes = calloc(AR_MOST_LANES, sizeof *lanes);
    int count = 0, status = lanes ? AR_DONE : AR_FAILURE;
    for (int p = 0; p < path_count && status == AR_DONE; p++) {
        const char *at = args->device ? args->device : "";
        do {
            size_t length = strcspn(at, ",");
            if (count == AR_MOST_LANES || length >= sizeof lanes[0].device_name) {
                status = ar_command_usage("run", "at most 16 models and devices at once");
                break;
            }
            lanes[count].args = *args;
            lanes[count].args.path = paths[p];
            memcpy(lanes[count].device_name, at, length);
            count++;
            at += length + (at[length] == ',');
        } while (*at);
    }
    if (status == AR_DONE)
        status = run_lanes(lanes, count, repeats > 0 ? repeats : 10, folder);
    free(lanes);
    return status;
}
