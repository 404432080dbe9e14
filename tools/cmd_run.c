#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "model_args.h"
#include "model_profile.h"
#include "run_lanes.h"
#include "session.h"

static void help(void) {
    printf(
        "usage: arete run MODEL.onnx... [options]\n\n"
        "Runs a network on a device. Inputs come from files; one without a file is filled with noise in [-1, 1)\n"
        "(floating point) or zeros (integers), which is said.\n\n"
        "  --input NAME=FILE    .npy, or raw bytes; may be given for each input\n"
        "  --output DIR         writes each output to DIR/NAME.npy (a / in a name becomes _)\n"
        "  --repeat N           runs N more times and tells the median (default 0)\n"
        "  --profile            times every step by itself: its solver, the share of its roof that it reaches, what\n"
        "                       bounds it; and sums for each operator\n"
        "Several models, or several devices with commas between (--device opencl:0,reference): every model on every\n"
        "device, first each by itself, then all at the same time; outputs go to DIR/1, DIR/2, ...\n\n"
        "%s",
        ar_model_options_help);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static arete_status repeat(ar_session *s, int count) {
    double *seconds = calloc((size_t)count, sizeof *seconds);
    arete_status status = seconds ? ARETE_OK : ARETE_E_MEMORY;
    for (int i = 0; i < count && status == ARETE_OK; i++)
        status = ar_session_run(s, &seconds[i]);
    if (status == ARETE_OK) {
        qsort(seconds, (size_t)count, sizeof *seconds, by_size);
        printf("time     %.4f ms median of %d runs (quartiles %.4f to %.4f)\n", seconds[count / 2] * 1e3, count,
               seconds[count / 4] * 1e3, seconds[3 * count / 4] * 1e3);
    }
    free(seconds);
    return status;
}

static const char *input_file(const void *of, const char *name) {
    return ar_model_args_input(of, name);
}

/* Files given for inputs that there are not. */
static bool inputs_known(const ar_model_args *args, const arete_model *model) {
    for (size_t i = 0; i < args->input_count; i++) {
        bool known = false;
        for (size_t k = 0; k < arete_model_input_count(model); k++)
            known = known || strcmp(arete_model_input(model, k).name, args->inputs[i].name) == 0;
        if (!known) {
            fprintf(stderr, "arete: the model has no input '%s'\n", args->inputs[i].name);
            return false;
        }
    }
    return true;
}

static arete_status run_session(ar_session *s, const char *folder, int repeats, bool profiled) {
    double seconds = 0;
    for (size_t i = 0; i < s->input_count; i++)
        if (s->filled[i])
            fprintf(stderr, "arete: no file for the input '%s': noise, or zeros of an integer type\n",
                    arete_model_input(s->model, i).name);
    arete_status status = ar_session_run(s, &seconds);
    if (status == ARETE_OK)
        printf("first    %.4f ms\n", seconds * 1e3);
    if (status == ARETE_OK && repeats > 0)
        status = repeat(s, repeats);
    for (size_t i = 0; i < s->output_count && status == ARETE_OK; i++) {
        char text[160], path[1024];
        arete_model_port port = arete_model_output(s->model, i);
        ar_tensor_text(&port.tensor, text, sizeof text);
        printf("output   %s %s\n", port.name, text);
        if (folder)
            status = ar_session_write(s, i, folder, path, sizeof path);
        if (folder && status == ARETE_OK)
            printf("wrote    %s\n", path);
    }
    if (status == ARETE_OK && profiled)
        status = ar_model_profile_print(s);
    return status;
}

static int run_model(const ar_model_args *args, arete_device *device, const char *folder, int repeats,
                     bool profiled) {
    ar_session session = {0};
    arete_model *model = NULL;
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (ar_model_args_load(args, device, &model) != ARETE_OK)
        return AR_FAILURE;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double loaded = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
    arete_model_info info;
    arete_model_get_info(model, &info);
    ar_command_print_device(device);
    printf("model    %s: %zu nodes, %zu steps in %.0f launches, %.2f GFLOP, %.1f M parameters; loaded in %.3f s\n",
           args->path, info.nodes, info.steps, info.launches, info.flops * 1e-9, (double)info.parameters * 1e-6, loaded);
    int status = AR_FAILURE;
    if (inputs_known(args, model)) {
        arete_status ran = ar_session_open(model, input_file, args, &session);
        if (ran == ARETE_OK)
            ran = run_session(&session, folder, repeats, profiled);
        status = ran == ARETE_OK ? AR_DONE : ar_command_failed("run");
    }
    ar_session_close(&session);
    arete_model_release(model);
    return status;
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
    if (optind == argc)
        return ar_command_usage("run", "takes a model");
    if (optind + 1 < argc || (args.device && strchr(args.device, ',')))
        return profiled ? ar_command_usage("run", "--profile takes one model and one device")
                        : ar_run_lanes(&args, argv + optind, argc - optind, (int)repeats, folder);
    args.path = argv[optind];
    arete_context *context = ar_command_context(0);
    arete_device *device = context ? ar_command_device(context, args.device) : NULL;
    int status = device ? run_model(&args, device, folder, (int)repeats, profiled) : AR_FAILURE;
    arete_context_release(context);
    return status;
}
