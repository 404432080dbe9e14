#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "model_args.h"
#include "os.h"

#define MOST_PORTS 64

static void help(void) {
    printf(
        "usage: arete run MODEL.onnx [options]\n\n"
        "Runs a network on a device. Inputs come from files; one without a file is filled with noise in [-1, 1)\n"
        "(floating point) or zeros (integers), which is said.\n\n"
        "  --input NAME=FILE    .npy, or raw bytes; may be given for each input\n"
        "  --output DIR         writes each output to DIR/NAME.npy (a / in a name becomes _)\n"
        "  --repeat N           runs N more times and tells the median (default 0)\n"
        "  --profile            times every step by itself: which solver, which share of its roof\n"
        "%s",
        ar_model_options_help);
}

typedef struct session {
    arete_model *model;
    arete_queue *queue;
    arete_tensor inputs[MOST_PORTS], outputs[MOST_PORTS];
    size_t input_count, output_count;
} session;

static uint64_t bytes_of(const arete_tensor *t) {
    return (uint64_t)arete_tensor_elements(t) * arete_dtype_size(t->dtype);
}

static void fill(const arete_tensor *t, void *data) {
    uint64_t state = 88172645463325252u;
    for (int64_t i = 0; i < arete_tensor_elements(t); i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        float noise = (float)(int32_t)(state >> 32) / 2147483648.0f;
        if (t->dtype == ARETE_F32)
            ((float *)data)[i] = noise;
        else if (t->dtype == ARETE_F64)
            ((double *)data)[i] = (double)noise;
        else if (t->dtype == ARETE_F16)
            ((uint16_t *)data)[i] = arete_f16_from_f32(noise);
        else if (t->dtype == ARETE_BF16)
            ((uint16_t *)data)[i] = arete_bf16_from_f32(noise);
    }
}

/* A port's memory on the device, filled from its file or with noise. */
static arete_status load_input(session *s, size_t index, const char *file) {
    arete_model_port port = arete_model_input(s->model, index);
    arete_tensor *t = &s->inputs[index];
    ar_npy array = {0};
    *t = port.tensor;
    uint64_t bytes = bytes_of(t);
    arete_status status = arete_buffer_create(arete_model_device(s->model), bytes ? bytes : 1, &t->buffer);
    if (status == ARETE_OK && file)
        status = ar_npy_read(file, t, &array);
    if (status == ARETE_OK && file && (array.dtype != t->dtype || array.bytes != bytes))
        status = ar_fail(ARETE_E_SHAPE, "%s has %llu bytes of %s, but the input '%s' takes %llu of %s", file,
                         (unsigned long long)array.bytes, arete_dtype_name(array.dtype), port.name,
                         (unsigned long long)bytes, arete_dtype_name(t->dtype));
    if (status == ARETE_OK && !file) {
        array.data = ar_os_alloc(bytes ? bytes : 1);
        if (!array.data)
            status = ar_fail_memory(port.name, bytes);
        else
            fill(t, array.data);
        fprintf(stderr, "arete: no file for the input '%s': %s\n", port.name,
                t->dtype == ARETE_F32 || t->dtype == ARETE_F16 || t->dtype == ARETE_BF16 || t->dtype == ARETE_F64
                    ? "noise"
                    : "zeros");
    }
    if (status == ARETE_OK && bytes)
        status = arete_queue_write(s->queue, t->buffer, 0, bytes, array.data, ARETE_WAIT_NONE, NULL);
    ar_npy_free(&array);
    return status;
}

