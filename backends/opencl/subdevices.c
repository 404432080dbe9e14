/* Sub-devices of a device, each with as many compute units. */
#include "opencl_internal.h"

/* Asked before clCreateSubDevices: some drivers leave that entry empty, and say here that they cannot split. */
static bool splits_equally(const ar_cl *cl, cl_device_id id) {
    cl_device_partition_property kinds[16] = {0};
    size_t bytes = 0;
    cl_uint most = 0;
    if (!cl->clCreateSubDevices || !cl->clReleaseDevice ||
        cl->clGetDeviceInfo(id, CL_DEVICE_PARTITION_MAX_SUB_DEVICES, sizeof most, &most, NULL) || most < 1 ||
        cl->clGetDeviceInfo(id, CL_DEVICE_PARTITION_PROPERTIES, 0, NULL, &bytes) || bytes > sizeof kinds ||
        cl->clGetDeviceInfo(id, CL_DEVICE_PARTITION_PROPERTIES, bytes, kinds, NULL)) {
        return false;
    }
    for (size_t i = 0; i < bytes / sizeof *kinds; i++) {
        if (kinds[i] == CL_DEVICE_PARTITION_EQUALLY) {
            return true;
        }
    }
    return false;
}

/* Takes over the reference of id: on failure it is released. */
static arete_status add_part(arete_device *parent, cl_device_id id, arete_device **part) {
    ar_cl_device *whole = ar_cl_of(parent);
    ar_cl_device *own = ar_cl_device_make(whole->cl, whole->platform, id);
    if (!own) {
        whole->cl->clReleaseDevice(id);
        return ar_fail_memory("a sub-device", sizeof *own);
    }
    own->counted = true;
    ar_cl_description description;
    arete_status status = ar_cl_describe(whole->cl, whole->platform, id, &description);
    if (!status) {
        status = ar_context_add_device(parent->context, &ar_backend_opencl, own, &description.info, parent, part);
        ar_cl_describe_free(&description);
    }
    if (status) {
        ar_cl_device_free(own);
    }
    return status;
}

/* When memory runs out after the first part, the parts made so far stay in the context's list: devices live as long
 * as it does. */
arete_status ar_cl_split(arete_device *device, uint32_t units_each, arete_device **parts, size_t *count) {
    ar_cl_device *own = ar_cl_of(device);
    uint32_t units = device->info.compute_units;
    if (!splits_equally(own->cl, own->id)) {
        return ar_fail(ARETE_E_UNSUPPORTED, "%s (%s) cannot be split into sub-devices", device->info.id,
                       device->info.name);
    }
    if (units_each == 0 || units_each > units) {
        return ar_fail(ARETE_E_UNSUPPORTED, "units_each is %u, but %s has %u compute units: take 1 to %u",
                       units_each, device->info.id, units, units);
    }
    size_t made = units / units_each;
    if (*count < made) {
        return ar_fail(ARETE_E_ARGUMENT, "parts has room for %zu, but units_each = %u makes %zu sub-devices of %s",
                       *count, units_each, made, device->info.id);
    }
    cl_device_id *ids = ar_os_alloc(made * sizeof *ids);
    if (!ids) {
        return ar_fail_memory("a list of sub-devices", made * sizeof *ids);
    }
    const cl_device_partition_property how[] = {CL_DEVICE_PARTITION_EQUALLY,
                                                (cl_device_partition_property)units_each, 0};
    cl_uint given = 0;
    cl_int code = own->cl->clCreateSubDevices(own->id, how, (cl_uint)made, ids, &given);
    arete_status status = ARETE_OK;
    if (code || given > made) {
        status = ar_cl_fail(code, "splitting %s into sub-devices of %u compute units", device->info.id, units_each);
        given = 0;
    }
    for (cl_uint i = 0; i < given; i++) {
        if (status) {
            own->cl->clReleaseDevice(ids[i]);
        } else {
            status = add_part(device, ids[i], &parts[i]);
        }
    }
    ar_os_free(ids);
    if (!status) {
        *count = given;
    }
    return status;
}
