/* Programs and kernels: built from source or from a binary. A program's impl is the cl_program itself. */
#include <stdio.h>
#include <string.h>

#include "apart.h"
#include "opencl_internal.h"

/* The build log, freed with ar_os_free; NULL when there is none. */
static char *build_log(const ar_cl *cl, cl_device_id id, cl_program program) {
    size_t bytes = 0;
    if (cl->clGetProgramBuildInfo(program, id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes) || bytes < 2) {
        return NULL;
    }
    char *log = ar_os_alloc(bytes + 1);
    if (log && cl->clGetProgramBuildInfo(program, id, CL_PROGRAM_BUILD_LOG, bytes, log, NULL)) {
        ar_os_free(log);
        log = NULL;
    }
    return log;
}

static bool means_bad_source(cl_int code) {
    return code == CL_BUILD_PROGRAM_FAILURE || code == CL_INVALID_BUILD_OPTIONS || code == CL_INVALID_BINARY ||
           code == CL_COMPILE_PROGRAM_FAILURE || code == CL_LINK_PROGRAM_FAILURE;
}

/* Builds and, when that fails, releases program. */
static arete_status build_or_release(arete_device *device, const char *name, cl_program program,
                                     const char *options) {
    ar_cl_device *own = ar_cl_of(device);
    cl_int code = own->cl->clBuildProgram(program, 1, &own->id, options, NULL, NULL);
    char *log = build_log(own->cl, own->id, program);
    arete_status status = ARETE_OK;
    if (means_bad_source(code)) {
        status = ar_fail(ARETE_E_BUILD, "%s with options \"%s\" did not build on %s (%s): %s (%d)\n%s", name,
                         options, device->info.id, device->info.name, ar_cl_name(code), (int)code,
                         log ? log : "(no log)");
    } else if (code) {
        status = ar_cl_fail(code, "building %s with options \"%s\" on %s: %.400s", name, options, device->info.id,
                            log ? log : "(no log)");
    } else if (log && strspn(log, " \t\r\n") < strlen(log)) {
        ar_log(device->context, ARETE_LOG_DEBUG, "opencl: building %s: %s", name, log);
    }
    ar_os_free(log);
    if (status) {
        own->cl->clReleaseProgram(program);
    }
    return status;
}

/* Devices without a compiler (FPGAs) take binaries only. */
static arete_status check_compiler(arete_device *device, const char *name) {
    ar_cl_device *own = ar_cl_of(device);
    cl_bool available = CL_FALSE;
    cl_int code =
        own->cl->clGetDeviceInfo(own->id, CL_DEVICE_COMPILER_AVAILABLE, sizeof available, &available, NULL);
    if (code || !available) {
        return ar_fail(ARETE_E_UNSUPPORTED, "%s: %s (%s) has no compiler for OpenCL C", name, device->info.id,
                       device->info.name);
    }
    return ARETE_OK;
}

/* In this process. */
static arete_status build_here(arete_device *device, const char *name, const char *source, const char *options,
                               void **impl) {
    ar_cl_device *own = ar_cl_of(device);
    cl_context context;
    arete_status status = check_compiler(device, name);
    if (!status) {
        status = ar_cl_context(device, &context);
    }
    if (status) {
        return status;
    }
    cl_int code = CL_SUCCESS;
    cl_program program = own->cl->clCreateProgramWithSource(context, 1, &source, NULL, &code);
    if (!program || code) {
        return ar_cl_fail(code, "making a program of %s on %s", name, device->info.id);
    }
    status = build_or_release(device, name, program, options);
    if (!status) {
        *impl = program;
    }
    return status;
}

static arete_status cl_program_load(arete_device *device, const void *data, size_t bytes, const char *options,
                                    void **impl) {
    ar_cl_device *own = ar_cl_of(device);
    cl_context context;
    arete_status status = ar_cl_context(device, &context);
    if (status) {
        return status;
    }
    options = options ? options : "";
    const unsigned char *binary = data;
    cl_int code = CL_SUCCESS, taken = CL_SUCCESS;
    cl_program program =
        own->cl->clCreateProgramWithBinary(context, 1, &own->id, &bytes, &binary, &taken, &code);
    if (program && (code || taken)) {
        own->cl->clReleaseProgram(program);
    }
    if (!program || code || taken) {
        code = code ? code : taken;
        return means_bad_source(code) ? ar_fail(ARETE_E_BUILD, "%s does not take a binary of %zu bytes: %s (%d)",
                                                device->info.id, bytes, ar_cl_name(code), (int)code)
                                      : ar_cl_fail(code, "loading a binary of %zu bytes on %s", bytes,
                                                   device->info.id);
    }
    status = build_or_release(device, "a binary", program, options);
    if (!status) {
        *impl = program;
    }
    return status;
}

/* How another process finds the same kind of device. */
static void target_of(const arete_device *device, char *text, size_t bytes) {
    snprintf(text, bytes, "%s, %s, driver %s", device->info.name, device->info.platform, device->info.driver);
}

/* With ARETE_COMPILE=isolated another process compiles, and this one takes the binary: a compiler that crashes is then
 * an error. The driver may still compile a second time when the binary is first run; that cannot be contained. */
static arete_status cl_program_build(arete_device *device, const char *name, const char *source,
                                     const char *options, void **impl) {
    options = options ? options : "";
    if (ar_compile_asked() != AR_COMPILE_ISOLATED) {
        return build_here(device, name, source, options, impl);
    }
    char target[512];
    void *data = NULL;
    size_t bytes = 0;
    target_of(device, target, sizeof target);
    const ar_compile_request request = {ar_backend_opencl.name, target, name, options, source};
    arete_status status = check_compiler(device, name);
    status = status ? status : ar_compile_apart(&request, &data, &bytes);
    if (!status) {
        status = cl_program_load(device, data, bytes, options, impl);
        ar_os_free(data);
    }
    return status;
}