static arete_status open_session(session *s, const ar_model_args *args) {
    arete_status status = arete_queue_create(arete_model_device(s->model), 0, &s->queue);
    s->input_count = arete_model_input_count(s->model);
    s->output_count = arete_model_output_count(s->model);
    if (status == ARETE_OK && (s->input_count > MOST_PORTS || s->output_count > MOST_PORTS))
        status = ar_fail(ARETE_E_UNSUPPORTED, "more than %d inputs or outputs", MOST_PORTS);
    for (size_t i = 0; i < args->input_count && status == ARETE_OK; i++) {
        bool known = false;
        for (size_t k = 0; k < s->input_count; k++)
            known = known || strcmp(arete_model_input(s->model, k).name, args->inputs[i].name) == 0;
        if (!known)
            status = ar_fail(ARETE_E_NOT_FOUND, "the model has no input '%s'", args->inputs[i].name);
    }
    for (size_t i = 0; i < s->input_count && status == ARETE_OK; i++)
        status = load_input(s, i, ar_model_args_input(args, arete_model_input(s->model, i).name));
    for (size_t i = 0; i < s->output_count && status == ARETE_OK; i++) {
        s->outputs[i] = arete_model_output(s->model, i).tensor;
        uint64_t bytes = bytes_of(&s->outputs[i]);
        status = arete_buffer_create(arete_model_device(s->model), bytes ? bytes : 1, &s->outputs[i].buffer);
    }
    return status;
}

