/* Finding OpenCL devices, what is known of them, sub-devices, two devices at once ("two" as argument). */
#include "opencl_fixture.h"

static void has_info(void **state) {
    fixture *f = *state;
    const arete_device_info *info = arete_device_get_info(f->device);
    assert_string_equal(info->backend, "opencl");
    assert_int_equal(strncmp(info->id, "opencl:", 7), 0);
    assert_true(info->name[0] && info->vendor[0] && info->driver[0] && info->extensions[0]);
    assert_int_equal(info->kind, ARETE_DEVICE_CPU);
    assert_true(info->compute_units >= 1);
    assert_true(info->memory_bytes >= UINT64_C(1) << 28);
    assert_true(info->max_buffer_bytes >= UINT64_C(1) << 26 && info->max_buffer_bytes <= info->memory_bytes);
    assert_true(info->cache_bytes >= UINT64_C(1) << 18);
    assert_true(info->cache_line >= 64);
    assert_true(info->local_bytes >= 32768);
    assert_false(info->local_is_dedicated);
    assert_true(info->unified_memory);
    assert_true(info->max_group_size >= 128 && info->max_group_dims[0] >= 128 && info->max_group_dims[2] >= 1);
    assert_true(info->vector_f32 >= 4 && info->vector_f32 <= 16);
    assert_int_equal(info->vector_f64, info->has_f64 ? info->vector_f32 / 2 : 0);
    assert_int_equal(info->compute_capability, 0);
    assert_int_equal(info->has_f64, !fixture_is_rusticl(f));
    bool contiguous = false;
    ar_os_allowed_cpus(&contiguous);
    assert_int_equal(info->workers_pinned, contiguous && !fixture_is_rusticl(f));
    assert_string_equal(f->log, "");
    assert_non_null(strstr(arete_context_backend_text(f->context), info->name));
}

static void gives_handles(void **state) {
    fixture *f = *state;
    assert_non_null(arete_opencl_device(f->device));
    assert_non_null(arete_opencl_context(f->device));
    assert_ptr_equal(arete_opencl_context(f->device), arete_opencl_context(f->device));
    assert_non_null(arete_opencl_queue(f->queue));
    arete_device *reference = arete_device_at(f->context, arete_device_count(f->context) - 1);
    assert_int_equal(reference->info.kind, ARETE_DEVICE_REFERENCE);
    assert_null(arete_opencl_device(reference));
    assert_null(arete_opencl_context(reference));
    assert_null(arete_opencl_queue(NULL));
    assert_null(arete_opencl_mem(NULL));
    assert_null(arete_opencl_event(NULL));
}

/* Each part gets a queue, a buffer and a fill of its own. */
static void use_device(arete_device *device, uint32_t value) {
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    uint32_t out[64] = {0};
    assert_ok(arete_queue_create(device, 0, &queue));
    assert_ok(arete_buffer_create(device, sizeof out, &buffer));
    assert_ok(arete_queue_fill(queue, buffer, 0, sizeof out, &value, sizeof value, NULL));
    assert_ok(arete_queue_read(queue, buffer, 0, sizeof out, out, ARETE_WAIT_NONE, NULL));
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(out[i], value);
    }
    arete_buffer_release(buffer);
    arete_queue_release(queue);
}

static void splits(void **state) {
    fixture *f = *state;
    arete_device *parts[64];
    uint32_t units = arete_device_get_info(f->device)->compute_units;
    size_t count = 64, before = arete_device_count(f->context);
    if (fixture_is_rusticl(f)) {
        assert_status(ARETE_E_UNSUPPORTED, arete_device_split(f->device, 1, parts, &count));
        assert_text("cannot be split");
        assert_int_equal(count, 64);
        return;
    }
    assert_ok(arete_device_split(f->device, 1, parts, &count));
    assert_int_equal(count, units);
    assert_int_equal(arete_device_count(f->context), before + count);
    for (size_t i = 0; i < count; i++) {
        char id[80];
        snprintf(id, sizeof id, "%s.%zu", arete_device_get_info(f->device)->id, i);
        assert_string_equal(arete_device_get_info(parts[i])->id, id);
        assert_int_equal(arete_device_get_info(parts[i])->compute_units, 1);
        use_device(parts[i], (uint32_t)i + 77);
    }
    count = 0;
    assert_status(ARETE_E_ARGUMENT, arete_device_split(f->device, 1, parts, &count));
    assert_text("parts has room for 0");
    count = 64;
    assert_status(ARETE_E_ARGUMENT, arete_device_split(f->device, units + 1, parts, &count));
    assert_text("compute units");
}

/* Objects of one device are refused by another's. */
static void keeps_devices_apart(void **state) {
    fixture *f = *state;
    arete_device *devices[2] = {NULL, NULL};
    size_t found = 0;
    for (size_t i = 0; i < arete_device_count(f->context) && found < 2; i++) {
        arete_device *device = arete_device_at(f->context, i);
        if (strcmp(device->info.platform, "Portable Computing Language") == 0 && !strchr(device->info.id, '.')) {
            devices[found++] = device;
        }
    }
    assert_int_equal(found, 2);
    use_device(devices[0], 1);
    use_device(devices[1], 2);
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    char byte = 0;
    assert_ok(arete_queue_create(devices[0], 0, &queue));
    assert_ok(arete_buffer_create(devices[1], 64, &buffer));
    assert_status(ARETE_E_MISMATCH, arete_queue_write(queue, buffer, 0, 1, &byte, ARETE_WAIT_NONE, NULL));
    assert_text(devices[1]->info.id);
    arete_buffer_release(buffer);
    arete_queue_release(queue);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(has_info), cmocka_unit_test(gives_handles),
                                       cmocka_unit_test(splits)};
    const struct CMUnitTest two[] = {cmocka_unit_test(keeps_devices_apart), cmocka_unit_test(has_info)};
    return argc > 1 && strcmp(argv[1], "two") == 0
               ? cmocka_run_group_tests_name("opencl_two_devices", two, fixture_open, fixture_close)
               : cmocka_run_group_tests_name("opencl_device", tests, fixture_open, fixture_close);
}
