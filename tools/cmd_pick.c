#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "network.h"
#include "pick_report.h"
#include "roofs.h"
#include "validate.h"

#define MOST_SETTINGS 16
#define MOST_FILES 16

/* Everything that must be given back. */
typedef struct session {
    ar_question question;
    const char *settings[MOST_SETTINGS];
    char batch[32];
    const char *on, *json, *files[MOST_FILES];
    size_t file_count;
    const char *device;
    bool validate, check, list_parts, all;
    arete_context *context;
    ar_parts parts;
    ar_experience experience;
    ar_lessons lessons;
    ar_machine *machines;
    size_t count;
    ar_choice answer;
    json_t *networks; /* of --check, for --json */
} session;

static void help(void) {
    printf(
        "usage: arete pick WORKLOAD|MODEL.onnx|'OP key=value ...' [options]\n"
        "       arete pick --validate [--runs FILE]... [--json FILE]\n"
        "       arete pick --check WORKLOAD... [--device D] [--runs FILE]...\n"
        "       arete pick --parts\n\n"
        "Which hardware for a network: whether it fits, the time it would take with an interval, what bounds it, "
        "what it\n"
        "costs, and why. Efficiencies come from measured runs of other devices, carried over by the roofs; the "
        "naive\n"
        "time by the datasheet alone stands beside.\n\n"
        "  --batch N         the workload's batch; --set NAME=N: any other parameter of it\n"
        "  --dtype T         f32, f16, bf16, i8 (default: the workload's own)\n"
        "  --train           a training step: forward, backward, Adam (default: inference)\n"
        "  --on LIST         comma-separated: parts of the database (names or parts of names), 'here' for this\n"
        "                    machine's devices, or files of saved runs (default: the whole database and here)\n"
        "  --devices N       up to N devices of a kind together: data, tensor and pipeline parallel\n"
        "  --by WHAT         time (default), cost or energy\n"
        "  --runs FILE       measured runs (a file, or a folder of them) to learn from, beside the installed ones\n"
        "  --all             every line of the table, not the first 15; of networks (--check, --validate)\n"
        "                    every operation, too\n"
        "  --json FILE       the answer for programs; - is standard output\n"
        "  --validate        predicts each measured device from the others, and says how far off that was\n"
        "  --check           measures each workload here, its operations one after another, and sets the sum of "
        "the\n"
        "                    predictions beside: of what was measured of this workload (in --runs) nothing is "
        "used\n"
        "  --device D        of --check: opencl:0, or part of a name\n"
        "  --parts           lists the hardware database\n\n"
        "A workload may carry settings: resnet50,batch=1,dtype=f16. Workloads:");
    char **names = NULL;
    if (ar_workload_names(&names) == ARETE_OK)
        for (char **name = names; *name; name++)
            printf("%s%s", name == names ? " " : ", ", *name);
    ar_os_free_names(names);
    printf("; or the path of a .workload file; or an ONNX model, whose settings are\n"
           "its open dimensions by name (batch: the first one of every input) or its inputs' shapes:\n"
           "net.onnx,batch=8,seq=128 or net.onnx,x=1x3x48x192.\n");
}

enum { BATCH = 1, SET, DTYPE, TRAIN, ON, DEVICES, BY, RUNS, ALL, JSON, VALIDATE, CHECK, DEVICE, PARTS, HELP };