static arete_status run_once(session *s, double *seconds) {
    double start = ar_os_seconds();
    arete_status status = arete_model_run(s->model, s->queue, s->inputs, s->input_count, s->outputs,
                                          s->output_count, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(s->queue);
    *seconds = ar_os_seconds() - start;
    return status;
}

static arete_status write_output(session *s, size_t index, const char *folder) {
    arete_model_port port = arete_model_output(s->model, index);
    char path[1024], name[256];
    ar_npy array = {.dtype = port.tensor.dtype, .rank = port.tensor.rank, .bytes = bytes_of(&port.tensor)};
    memcpy(array.dims, port.tensor.dims, sizeof array.dims);
    snprintf(name, sizeof name, "%s", port.name);
    for (char *c = name; *c; c++)
        if (*c == '/' || *c == '\\')
            *c = '_';
    snprintf(path, sizeof path, "%s/%s.npy", folder, name[0] == '.' ? "output" : name);
    array.data = ar_os_alloc(array.bytes ? array.bytes : 1);
    if (!array.data)
        return ar_fail_memory(path, array.bytes);
    arete_status status = ARETE_OK;
    if (array.bytes)
        status =
            arete_queue_read(s->queue, s->outputs[index].buffer, 0, array.bytes, array.data, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = ar_npy_write(path, &array);
    if (status == ARETE_OK)
        printf("wrote    %s\n", path);
    ar_npy_free(&array);
    return status;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static arete_status repeat(session *s, int count) {
    double *seconds = ar_os_alloc((size_t)count * sizeof *seconds);
    arete_status status = seconds ? ARETE_OK : ar_fail_memory("samples", (uint64_t)count * sizeof *seconds);
    for (int i = 0; i < count && status == ARETE_OK; i++)
        status = run_once(s, &seconds[i]);
    if (status == ARETE_OK) {
        qsort(seconds, (size_t)count, sizeof *seconds, by_size);
        printf("time     %.4f ms median of %d runs (quartiles %.4f to %.4f)\n", seconds[count / 2] * 1e3, count,
               seconds[count / 4] * 1e3, seconds[3 * count / 4] * 1e3);
    }
    ar_os_free(seconds);
    return status;
}

/* Medians of several profiles, step by step. */
static arete_status profile(session *s) {
    enum { RUNS = 7 };
    arete_model_info info;
    arete_model_get_info(s->model, &info);
    double *all = ar_os_alloc((info.steps * RUNS + 1) * sizeof *all), total = 0;
    arete_status status = all ? ARETE_OK : ar_fail_memory("samples", info.steps * RUNS * sizeof *all);
    for (int i = 0; i < RUNS && status == ARETE_OK; i++)
        status = arete_model_profile(s->model, s->queue, s->inputs, s->input_count, s->outputs, s->output_count,
                                     all + (size_t)i * info.steps, info.steps);
    if (status == ARETE_OK)
        printf("%9s %8s %7s  %-10s %-28s %s\n", "us", "GFLOP/s", "GB/s", "family", "solver", "node, problem");
    for (size_t k = 0; k < info.steps && status == ARETE_OK; k++) {
        double samples[RUNS];
        arete_model_step step = arete_model_get_step(s->model, k);
        for (int i = 0; i < RUNS; i++)
            samples[i] = all[(size_t)i * info.steps + k];
        qsort(samples, RUNS, sizeof samples[0], by_size);
        double t = samples[RUNS / 2];
        total += t;
        printf("%9.1f %8.1f %7.1f  %-10s %-28.28s %s (%s): %s\n", t * 1e6, step.cost.flops / t * 1e-9,
               step.cost.bytes / t * 1e-9, step.family, step.solver, step.name, step.op, step.problem);
    }
    if (status == ARETE_OK)
        printf("%9.1f us in %zu steps, each waited for\n", total * 1e6, info.steps);
    ar_os_free(all);
    return status;
}

static int run_model(const ar_model_args *args, arete_device *device, const char *folder, int repeats,
                     bool profiled) {
    session s = {0};
    double seconds = 0, start = ar_os_seconds();
    if (ar_model_args_load(args, device, &s.model) != ARETE_OK)
        return AR_FAILURE;
    double loaded = ar_os_seconds() - start;
    arete_model_info info;
    arete_model_get_info(s.model, &info);
    ar_command_print_device(device);
    printf("model    %s: %zu nodes, %zu steps, %.2f GFLOP, %.1f M parameters; loaded in %.3f s\n", args->path,
           info.nodes, info.steps, info.flops * 1e-9, (double)info.parameters * 1e-6, loaded);
    arete_status status = open_session(&s, args);
    if (status == ARETE_OK)
        status = run_once(&s, &seconds);
    if (status == ARETE_OK)
        printf("first    %.4f ms\n", seconds * 1e3);
    if (status == ARETE_OK && repeats > 0)
        status = repeat(&s, repeats);
    for (size_t i = 0; i < s.output_count && status == ARETE_OK; i++) {
        char text[160];
        arete_model_port port = arete_model_output(s.model, i);
        ar_tensor_text(&port.tensor, text, sizeof text);
        printf("output   %s %s\n", port.name, text);
        if (folder)
            status = write_output(&s, i, folder);
    }
    if (status == ARETE_OK && profiled)
        status = profile(&s);
    for (size_t i = 0; i < MOST_PORTS; i++) {
        arete_buffer_release(s.inputs[i].buffer);
        arete_buffer_release(s.outputs[i].buffer);
    }
    arete_queue_release(s.queue);
    arete_model_release(s.model);
    return status == ARETE_OK ? AR_DONE : ar_command_failed("run");
}

int cmd_run(int argc, char **argv) {
    static const struct option options[] = {
        {"input", required_argument, NULL, 'i'},  {"output", required_argument, NULL, 'o'},
        {"repeat", required_argument, NULL, 'r'}, {"profile", no_argument, NULL, 'p'},
        {"dim", required_argument, NULL, 'm'},    {"shape", required_argument, NULL, 's'},
        {"value", required_argument, NULL, 'v'},  {"no-fusion", no_argument, NULL, 'n'},
        {"strict", no_argument, NULL, 't'},       {"device", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},         {0}};
    ar_model_args args = {0};
    const char *folder = NULL;
    double repeats = 0;
    bool profiled = false;
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            help();
            return AR_DONE;
        }
        if (option == 'i' || option == 'm' || option == 's' || option == 'v') {
            if (!ar_model_args_add(&args, (char)option, optarg))
                return AR_USAGE;
        } else if (option == 'o') {
            folder = optarg;
        } else if (option == 'd') {
            args.device = optarg;
        } else if (option == 'r') {
            if (!ar_command_number(optarg, 1, 1e6, &repeats))
                return ar_command_usage("run", "--repeat takes a number from 1 to 1000000");
        } else if (option == 'p') {
            profiled = true;
        } else if (option == 'n') {
            args.no_fusion = true;
        } else if (option == 't') {
            args.strict = true;
        } else {
            return AR_USAGE;
        }
    }
    if (optind + 1 != argc)
        return ar_command_usage("run", "takes one model");
    args.path = argv[optind];
    arete_context *context = ar_command_context(0);
    arete_device *device = context ? ar_command_device(context, args.device) : NULL;
    int status = device ? run_model(&args, device, folder, (int)repeats, profiled) : AR_FAILURE;
    arete_context_release(context);
    return status;
}
