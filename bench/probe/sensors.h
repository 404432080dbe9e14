/* Clock, power and temperature of a device while it is measured, where the system shows them. */
#ifndef AR_SENSORS_H
#define AR_SENSORS_H

#include "arete/device.h"

typedef struct ar_sensors ar_sensors;

/* A reading; 0 where the system does not show it. */
typedef struct ar_reading {
    double clock_mhz, watts, celsius;
} ar_reading;

/* NULL only for lack of memory. CPUs: sysfs and /proc; NVIDIA: libnvidia-ml, opened at run time. */
ar_sensors *ar_sensors_open(const arete_device *device);
void ar_sensors_close(ar_sensors *sensors); /* NULL is fine */
/* CPU power is the mean since the last call. */
ar_reading ar_sensors_read(ar_sensors *sensors);
double ar_sensors_clock(ar_sensors *sensors);
/* Where the figures come from: "cpufreq", "nvml"; "" when nothing is shown. */
const char *ar_sensors_source(const ar_sensors *sensors);

#endif