static const struct option options[] = {{"batch", required_argument, NULL, BATCH},
                                        {"set", required_argument, NULL, SET},
                                        {"dtype", required_argument, NULL, DTYPE},
                                        {"train", no_argument, NULL, TRAIN},
                                        {"on", required_argument, NULL, ON},
                                        {"devices", required_argument, NULL, DEVICES},
                                        {"by", required_argument, NULL, BY},
                                        {"runs", required_argument, NULL, RUNS},
                                        {"all", no_argument, NULL, ALL},
                                        {"json", required_argument, NULL, JSON},
                                        {"validate", no_argument, NULL, VALIDATE},
                                        {"check", no_argument, NULL, CHECK},
                                        {"device", required_argument, NULL, DEVICE},
                                        {"parts", no_argument, NULL, PARTS},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

static int add_setting(session *s, const char *text) {
    if (!strchr(text, '=') || s->question.setting_count == MOST_SETTINGS)
        return ar_command_usage("pick", "--set takes NAME=N, at most 16 times");
    s->settings[s->question.setting_count++] = text;
    return -1;
}

static int take_by(session *s, const char *value) {
    static const char *const names[] = {"time", "cost", "energy"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0) {
            s->question.by = (ar_by)i;
            return -1;
        }
    return ar_command_usage("pick", "--by is time, cost or energy");
}

/* -1: go on; else the exit status. */
static int take_option(session *s, int option, const char *value) {
    double number;
    switch (option) {
    case BATCH:
        if (!ar_command_number(value, 1, 1e6, &number) || number != floor(number))
            return ar_command_usage("pick", "--batch takes a whole number, 1 to 1000000");
        snprintf(s->batch, sizeof s->batch, "batch=%.0f", number);
        return add_setting(s, s->batch);
    case SET:
        return add_setting(s, value);
    case DTYPE:
        s->question.dtype = arete_dtype_parse(value);
        return s->question.dtype != ARETE_DTYPE_NONE && s->question.dtype <= ARETE_U8
                   ? -1
                   : ar_command_usage("pick", "--dtype is f32, f16, bf16, f64 or i8");
    case TRAIN:
        s->question.train = true;
        return -1;
    case ON:
        s->on = value;
        return -1;
    case DEVICES:
        if (!ar_command_number(value, 1, 64, &number))
            return ar_command_usage("pick", "--devices takes a number, 1 to 64");
        s->question.most = (int)number;
        return -1;
    case BY:
        return take_by(s, value);
    case RUNS:
        if (s->file_count == MOST_FILES)
            return ar_command_usage("pick", "too many --runs");
        s->files[s->file_count++] = value;
        return -1;
    case ALL:
        s->all = true;
        return -1;
    case JSON:
        s->json = value;
        return -1;
    case VALIDATE:
        s->validate = true;
        return -1;
    case CHECK:
        s->check = true;
        return -1;
    case DEVICE:
        s->device = value;
        return -1;
    case PARTS:
        s->list_parts = true;
        return -1;
    case HELP:
        help();
        return AR_DONE;
    default:
        return AR_USAGE;
    }
}

static int load(session *s) {
    if (ar_parts_load(&s->parts) != ARETE_OK)
        return ar_command_failed("pick");
    if (ar_experience_load(&s->parts, &s->experience) != ARETE_OK)
        return ar_command_failed("the measured runs");
    for (size_t i = 0; i < s->file_count; i++)
        if (ar_experience_add(&s->experience, &s->parts, s->files[i]) != ARETE_OK)
            return ar_command_failed("--runs");
    return -1;
}

static int add_machine(session *s, const ar_machine *machine) {
    ar_machine *grown = realloc(s->machines, (s->count + 1) * sizeof *grown);
    if (!grown)
        return AR_FAILURE;
    s->machines = grown;
    s->machines[s->count++] = *machine;
    return -1;
}

/* This machine's devices by the roofs that they carry; nothing is measured. */
static int add_here(session *s) {
    s->context = ar_command_context(0);
    if (!s->context)
        return AR_FAILURE;
    for (size_t i = 0; i < arete_device_count(s->context); i++) {
        ar_machine machine;
        arete_device *device = arete_device_at(s->context, i);
        if (arete_device_get_info(device)->kind == ARETE_DEVICE_REFERENCE)
            continue;
        ar_machine_of_device(device, &machine);
        if (add_machine(s, &machine) >= 0)
            return AR_FAILURE;
    }
    return -1;
}

static int add_part(session *s, const ar_part *part) {
    ar_machine machine;
    ar_machine_of_part(&s->parts, part, &machine);
    return add_machine(s, &machine);
}

/* A file of saved runs: the last one's device, which then is a source, too. */
static int add_file(session *s, const char *path) {
    size_t before = s->experience.count;
    ar_machine machine;
    if (ar_machine_of_file(&s->parts, path, &machine) != ARETE_OK)
        return ar_command_failed("--on");
    if (ar_experience_add(&s->experience, &s->parts, path) != ARETE_OK)
        return ar_command_failed("--on");
    (void)before;
    return add_machine(s, &machine);
}

static int add_word(session *s, const char *word) {
    const ar_part *part = NULL;
    if (strcmp(word, "here") == 0)
        return add_here(s);
    if (strchr(word, '/') || strstr(word, ".json"))
        return add_file(s, word);
    if (ar_parts_find(&s->parts, word, &part) != ARETE_OK)
        return ar_command_failed("--on");
    return add_part(s, part);
}

static int collect(session *s) {
    int status = -1;
    if (!s->on) {
        for (size_t i = 0; i < s->parts.count && status < 0; i++)
            status = add_part(s, &s->parts.parts[i]);
        return status < 0 ? add_here(s) : status;
    }
    for (const char *at = s->on; *at && status < 0;) {
        char word[512];
        size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        if (length)
            status = add_word(s, word);
        at += length + (at[length] == ',');
    }
    if (status < 0 && s->count == 0)
        return ar_command_usage("pick", "--on names no device that is there (arete devices lists this machine's)");
    return status;
}

static int answer(session *s) {
    static char text[8192];
    if (ar_lessons_learn(&s->experience, NULL, &s->lessons) != ARETE_OK ||
        ar_pick(&s->question, s->machines, s->count, &s->experience, NULL, &s->lessons, &s->answer) != ARETE_OK)
        return ar_command_failed("pick");
    if (ar_advise(&s->question, &s->answer, s->machines, s->count, &s->experience, NULL, &s->lessons, text,
                  sizeof text) != ARETE_OK)
        return ar_command_failed("pick");
    FILE *to = s->json && strcmp(s->json, "-") == 0 ? stderr : stdout;
    ar_pick_print(to, &s->question, &s->answer, s->all ? s->answer.count : 15);
    fprintf(to, "\n%s", text);
    if (s->json && ar_pick_write_json(&s->question, &s->answer, text, s->json) != ARETE_OK)
        return ar_command_failed("--json");
    return s->answer.fitting > 0 ? AR_DONE : AR_FAILURE;
}

static int validate(session *s) {
    ar_validation validation;
    FILE *to = s->json && strcmp(s->json, "-") == 0 ? stderr : stdout;
    if (ar_validate(&s->experience, s->all ? to : NULL, &validation) != ARETE_OK)
        return ar_command_failed("--validate");
    ar_validation_print(to, &validation);
    int status = AR_DONE;
    if (s->json && ar_validation_write_json(&validation, s->json) != ARETE_OK)
        status = ar_command_failed("--json");
    ar_validation_free(&validation);
    return status;
}

/* One network: its time here, and what the others' measurements make of it. */
static int check_one(session *s, arete_device *device, const ar_machine *machine, const char *word, double *off) {
    ar_workload w;
    ar_network_time time;
    ar_estimate sum;
    ar_forecast *forecast = NULL;
    if (ar_workload_load(word, s->settings, s->question.setting_count, s->question.dtype, &w) != ARETE_OK)
        return ar_command_failed(word);
    *off = -1;
    if (ar_network_measure(device, &w, 2, (uint64_t)(machine->memory / 2), &time) != ARETE_OK) {
        printf("  %-28.28s not measured: %s\n", word, arete_error_text());
        ar_workload_free(&w);
        return -1;
    }
    ar_without without = {.group = w.name};
    int status = -1;
    json_array_append_new(s->networks, ar_network_json(word, &w, &time));
    if (ar_forecast_open(&s->experience, machine, &without, &s->lessons, &forecast) != ARETE_OK) {
        status = ar_command_failed("--check");
    } else {
        ar_network_predict(forecast, &w, &sum);
        *off = fabs(sum.seconds / time.seconds.median - 1);
        printf("  %-28.28s %9.4g ms (%4.1f%%) %9.4g ms %9.4g %9.4g %+7.1f%%  %9.4g ms%s%s\n", word,
               1e3 * time.seconds.median, 100 * time.seconds.spread, 1e3 * sum.seconds, 1e3 * sum.low,
               1e3 * sum.high, 100 * (sum.seconds / time.seconds.median - 1), 1e3 * sum.naive,
               time.left_out > 0 ? "  without " : "", time.why);
        if (s->all)
            ar_network_explain(stdout, &s->experience, forecast, machine->name, &w);
    }
    ar_forecast_close(forecast);
    ar_workload_free(&w);
    return status;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int check(session *s, int count, char **words) {
    ar_measured_roofs roofs;
    ar_machine machine;
    size_t known = 0;
    int status = -1;
    s->networks = json_array();
    s->context = ar_command_context(0);
    arete_device *device = s->context ? ar_command_device(s->context, s->device) : NULL;
    double *errors = calloc((size_t)count, sizeof *errors);
    if (!device || !errors) {
        free(errors);
        return AR_FAILURE;
    }
    if (ar_roofs_measure(device, &roofs) == ARETE_OK)
        arete_device_set_roofs(device, &roofs.roofs);
    ar_machine_of_device(device, &machine);
    if (ar_lessons_learn(&s->experience, NULL, &s->lessons) != ARETE_OK)
        status = ar_command_failed("--check");
    printf("%s: each network here, and predicted from what was measured of the others\n\n"
           "  %-28s %12s %7s  %12s %9s %9s %8s  %12s\n",
           machine.name, "workload", "measured", "spread", "predicted", "90% from", "to", "error", "naive");
    for (int i = 0; i < count && status < 0; i++) {
        status = check_one(s, device, &machine, words[i], &errors[known]);
        known += errors[known] >= 0;
        fflush(stdout);
    }
    qsort(errors, known, sizeof *errors, by_size);
    if (status < 0 && known > 0)
        printf("\nmedian error %.1f%% over %zu networks\n",
               100 * (known % 2 ? errors[known / 2] : (errors[known / 2] + errors[known / 2 - 1]) / 2), known);
    free(errors);
    if (status < 0 && s->json && ar_networks_write(device, &roofs, s->networks, s->json) != ARETE_OK)
        return ar_command_failed("--json");
    return status >= 0 ? status : known > 0 ? AR_DONE : AR_FAILURE;
}

static void close_session(session *s) {
    json_decref(s->networks);
    ar_choice_free(&s->answer);
    ar_lessons_free(&s->lessons);
    ar_experience_free(&s->experience);
    ar_parts_free(&s->parts);
    free(s->machines);
    arete_context_release(s->context);
}

static int pick(session *s, int argc, char **argv) {
    int option, status = -1;
    while (status < 0 && (option = getopt_long(argc, argv, "h", options, NULL)) != -1)
        status = take_option(s, option == 'h' ? HELP : option, optarg);
    if (status >= 0)
        return status;
    s->question.settings = s->settings;
    bool alone = s->validate || s->list_parts;
    if (s->check ? argc == optind : argc - optind != (alone ? 0 : 1))
        return ar_command_usage("pick",
                                alone ? "--validate and --parts take no workload" : "one workload is needed");
    if ((status = load(s)) >= 0)
        return status;
    if (s->list_parts) {
        ar_parts_print(stdout, &s->parts);
        return AR_DONE;
    }
    if (s->validate)
        return validate(s);
    if (s->check)
        return check(s, argc - optind, argv + optind);
    s->question.word = argv[optind];
    ar_workload workload; /* a bad word is wrong usage, before anything else is done */
    if (ar_workload_load(s->question.word, s->settings, s->question.setting_count, s->question.dtype, &workload) !=
        ARETE_OK) {
        (void)ar_command_failed("pick");
        return AR_USAGE;
    }
    ar_workload_free(&workload);
    if ((status = collect(s)) >= 0)
        return status;
    return answer(s);
}

int cmd_pick(int argc, char **argv) {
    session *s = calloc(1, sizeof *s);
    if (!s)
        return AR_FAILURE;
    s->question.most = 1;
    int status = pick(s, argc, argv);
    close_session(s);
    free(s);
    return status;
}
