// The headers in C++: the devices, and a tensor.
#include <arete/arete.h>
#include <arete/opencl.h>

#include <cstdio>

int main() {
    arete_context *context = nullptr;
    if (arete_context_create(nullptr, &context) != ARETE_OK) {
        std::fprintf(stderr, "%s\n", arete_error_text());
        return 1;
    }
    const int64_t dims[] = {2, 3};
    arete_tensor tensor = arete_tensor_make(nullptr, 0, ARETE_F32, 2, dims);
    std::size_t devices = arete_device_count(context);
    std::printf("%zu devices; %lld elements; %s\n", devices, static_cast<long long>(arete_tensor_elements(&tensor)),
                arete_context_backend_text(context));
    arete_context_release(context);
    return devices >= 1 && arete_tensor_elements(&tensor) == 6 ? 0 : 1;
}