static arete_status cl_program_binary(arete_device *device, void *impl, void **data, size_t *bytes);

/* The other process's part: finds the device, builds, gives the binary. */
static arete_status cl_program_compile(const char *target, const char *name, const char *source,
                                       const char *options, void **data, size_t *bytes) {
    const arete_context_desc desc = {.backends = ar_backend_opencl.name, .cache_dir = "off", .tuning_dir = "off"};
    arete_context *context = NULL;
    arete_status status = arete_context_create(&desc, &context);
    if (status) {
        return ar_fail_within(status, "%s", name);
    }
    arete_device *device = NULL;
    for (size_t i = 0; i < arete_device_count(context) && !device; i++) {
        char text[512];
        target_of(arete_device_at(context, i), text, sizeof text);
        device = strcmp(text, target) == 0 ? arete_device_at(context, i) : NULL;
    }
    if (!device) {
        status = ar_fail(ARETE_E_NOT_FOUND, "%s: the compiling process finds no %s; it has %s", name, target,
                         arete_context_backend_text(context));
    } else {
        void *program = NULL;
        status = build_here(device, name, source, options, &program);
        if (!status) {
            status = cl_program_binary(device, program, data, bytes);
            ar_cl_of(device)->cl->clReleaseProgram(program);
        }
        if (!status && *bytes == 0) {
            status = ar_fail(ARETE_E_UNSUPPORTED, "%s: %s gives no binaries, so nothing can be compiled in another "
                             "process; unset ARETE_COMPILE", name, target);
        }
    }
    arete_context_release(context);
    return status;
}

/* The cl_context has one device unless it was adopted; the binary is that of this device's place in it. */
static arete_status cl_program_binary(arete_device *device, void *impl, void **data, size_t *bytes) {
    ar_cl_device *own = ar_cl_of(device);
    enum { MOST = 64 };
    cl_device_id ids[MOST];
    size_t sizes[MOST] = {0};
    unsigned char *binaries[MOST] = {0}; /* NULL: that device's is not copied */
    size_t given = 0;
    *data = NULL;
    *bytes = 0;
    cl_int code = own->cl->clGetProgramInfo(impl, CL_PROGRAM_DEVICES, sizeof ids, ids, &given);
    if (!code) {
        code = own->cl->clGetProgramInfo(impl, CL_PROGRAM_BINARY_SIZES, sizeof sizes, sizes, NULL);
    }
    if (code) {
        return ar_cl_fail(code, "asking for a program's binary on %s", device->info.id);
    }
    size_t count = given / sizeof *ids, at = 0;
    while (at < count && ids[at] != own->id) {
        at++;
    }
    if (at == count || sizes[at] == 0) {
        return ARETE_OK;
    }
    binaries[at] = ar_os_alloc(sizes[at]);
    if (!binaries[at]) {
        return ar_fail_memory("a program's binary", sizes[at]);
    }
    code = own->cl->clGetProgramInfo(impl, CL_PROGRAM_BINARIES, count * sizeof *binaries, binaries, NULL);
    if (code) {
        ar_os_free(binaries[at]);
        return ar_cl_fail(code, "asking for a program's binary on %s", device->info.id);
    }
    *data = binaries[at];
    *bytes = sizes[at];
    return ARETE_OK;
}

static void cl_program_release(arete_device *device, void *impl) {
    ar_cl_of(device)->cl->clReleaseProgram(impl);
}

static arete_status no_such_kernel(arete_device *device, cl_program program, const char *name) {
    char names[1024] = "";
    if (ar_cl_of(device)->cl->clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, sizeof names, names, NULL)) {
        names[0] = 0;
    }
    return ar_fail(ARETE_E_BUILD, "no kernel \"%s\" in the program, which has: %s", name,
                   names[0] ? names : "(the driver does not say)");
}

static arete_status cl_program_kernel(arete_device *device, void *impl, const char *name, void **kernel) {
    const ar_cl *cl = ar_cl_of(device)->cl;
    ar_cl_kernel *own = ar_os_alloc(sizeof *own);
    if (!own || !(own->lock = ar_mutex_create())) {
        ar_os_free(own);
        return ar_fail_memory("a kernel", sizeof *own);
    }
    cl_int code = CL_SUCCESS;
    own->kernel = cl->clCreateKernel(impl, name, &code);
    if (!own->kernel || code) {
        ar_mutex_destroy(own->lock);
        ar_os_free(own);
        return code == CL_INVALID_KERNEL_NAME
                   ? no_such_kernel(device, impl, name)
                   : ar_cl_fail(code, "making kernel %s on %s", name, device->info.id);
    }
    *kernel = own;
    return ARETE_OK;
}

static void cl_kernel_release(arete_device *device, void *kernel) {
    ar_cl_kernel *own = kernel;
    ar_cl_of(device)->cl->clReleaseKernel(own->kernel);
    ar_mutex_destroy(own->lock);
    ar_os_free(own);
}

const ar_program_ops ar_cl_program_ops = {
    .build = cl_program_build,
    .load = cl_program_load,
    .binary = cl_program_binary,
    .release = cl_program_release,
    .kernel = cl_program_kernel,
    .kernel_release = cl_kernel_release,
    .compile = cl_program_compile,
};
