#include <getopt.h>
#include <string.h>

#include "command.h"
#include "record.h"

static void help(void) {
    printf("usage: arete devices [--json]\n\n"
           "Lists the devices that Arete finds, the driver behind each, and what it supports.\n"
           "Nothing is measured; nothing is compiled.\n\n"
           "  --json   everything that is known, as JSON on standard output\n");
}

static void print_device(const arete_device_info *i) {
    static const char *const kinds[] = {"reference", "CPU", "GPU", "accelerator"};
    printf("%s  %s\n", i->id, i->name);
    printf("    %s%s%s, driver %s\n", i->vendor, i->platform[0] ? ", " : "", i->platform, i->driver);
    printf("    %s, %u compute units", (unsigned)i->kind < 4 ? kinds[i->kind] : "?", i->compute_units);
    if (i->clock_mhz)
        printf(" at %u MHz", i->clock_mhz);
    printf(", %.1f GiB memory (one buffer: %.1f GiB)", (double)i->memory_bytes / 0x1p30,
           (double)i->max_buffer_bytes / 0x1p30);
    if (i->cache_bytes)
        printf(", %.1f MiB cache", (double)i->cache_bytes / 0x1p20);
    printf("\n    f32 x%u", i->vector_f32);
    if (i->has_f64)
        printf(", f64 x%u", i->vector_f64);
    printf("%s; f16 and bf16 as storage", i->has_f16 ? ", f16 arithmetic" : "");
    printf("; local memory %llu KiB%s", (unsigned long long)(i->local_bytes >> 10),
           i->local_is_dedicated ? "" : " (plain memory)");
    if (i->subgroup_size > 1)
        printf("; %u work-items in step", i->subgroup_size);
    if (i->registers_per_unit)
        printf("; %u registers a unit", i->registers_per_unit);
    if (i->kind == ARETE_DEVICE_CPU)
        printf("; workers %s", i->workers_pinned ? "pinned to cores" : "not pinned");
    printf("\n");
}

int cmd_devices(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool json = false;
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            help();
            return AR_DONE;
        }
        if (option != 'j')
            return AR_USAGE;
        json = true;
    }
    if (optind < argc)
        return ar_command_usage("devices", "takes no arguments");
    arete_context *context = ar_command_context(0);
    if (!context)
        return AR_FAILURE;
    int status = AR_DONE;
    size_t count = arete_device_count(context);
    if (json) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, ar_device_json(arete_device_at(context, i)));
        json_t *all = json_pack("{s:s, s:o, s:s}", "arete", arete_version(), "devices", list, "backends",
                                arete_context_backend_text(context));
        if (ar_json_write(all, "-") != ARETE_OK)
            status = ar_command_failed("--json");
        json_decref(all);
    } else {
        for (size_t i = 0; i < count; i++)
            print_device(arete_device_get_info(arete_device_at(context, i)));
        printf("%s\n", arete_context_backend_text(context));
    }
    arete_context_release(context);
    return status;
}
