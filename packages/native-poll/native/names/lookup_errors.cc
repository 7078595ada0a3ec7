// Names and texts of the errors of name services. The numbers differ between systems, even in their sign.
#include <netdb.h>

#include <span>

#include "lookup.h"

namespace pollux {
namespace {

struct Entry {
  int number;
  std::string_view name;
};

// Where two names share a number (EAI_NODATA on some BSDs), the first one listed is its name.
constexpr Entry kEaiErrors[] = {
    {EAI_AGAIN, "EAI_AGAIN"},
    {EAI_BADFLAGS, "EAI_BADFLAGS"},
    {EAI_FAIL, "EAI_FAIL"},
    {EAI_FAMILY, "EAI_FAMILY"},
    {EAI_MEMORY, "EAI_MEMORY"},
    {EAI_NONAME, "EAI_NONAME"},
    {EAI_SERVICE, "EAI_SERVICE"},
    {EAI_SOCKTYPE, "EAI_SOCKTYPE"},
    {EAI_SYSTEM, "EAI_SYSTEM"},
    {EAI_OVERFLOW, "EAI_OVERFLOW"},
// Beyond POSIX.
#ifdef EAI_ADDRFAMILY
    {EAI_ADDRFAMILY, "EAI_ADDRFAMILY"},
#endif
#ifdef EAI_NODATA
    {EAI_NODATA, "EAI_NODATA"},
#endif
#ifdef EAI_INTR
    {EAI_INTR, "EAI_INTR"},
#endif
#ifdef EAI_IDN_ENCODE
    {EAI_IDN_ENCODE, "EAI_IDN_ENCODE"},
#endif
#ifdef EAI_BADHINTS
    {EAI_BADHINTS, "EAI_BADHINTS"},
#endif
#ifdef EAI_PROTOCOL
    {EAI_PROTOCOL, "EAI_PROTOCOL"},
#endif
};

constexpr Entry kHostErrors[] = {
    {HOST_NOT_FOUND, "HOST_NOT_FOUND"}, {TRY_AGAIN, "TRY_AGAIN"},
    {NO_RECOVERY, "NO_RECOVERY"},       {NO_DATA, "NO_DATA"},
#ifdef NETDB_INTERNAL
    {NETDB_INTERNAL, "NETDB_INTERNAL"},
#endif
};

std::span<const Entry> entries(LookupErrors kind) {
  if (kind == LookupErrors::kEai) return kEaiErrors;
  return kHostErrors;
}

}  // namespace

std::string_view lookup_error_name(LookupErrors kind, int error) {
  for (const Entry& entry : entries(kind)) {
    if (entry.number == error) return entry.name;
  }
  return "UNKNOWN";
}

bool lookup_error_number(LookupErrors kind, std::string_view name, int* error) {
  for (const Entry& entry : entries(kind)) {
    if (entry.name != name) continue;
    *error = entry.number;
    return true;
  }
  return false;
}

std::string lookup_error_text(LookupErrors kind, int error) {
  const char* text = kind == LookupErrors::kEai ? ::gai_strerror(error) : ::hstrerror(error);
  return text != nullptr ? text : "Unknown error " + std::to_string(error);
}

bool is_system_error(LookupErrors kind, int error) {
  if (kind == LookupErrors::kEai) return error == EAI_SYSTEM;
#ifdef NETDB_INTERNAL
  return error == NETDB_INTERNAL;
#else
  return false;
#endif
}

}  // namespace pollux
