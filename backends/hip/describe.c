/* What a driver says of a device, as an arete_device_info. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "hip_internal.h"

/* A device's number; 0 when the driver does not answer. */
static unsigned fact(const ar_hip_device *own, ar_hip_fact which) {
    int value = 0;
    int code = own->hip->device_attribute(&value, own->hip->flavour->facts[which], own->native);
    return code || value < 0 ? 0 : (unsigned)value;
}

/* AMD: the architecture stands in a struct whose layout changed between versions; it is the one text in it that begins
 * like this, and lies behind the device's name (256 bytes). */
static void amd_arch(ar_hip_device *own) {
    enum { ROOM = 16384, NAME = 256 };
    char *properties = ar_os_alloc(ROOM);
    int (*ask)(void *, int) = own->hip->properties_6 ? own->hip->properties_6 : own->hip->properties;
    if (properties && ask && ask(properties, own->ordinal) == 0) {
        for (size_t i = NAME; i + sizeof own->arch < ROOM; i++) {
            if (memcmp(properties + i, "gfx", 3) == 0 && isxdigit((unsigned char)properties[i + 3])) {
                snprintf(own->arch, sizeof own->arch, "%s", properties + i);
                break;
            }
        }
    }
    ar_os_free(properties);
}

/* The driver's own version, which its calls do not tell. */
static void nvidia_driver(char *text, size_t bytes) {
    static const char *const path = "/proc/driver/nvidia/version";
    FILE *file = fopen(path, "r");
    char line[512] = "";
    text[0] = '\0';
    if (!file) {
        return;
    }
    if (fgets(line, sizeof line, file)) {
        for (const char *at = line; *at; at++) {
            unsigned major, minor;
            bool starts = isdigit((unsigned char)*at) && (at == line || at[-1] == ' ');
            if (starts && sscanf(at, "%u.%u", &major, &minor) == 2) {
                snprintf(text, bytes, ", driver %.*s", (int)strcspn(at, " \n"), at);
                break;
            }
        }
    }
    fclose(file);
}

static void describe_driver(const ar_hip_device *own, char *text, size_t bytes) {
    int version = own->hip->version;
    if (own->hip->flavour == &ar_hip_flavours[AR_HIP_NVIDIA]) {
        char driver[128];
        nvidia_driver(driver, sizeof driver);
        snprintf(text, bytes, "CUDA %d.%d%s", version / 1000, version % 1000 / 10, driver);
    } else {
        /* The architecture too: what the disk cache keeps is made for it. */
        snprintf(text, bytes, "HIP %d.%d.%d, %s", version / 10000000, version / 100000 % 100, version % 100000,
                 own->arch);
    }
}

static void describe_groups(ar_hip_device *own, arete_device_info *info) {
    static const ar_hip_fact grid[3] = {AR_HIP_GRID_X, AR_HIP_GRID_Y, AR_HIP_GRID_Z};
    static const ar_hip_fact group[3] = {AR_HIP_GROUP_X, AR_HIP_GROUP_Y, AR_HIP_GROUP_Z};
    unsigned most = fact(own, AR_HIP_GROUP);
    info->max_group_size = most ? most : 1;
    for (int i = 0; i < 3; i++) {
        unsigned value = fact(own, group[i]);
        info->max_group_dims[i] = value ? value : 1;
        value = fact(own, grid[i]);
        own->grid[i] = value ? value : 65535;
    }
}

arete_status ar_hip_describe(ar_hip_device *own, ar_hip_description *description) {
    const ar_hip *hip = own->hip;
    bool nvidia = hip->flavour == &ar_hip_flavours[AR_HIP_NVIDIA];
    *description = (ar_hip_description){.info.backend = ar_backend_hip.name};
    arete_device_info *info = &description->info;
    size_t memory = 0;
    int code = hip->device_name(description->name, (int)sizeof description->name - 1, own->native);
    code = code ? code : hip->device_memory(&memory, own->native);
    if (code) {
        return ar_hip_fail(hip, NULL, code, "asking what device %d is", own->ordinal);
    }
    unsigned major = fact(own, AR_HIP_MAJOR), minor = fact(own, AR_HIP_MINOR), units = fact(own, AR_HIP_UNITS);
    if (nvidia) {
        snprintf(own->arch, sizeof own->arch, "sm_%u%u", major, minor);
        info->compute_capability = 10 * major + minor;
    } else {
        amd_arch(own);
    }
    describe_driver(own, description->driver, sizeof description->driver);
    snprintf(description->features, sizeof description->features, "%s", own->arch);
    info->name = description->name;
    info->vendor = hip->flavour->vendor;
    info->platform = hip->flavour->platform;
    info->driver = description->driver;
    info->extensions = description->features;
    info->kind = ARETE_DEVICE_GPU;
    info->compute_units = units ? units : 1;
    info->clock_mhz = fact(own, AR_HIP_CLOCK_KHZ) / 1000;
    info->memory_bytes = info->max_buffer_bytes = memory;
    info->cache_bytes = fact(own, AR_HIP_CACHE_BYTES);
    info->cache_line = 128;
    info->local_bytes = fact(own, AR_HIP_LOCAL_BYTES);
    info->local_is_dedicated = true;
    info->unified_memory = fact(own, AR_HIP_INTEGRATED) != 0;
    describe_groups(own, info);
    info->vector_f32 = info->vector_f64 = 1;
    info->has_f64 = true;
    info->has_f16 = !nvidia || major > 5 || (major == 5 && minor >= 3);
    info->has_int64_atomics = true;
    info->subgroup_size = fact(own, AR_HIP_WARP);
    info->registers_per_unit = fact(own, AR_HIP_REGISTERS);
    info->items_per_unit = fact(own, AR_HIP_ITEMS);
    return ARETE_OK;
}
