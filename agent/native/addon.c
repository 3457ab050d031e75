/*
 * Node-API conversion for the core, nothing else. A failed Node-API call is a bug and ends the process; what the kernel
 * refuses comes back as a negated errno, which the facade (index.ts) turns into a SystemError.
 */
#include "core/mover.h"
#include <errno.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call)                                                              \
  do {                                                                           \
    if ((call) != napi_ok) napi_fatal_error(#call, NAPI_AUTO_LENGTH, "", 0);      \
  } while (0)

typedef struct {
  mover *mover; /* NULL once stopped */
  napi_threadsafe_function drain;
  napi_ref memory; /* keeps the rings where the threads know them */
  bool forgotten;  /* JavaScript has dropped the handle while the mover ran */
} handle;

enum { MAX_PATH_BYTES = 4096 };

static void wake_owner(void *context) {
  handle *h = context;
  (void)napi_call_threadsafe_function(h->drain, NULL, napi_tsfn_nonblocking);
}

static void arguments(napi_env env, napi_callback_info info, size_t count, napi_value *out) {
  CHECK(napi_get_cb_info(env, info, &count, out, NULL, NULL));
}

static napi_value from_int(napi_env env, int64_t value) {
  napi_value out;
  CHECK(napi_create_int64(env, value, &out));
  return out;
}

static uint32_t to_uint(napi_env env, napi_value value) {
  uint32_t out;
  CHECK(napi_get_value_uint32(env, value, &out));
  return out;
}

static bool to_bool(napi_env env, napi_value value) {
  bool out;
  CHECK(napi_get_value_bool(env, value, &out));
  return out;
}

/* False for undefined. */
static bool to_path(napi_env env, napi_value value, char *out) {
  napi_valuetype type;
  CHECK(napi_typeof(env, value, &type));
  if (type == napi_undefined) return false;
  size_t length;
  CHECK(napi_get_value_string_utf8(env, value, out, MAX_PATH_BYTES, &length));
  return true;
}

static handle *to_handle(napi_env env, napi_value value) {
  void *out;
  CHECK(napi_get_value_external(env, value, &out));
  return out;
}

static void end_mover(handle *h, bool deliver) {
  mover_stop(h->mover, deliver);
  mover_free(h->mover);
  h->mover = NULL;
}

/* The process or worker ends without `stop`: nobody reads the rings any more. */
static void environment_ends(void *data) {
  handle *h = data;
  if (h->mover) end_mover(h, false);
  if (h->forgotten) free(h);
}

static void handle_dropped(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  handle *h = data;
  if (h->mover) h->forgotten = true;
  else free(h);
}

/* start(threads, maxFlows, maxHeld, halfCloseMs, lingerMs, drain) → [handle, ArrayBuffer] or -errno */
static napi_value start(napi_env env, napi_callback_info info) {
  napi_value a[6];
  arguments(env, info, 6, a);
  mover_options options = {
      .threads = to_uint(env, a[0]),
      .max_flows = to_uint(env, a[1]),
      .max_held = to_uint(env, a[2]),
      .half_close_ms = to_uint(env, a[3]),
      .linger_ms = to_uint(env, a[4]),
  };
  if (options.threads > MAX_THREADS) return from_int(env, -EINVAL);
  handle *h = calloc(1, sizeof *h);
  if (!h) return from_int(env, -ENOMEM);
  napi_value buffer, name, external, out;
  void *memory;
  CHECK(napi_create_arraybuffer(env, mover_memory_bytes(options.threads), &memory, &buffer));
  CHECK(napi_create_string_utf8(env, "weir mover", NAPI_AUTO_LENGTH, &name));
  CHECK(napi_create_threadsafe_function(env, a[5], NULL, name, 0, 1, NULL, NULL, NULL, NULL, &h->drain));
  int error = mover_start(&options, memory, wake_owner, h, &h->mover);
  if (error) {
    CHECK(napi_release_threadsafe_function(h->drain, napi_tsfn_abort));
    free(h);
    return from_int(env, error);
  }
  CHECK(napi_create_reference(env, buffer, 1, &h->memory));
  CHECK(napi_add_env_cleanup_hook(env, environment_ends, h));
  CHECK(napi_create_external(env, h, handle_dropped, NULL, &external));
  CHECK(napi_create_array_with_length(env, 2, &out));
  CHECK(napi_set_element(env, out, 0, external));
  CHECK(napi_set_element(env, out, 1, buffer));
  return out;
}

/* kick(handle, thread) */
static napi_value kick(napi_env env, napi_callback_info info) {
  napi_value a[2];
  arguments(env, info, 2, a);
  const handle *h = to_handle(env, a[0]);
  if (h->mover) mover_kick(h->mover, to_uint(env, a[1]));
  return NULL;
}

/* listen(handle, netns | undefined, address bytes, port, exclusive, transparent) → id × 65536 + port, or -errno */
static napi_value listen_(napi_env env, napi_callback_info info) {
  napi_value a[6];
  arguments(env, info, 6, a);
  const handle *h = to_handle(env, a[0]);
  if (!h->mover) return from_int(env, -ESHUTDOWN);
  char path[MAX_PATH_BYTES];
  uint8_t *ip;
  size_t length;
  napi_typedarray_type type;
  listen_options options = {
      .netns = to_path(env, a[1], path) ? path : NULL,
      .exclusive = to_bool(env, a[4]),
      .transparent = to_bool(env, a[5]),
  };
  CHECK(napi_get_typedarray_info(env, a[2], &type, &length, (void **)&ip, NULL, NULL));
  if (type != napi_uint8_array || (length != 4 && length != 16)) return from_int(env, -EINVAL);
  memcpy(options.at.ip, ip, length);
  options.at.family = length == 4 ? 4 : 6;
  options.at.port = (uint16_t)to_uint(env, a[3]);
  uint16_t port = 0;
  int id = mover_listen(h->mover, &options, &port);
  return from_int(env, id < 0 ? id : (int64_t)id * 65536 + port);
}

/* unlisten(handle, id) → 0 or -errno */
static napi_value unlisten(napi_env env, napi_callback_info info) {
  napi_value a[2];
  arguments(env, info, 2, a);
  const handle *h = to_handle(env, a[0]);
  return from_int(env, h->mover ? mover_unlisten(h->mover, to_uint(env, a[1])) : -ESHUTDOWN);
}

/* openNetns(handle, path) → id or -errno */
static napi_value open_netns(napi_env env, napi_callback_info info) {
  napi_value a[2];
  arguments(env, info, 2, a);
  const handle *h = to_handle(env, a[0]);
  char path[MAX_PATH_BYTES];
  if (!h->mover) return from_int(env, -ESHUTDOWN);
  return from_int(env, to_path(env, a[1], path) ? mover_open_netns(h->mover, path) : -EINVAL);
}

/* localAddresses() → wire_address records in one ArrayBuffer, or -errno */
static napi_value local_addresses_(napi_env env, napi_callback_info info) {
  (void)info;
  wire_address *found;
  int count = local_addresses(&found);
  if (count < 0) return from_int(env, count);
  void *bytes;
  napi_value out;
  CHECK(napi_create_arraybuffer(env, (size_t)count * sizeof *found, &bytes, &out));
  memcpy(bytes, found, (size_t)count * sizeof *found);
  free(found);
  return out;
}

/* stop(handle): the threads end and say so (MESSAGE_STOPPED) */
static napi_value stop(napi_env env, napi_callback_info info) {
  napi_value a[1];
  arguments(env, info, 1, a);
  const handle *h = to_handle(env, a[0]);
  if (h->mover) mover_stop(h->mover, true);
  return NULL;
}

/* free(handle): after every MESSAGE_STOPPED; the process may then exit */
static napi_value free_(napi_env env, napi_callback_info info) {
  napi_value a[1];
  arguments(env, info, 1, a);
  handle *h = to_handle(env, a[0]);
  if (!h->mover) return NULL;
  end_mover(h, true);
  CHECK(napi_release_threadsafe_function(h->drain, napi_tsfn_release));
  CHECK(napi_delete_reference(env, h->memory));
  CHECK(napi_remove_env_cleanup_hook(env, environment_ends, h));
  return NULL;
}

NAPI_MODULE_INIT() {
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"start", start},           {"kick", kick},           {"listen", listen_},
      {"unlisten", unlisten},     {"openNetns", open_netns}, {"localAddresses", local_addresses_},
      {"stop", stop},             {"free", free_},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    CHECK(napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function));
    CHECK(napi_set_named_property(env, exports, functions[i].name, function));
  }
  return exports;
}
