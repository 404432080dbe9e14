#include "hip_fixture.h"

#include <dlfcn.h>

/* ARETE_TEST_FLAVOUR says which; CMake names the double by ARETE_HIP_LIBRARY or ARETE_CUDA_LIBRARY. */
int fixture_open(void **state) {
    fixture *f = calloc(1, sizeof *f);
    const char *flavour = getenv("ARETE_TEST_FLAVOUR");
    f->nvidia = flavour && strcmp(flavour, "nvidia") == 0;
    void *library = dlopen(getenv(f->nvidia ? "ARETE_CUDA_LIBRARY" : "ARETE_HIP_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    union {
        void *data;
        const double_api *(*call)(void);
    } symbol = {.data = dlsym(library, "arete_double")};
    assert_non_null(symbol.data);
    f->driver = symbol.call();
    arete_context_desc desc = {.backends = "hip", .log_level = ARETE_LOG_OFF, .cache_dir = "off", .tuning_dir = "off"};
    assert_ok(arete_context_create(&desc, &f->context));
    assert_ok(arete_device_find(f->context, "hip:0", &f->device));
    *state = f;
    return 0;
}

/* Nothing is left behind, nothing was used wrongly, and the thread's device is what it was. */
int fixture_close(void **state) {
    fixture *f = *state;
    static const char *const kinds[] = {"memory", "host", "stream", "event", "module", "function", "context"};
    f->driver->lose(0);
    arete_context_release(f->context);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (f->driver->live(kinds[i])) {
            fail_msg("%d of kind %s were not given back", f->driver->live(kinds[i]), kinds[i]);
        }
    }
    assert_no_faults(f);
    assert_true(f->driver->current() <= 0);
    free(f);
    return 0;
}
