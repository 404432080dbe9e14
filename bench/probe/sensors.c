#include "sensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"

/* The few entries of NVIDIA's management library that are read; types as its ABI has them. */
typedef struct nvml {
    ar_library *library;
    void *device;
    int (*clock)(void *device, int domain, unsigned *mhz);
    int (*power)(void *device, unsigned *milliwatts);
    int (*temperature)(void *device, int sensor, unsigned *celsius);
    int (*shutdown)(void);
} nvml;

struct ar_sensors {
    bool cpu;
    uint32_t cpus;
    char thermal[64]; /* the file; empty: none */
    bool frequency, energy;
    double joules, since; /* at the last reading */
    nvml nv;
    const char *source;
};

static const char energy_file[] = "/sys/class/powercap/intel-rapl:0/energy_uj";

/* A number in a file of sysfs; 0 when it cannot be read. */
static double file_number(const char *path) {
    char *text;
    size_t length;
    if (ar_os_read_file(path, &text, &length) != ARETE_OK)
        return 0;
    double number = strtod(text, NULL);
    ar_os_free(text);
    return number > 0 ? number : 0;
}

static double cpu_frequency(uint32_t cpu) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq", cpu);
    return file_number(path) * 1e-3;
}

static void open_cpu(ar_sensors *s) {
    bool contiguous;
    s->cpus = ar_os_allowed_cpus(&contiguous);
    s->frequency = cpu_frequency(0) > 0;
    s->joules = file_number(energy_file) * 1e-6;
    s->since = ar_os_seconds();
    s->energy = s->joules > 0;
    if (file_number("/sys/class/thermal/thermal_zone0/temp") > 0)
        snprintf(s->thermal, sizeof s->thermal, "/sys/class/thermal/thermal_zone0/temp");
    s->source = s->frequency ? "cpufreq" : s->energy || s->thermal[0] ? "sysfs" : "";
}

/* Function pointers from a library: ISO C has no cast for it, so the bytes are copied. */
static bool take(ar_library *library, const char *name, void *into) {
    void *symbol = ar_library_symbol(library, name);
    memcpy(into, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* The first device that NVML names like the OpenCL device. */
static void open_nvml(ar_sensors *s, const arete_device_info *info) {
    static const char *const names[] = {"libnvidia-ml.so.1"};
    char why[128];
    int (*init)(void), (*handle)(unsigned, void **), (*name)(void *, char *, unsigned);
    nvml *nv = &s->nv;
    nv->library = ar_library_open(names, 1, why, sizeof why);
    if (!nv->library)
        return;
    bool complete = take(nv->library, "nvmlInit_v2", &init);
    complete &= take(nv->library, "nvmlDeviceGetHandleByIndex_v2", &handle);
    complete &= take(nv->library, "nvmlDeviceGetName", &name);
    complete &= take(nv->library, "nvmlDeviceGetClockInfo", &nv->clock);
    complete &= take(nv->library, "nvmlDeviceGetPowerUsage", &nv->power);
    complete &= take(nv->library, "nvmlDeviceGetTemperature", &nv->temperature);
    complete &= take(nv->library, "nvmlShutdown", &nv->shutdown);
    if (!complete || init() != 0) {
        ar_library_close(nv->library);
        nv->library = NULL;
        return;
    }
    for (unsigned i = 0; i < 64 && !nv->device; i++) {
        void *device = NULL;
        char text[128] = "";
        if (handle(i, &device) != 0)
            break;
        if (name(device, text, sizeof text) == 0 && strcmp(text, info->name) == 0)
            nv->device = device;
    }
    s->source = nv->device ? "nvml" : "";
}

ar_sensors *ar_sensors_open(const arete_device *device) {
    const arete_device_info *info = arete_device_get_info(device);
    ar_sensors *s = ar_os_alloc(sizeof *s);
    if (!s)
        return NULL;
    s->source = "";
    s->cpu = info->kind == ARETE_DEVICE_CPU || info->kind == ARETE_DEVICE_REFERENCE;
    if (s->cpu)
        open_cpu(s);
    else if (info->compute_capability > 0)
        open_nvml(s, info);
    return s;
}

void ar_sensors_close(ar_sensors *sensors) {
    if (sensors && sensors->nv.library) {
        sensors->nv.shutdown();
        ar_library_close(sensors->nv.library);
    }
    ar_os_free(sensors);
}

double ar_sensors_clock(ar_sensors *s) {
    unsigned mhz = 0;
    if (s->nv.device && s->nv.clock(s->nv.device, 1 /* SM */, &mhz) == 0)
        return mhz;
    if (!s->frequency)
        return 0;
    double sum = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < s->cpus && i < 16; i++) {
        double one = cpu_frequency(i);
        sum += one;
        used += one > 0;
    }
    return used ? sum / used : 0;
}

ar_reading ar_sensors_read(ar_sensors *s) {
    ar_reading reading = {.clock_mhz = ar_sensors_clock(s)};
    unsigned value = 0;
    if (s->nv.device) {
        reading.watts = s->nv.power(s->nv.device, &value) == 0 ? value * 1e-3 : 0;
        reading.celsius = s->nv.temperature(s->nv.device, 0, &value) == 0 ? value : 0;
    }
    if (s->energy) {
        double joules = file_number(energy_file) * 1e-6, now = ar_os_seconds();
        if (joules > s->joules && now > s->since)
            reading.watts = (joules - s->joules) / (now - s->since);
        s->joules = joules;
        s->since = now;
    }
    if (s->thermal[0])
        reading.celsius = file_number(s->thermal) * 1e-3;
    return reading;
}

const char *ar_sensors_source(const ar_sensors *sensors) {
    return sensors->source;
}
