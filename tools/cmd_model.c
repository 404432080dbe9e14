#include <getopt.h>
#include <string.h>

#include "command.h"
#include "model_args.h"

static void help(void) {
    printf(
        "usage: arete model MODEL.onnx [options]\n\n"
        "Says what a network is: inputs, outputs, parameters, steps with their shapes, FLOPs and bytes, memory.\n"
        "Every step is planned for the device; nothing is run.\n\n"
        "  --steps              one line for each step\n"
        "  --cases              the steps as cases of `arete bench`, one a line, with nothing else\n"
        "%s",
        ar_model_options_help);
}

static void print_ports(const arete_model *model) {
    char text[160];
    for (size_t i = 0; i < arete_model_input_count(model); i++) {
        arete_model_port port = arete_model_input(model, i);
        ar_tensor_text(&port.tensor, text, sizeof text);
        printf("input    %s %s\n", port.name, text);
    }
    for (size_t i = 0; i < arete_model_output_count(model); i++) {
        arete_model_port port = arete_model_output(model, i);
        ar_tensor_text(&port.tensor, text, sizeof text);
        printf("output   %s %s\n", port.name, text);
    }
}

/* How many steps an operator became, with their work: in the order of their first appearance. */
static void print_operators(const arete_model *model, size_t steps) {
    for (size_t i = 0; i < steps; i++) {
        arete_model_step first = arete_model_get_step(model, i);
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen = seen || strcmp(arete_model_get_step(model, k).op, first.op) == 0;
        if (seen)
            continue;
        double flops = 0, bytes = 0;
        size_t count = 0;
        for (size_t k = i; k < steps; k++) {
            arete_model_step step = arete_model_get_step(model, k);
            if (strcmp(step.op, first.op) != 0)
                continue;
            count++;
            flops += step.cost.flops;
            bytes += step.cost.bytes;
        }
        printf("  %-24s %5zu steps %12.3f MFLOP %12.3f MB\n", first.op, count, flops * 1e-6, bytes * 1e-6);
    }
}

static void print_model(const arete_model *model, const char *path, bool steps, bool cases) {
    arete_model_info info;
    arete_model_get_info(model, &info);
    for (size_t i = 0; cases && i < info.steps; i++)
        printf("%s\n", arete_model_get_step(model, i).problem);
    if (cases)
        return;
    printf("model    %s\n", path);
    print_ports(model);
    printf("nodes    %zu: %zu steps are left, %zu computed at load, %zu went into other steps\n", info.nodes,
           info.steps, info.folded, info.fused);
    printf("work     %.4f GFLOP, %.2f MB of compulsory traffic, %.0f launches\n", info.flops * 1e-9,
           info.bytes * 1e-6, info.launches);
    printf(
        "memory   %.3f M parameters, %.2f MB of weights on the device; %.2f MB for intermediate results (%.2f MB "
        "without sharing), %.2f MB of scratch\n",
        (double)info.parameters * 1e-6, (double)info.weight_bytes * 1e-6, (double)info.activation_bytes * 1e-6,
        (double)info.activation_sum * 1e-6, (double)info.workspace_bytes * 1e-6);
    print_operators(model, info.steps);
    for (size_t i = 0; steps && i < info.steps; i++) {
        arete_model_step step = arete_model_get_step(model, i);
        printf("%4zu %s (%s)\n     %s\n     %s, %.3f MFLOP, %.3f MB\n", i, step.name, step.op, step.problem,
               step.solver, step.cost.flops * 1e-6, step.cost.bytes * 1e-6);
    }
}

int cmd_model(int argc, char **argv) {
    static const struct option options[] = {{"steps", no_argument, NULL, 'l'},
                                            {"cases", no_argument, NULL, 'c'},
                                            {"input", required_argument, NULL, 'i'},
                                            {"dim", required_argument, NULL, 'm'},
                                            {"shape", required_argument, NULL, 's'},
                                            {"value", required_argument, NULL, 'v'},
                                            {"no-fusion", no_argument, NULL, 'n'},
                                            {"strict", no_argument, NULL, 't'},
                                            {"device", required_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    ar_model_args args = {0};
    bool steps = false, cases = false;
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            help();
            return AR_DONE;
        }
        if (option == 'i' || option == 'm' || option == 's' || option == 'v') {
            if (!ar_model_args_add(&args, (char)option, optarg))
                return AR_USAGE;
        } else if (option == 'd') {
            args.device = optarg;
        } else if (option == 'l') {
            steps = true;
        } else if (option == 'c') {
            cases = true;
        } else if (option == 'n') {
            args.no_fusion = true;
        } else if (option == 't') {
            args.strict = true;
        } else {
            return AR_USAGE;
        }
    }
    if (optind + 1 != argc)
        return ar_command_usage("model", "takes one model");
    args.path = argv[optind];
    arete_context *context = ar_command_context(0);
    arete_device *device = context ? ar_command_device(context, args.device) : NULL;
    arete_model *model = NULL;
    int status = AR_FAILURE;
    if (device && ar_model_args_load(&args, device, &model) == ARETE_OK) {
        print_model(model, args.path, steps, cases);
        status = AR_DONE;
    }
    arete_model_release(model);
    arete_context_release(context);
    return status;
}
