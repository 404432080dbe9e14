/* The arete command: a table of subcommands. */
#include <signal.h>
#include <string.h>

#include "command.h"
#include "peers/process.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"devices", cmd_devices, "what is here, through which driver, what it supports"},
    {"probe", cmd_probe, "measures what a device can really do: arithmetic, memory, transfers, launches"},
    {"bench", cmd_bench, "times cases, checks them, sets them against the device's roofs and other libraries"},
    {"roofline", cmd_roofline, "draws cases under the device's roofs: a page, a picture, in the terminal"},
    {"compare", cmd_compare, "sets two saved runs against each other; fails on a regression"},
    {"pick", cmd_pick, "which hardware for a network: does it fit, how fast, at what cost, and why"},
    {"tune", cmd_tune, "searches solvers and parameters, keeps the fastest that is right"},
#ifdef ARETE_HAVE_GRAPH
    {"run", cmd_run, "runs an ONNX network on a device"},
    {"model", cmd_model, "says what an ONNX network is: steps, work, memory"},
#endif
    {"selftest", cmd_selftest, "checks every kernel on this very device against the reference"},
};

static void usage(FILE *to) {
    fprintf(to, "usage: arete COMMAND [options]\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\n`arete COMMAND --help` says more; `arete --version` tells the version.\n"
                "A device D is an id (opencl:0, reference) or part of a device's name.\n"
                "Exit status: 0 done, 1 failed, 2 wrong usage.\n"
                "Environment: ARETE_DEVICE, ARETE_CACHE_DIR, ARETE_TUNING_DIR, ARETE_LOG, ARETE_KERNEL_DIR, "
                "NO_COLOR.\n");
}

int main(int argc, char **argv) {
    if (argc >= 3 && strcmp(argv[1], "__peer") == 0)
        return ar_peer_serve(argv[2], 3, 4); /* started by process.c only */
    if (argc < 2) {
        usage(stderr);
        return AR_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("arete %s\n", arete_version());
        return AR_DONE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return AR_DONE;
    }
    signal(SIGPIPE, SIG_IGN); /* a peer that dies is an answer, not our end */
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[1]) == 0) {
            int status = commands[i].run(argc - 1, argv + 1);
            if (fflush(stdout) != 0 && status == AR_DONE)
                return AR_FAILURE;
            return status;
        }
    fprintf(stderr, "arete: there is no command '%s'\n", argv[1]);
    usage(stderr);
    return AR_USAGE;
}
