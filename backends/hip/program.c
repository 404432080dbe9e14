/* Programs: compiled in another process, loaded as modules here. */
#include <stdio.h>
#include <string.h>

#include "apart.h"
#include "hip_internal.h"
#include "sources.h"

/* "-DNAME=VALUE" becomes a line of the source: hiprtc puts its own headers first, whose template parameters a macro
 * must not hit. Other options stay. *text and *options are freed by the caller. */
static arete_status definitions_into(const char *source, const char *options, char **text, char **rest) {
    size_t bytes = strlen(options), at = 0, kept = 0, length = strlen(source);
    *text = ar_os_alloc(length + 4 * bytes + 64);
    *rest = ar_os_alloc(bytes + 1);
    if (!*text || !*rest) {
        return ar_fail_memory("a kernel's source", length);
    }
    while (*options) {
        size_t word = strcspn(options, " ");
        if (word > 2 && strncmp(options, "-D", 2) == 0) {
            int name = (int)strcspn(options + 2, "= "), whole = (int)word - 2;
            if (name < whole) {
                at += (size_t)sprintf(*text + at, "#define %.*s %.*s\n", name, options + 2, whole - name - 1,
                                      options + 3 + name);
            } else {
                at += (size_t)sprintf(*text + at, "#define %.*s 1\n", name, options + 2);
            }
        } else if (word) {
            kept += (size_t)sprintf(*rest + kept, "%s%.*s", kept ? " " : "", (int)word, options);
        }
        options += word + (options[word] == ' ');
    }
    memcpy(*text + at, source, length + 1);
    return ARETE_OK;
}

static arete_status module_make(arete_device *device, const char *name, void *code, size_t bytes, void **impl) {
    ar_hip_device *own = ar_hip_of(device);
    ar_hip_module *made = ar_os_alloc(sizeof *made);
    if (!made) {
        ar_os_free(code);
        return ar_fail_memory("a program", sizeof *made);
    }
    made->code = code;
    made->bytes = bytes;
    ar_hip_token token;
    arete_status status = ar_hip_enter(device, &token);
    if (status == ARETE_OK) {
        int error = own->hip->module_load(&made->native, code);
        bool refused = error == 200 || error == 209 || error == 218 || error == 222 || error == 300;
        if (refused) {
            status = ar_fail(ARETE_E_BUILD,
                             "%s: %s (%s) does not take the code made for it (%zu bytes): %s_ERROR_%s (%d)", name, device->info.id, own->arch, bytes, own->hip->flavour->error_prefix,
                             ar_hip_name(error), error);
        } else if (error) {
            status = ar_hip_fail(own->hip, own, error, "loading %s (%zu bytes) on %s", name, bytes, device->info.id);
        }
        ar_hip_leave(device, token);
    }
    if (status != ARETE_OK) {
        ar_os_free(made->code);
        ar_os_free(made);
        return status;
    }
    *impl = made;
    return ARETE_OK;
}

static arete_status hip_program_build(arete_device *device, const char *name, const char *source,
                                      const char *options, void **impl) {
    ar_hip_device *own = ar_hip_of(device);
    char target[96], *text = NULL, *rest = NULL;
    void *code = NULL;
    size_t bytes = 0;
    if (own->hip->flavour == &ar_hip_flavours[AR_HIP_NVIDIA]) {
        snprintf(target, sizeof target, "%s %s/%d", own->hip->flavour->name, own->arch, own->hip->version / 1000);
    } else {
        snprintf(target, sizeof target, "%s %s", own->hip->flavour->name, own->arch);
    }
    arete_status status = definitions_into(source, options ? options : "", &text, &rest);
    if (status == ARETE_OK && ar_compile_asked() == AR_COMPILE_INSIDE) {
        status = ar_hip_compile(target, name, text, rest, &code, &bytes);
    } else if (status == ARETE_OK) {
        const ar_compile_request request = {ar_backend_hip.name, target, name, rest, text};
        status = ar_compile_apart(&request, &code, &bytes);
    }
    if (status == ARETE_OK) {
        status = module_make(device, name, code, bytes, impl);
    } else if (status == ARETE_E_BUILD && options && *options) {
        status = ar_fail_within(status, "options \"%s\"", options);
    }
    ar_os_free(text);
    ar_os_free(rest);
    return status;
}

static arete_status hip_program_load(arete_device *device, const void *data, size_t bytes, const char *options,
                                     void **impl) {
    (void)options;
    void *copy = ar_os_alloc(bytes + 1);
    if (!copy) {
        return ar_fail_memory("a program's binary", bytes);
    }
    memcpy(copy, data, bytes);
    return module_make(device, "a binary", copy, bytes, impl);
}

static arete_status hip_program_binary(arete_device *device, void *impl, void **data, size_t *bytes) {
    (void)device;
    const ar_hip_module *module = impl;
    *data = ar_os_alloc(module->bytes);
    if (!*data) {
        return ar_fail_memory("a program's binary", module->bytes);
    }
    memcpy(*data, module->code, module->bytes);
    *bytes = module->bytes;
    return ARETE_OK;
}

static void hip_program_release(arete_device *device, void *impl) {
    ar_hip_module *module = impl;
    ar_hip_token token;
    if (ar_hip_enter(device, &token) == ARETE_OK) {
        ar_hip_of(device)->hip->module_unload(module->native);
        ar_hip_leave(device, token);
    }
    ar_os_free(module->code);
    ar_os_free(module);
}

static arete_status hip_program_kernel(arete_device *device, void *impl, const char *name, void **kernel) {
    ar_hip_device *own = ar_hip_of(device);
    const ar_hip_module *module = impl;
    ar_hip_token token;
    arete_status status = ar_hip_enter(device, &token);
    if (status != ARETE_OK) {
        return status;
    }
    void *function = NULL;
    int code = own->hip->module_function(&function, module->native, name);
    if (code == 500) {
        status = ar_fail(ARETE_E_BUILD, "no kernel \"%s\" in the program", name);
    } else if (code || !function) {
        status = ar_hip_fail(own->hip, own, code ? code : 500, "making kernel %s on %s", name, device->info.id);
    } else {
        *kernel = function;
    }
    ar_hip_leave(device, token);
    return status;
}

/* A function belongs to its module, and holds no arguments: launches need no lock. */
static void hip_kernel_release(arete_device *device, void *kernel) {
    (void)device;
    (void)kernel;
}

const ar_program_ops ar_hip_program_ops = {
    .build = hip_program_build,
    .load = hip_program_load,
    .binary = hip_program_binary,
    .release = hip_program_release,
    .kernel = hip_program_kernel,
    .kernel_release = hip_kernel_release,
    .before = &ar_source_hip_dialect_h,
    .after = "}", /* of the dialect's extern "C" */
    .compile = ar_hip_compile,
};
