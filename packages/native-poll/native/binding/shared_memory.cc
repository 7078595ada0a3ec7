#include "shared_memory.h"

#include <string>

namespace pollux {

namespace {

void fail(Napi::Env env, const char* name, const char* wanted) {
  if (env.IsExceptionPending()) return;
  Napi::TypeError::New(env, std::string(name) + " must be " + wanted).ThrowAsJavaScriptException();
}

// The memory of `options[name]`, a typed array of that kind with at least `minimum` elements; null, with an
// exception pending, if it is anything else.
void* typed(Napi::Env env, Napi::Object options, const char* name, napi_typedarray_type type, size_t minimum,
            Napi::ObjectReference* hold, size_t* elements) {
  const Napi::Value value = options.Get(name);
  if (env.IsExceptionPending()) return nullptr;
  if (!value.IsTypedArray()) return fail(env, name, "a typed array"), nullptr;
  auto array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() != type || array.ElementLength() < minimum) {
    return fail(env, name, "a typed array of the right kind and size"), nullptr;
  }
  *hold = Napi::Persistent(value.As<Napi::Object>());
  *elements = array.ElementLength();
  return static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
}

Bytes buffer(Napi::Env env, Napi::Object options, const char* name, size_t minimum,
             Napi::ObjectReference* hold) {
  const Napi::Value value = options.Get(name);
  if (env.IsExceptionPending()) return {};
  if (!value.IsArrayBuffer()) return fail(env, name, "an ArrayBuffer"), Bytes{};
  auto bytes = value.As<Napi::ArrayBuffer>();
  if (bytes.ByteLength() < minimum || bytes.ByteLength() > INT32_MAX) {
    return fail(env, name, "an ArrayBuffer that holds the largest receive"), Bytes{};
  }
  *hold = Napi::Persistent(value.As<Napi::Object>());
  return {static_cast<uint8_t*>(bytes.Data()), bytes.ByteLength()};
}

bool is_detached(napi_env env, const Napi::ObjectReference& reference) {
  napi_value value = nullptr;
  bool detached = true;
  napi_get_reference_value(env, reference, &value);
  napi_is_detached_arraybuffer(env, value, &detached);
  return detached;
}

}  // namespace

bool SharedMemory::take(Napi::Env env, Napi::Object options, const ReactorLimits& limits) {
  constexpr size_t kWords = sizeof(Record) / sizeof(int32_t);
  constexpr size_t kColumns = sizeof(TableRow) / sizeof(double);
  size_t size = 0;
  memory_.control = static_cast<Control*>(
      typed(env, options, "control", napi_int32_array, sizeof(Control) / sizeof(int32_t), &control_, &size));
  memory_.events =
      static_cast<Record*>(typed(env, options, "events", napi_int32_array, kWords, &events_, &size));
  memory_.event_capacity = static_cast<uint32_t>(size / kWords);
  memory_.submissions = static_cast<Record*>(
      typed(env, options, "submissions", napi_int32_array, kWords, &submissions_, &size));
  memory_.submission_capacity = static_cast<uint32_t>(size / kWords);
  memory_.send.data =
      static_cast<uint8_t*>(typed(env, options, "sendSlab", napi_uint8_array, 1, &send_, &size));
  memory_.send.size = size;
  memory_.table =
      static_cast<TableRow*>(typed(env, options, "table", napi_float64_array, kColumns, &table_, &size));
  memory_.table_rows = static_cast<uint32_t>(std::min<size_t>(size / kColumns, kMaxSlots));
  memory_.counters = static_cast<Counters*>(typed(env, options, "counters", napi_float64_array,
                                                  sizeof(Counters) / sizeof(double), &counters_, &size));
  memory_.receive = buffer(env, options, "receiveSlab", limits.max_read_bytes, &slab_);
  memory_.pool = buffer(env, options, "pool", limits.copy_max_bytes, &pool_);
  // Where an environment ends, an exception may have been swallowed.
  const bool whole = memory_.control && memory_.events && memory_.submissions && memory_.send.data &&
                     memory_.table && memory_.counters && memory_.receive.data;
  return whole && !env.IsExceptionPending();
}

void SharedMemory::revalidate(napi_env env, LentMemory& memory) const {
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  if (is_detached(env, slab_)) {
    memory.receive = {};
    memory.control->need_slab = 1;
  }
  if (is_detached(env, pool_)) {
    memory.pool = {};
    memory.control->need_pool = 1;
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace pollux
