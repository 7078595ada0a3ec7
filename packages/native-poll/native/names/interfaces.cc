#include "interfaces.h"

#include <cerrno>

#include "resolver.h"

namespace pollux {

int64_t interface_index(const std::string& name) {
  for (;;) {
    errno = 0;
    const unsigned index = resolver().if_nametoindex(name.c_str());
    if (index != 0) return index;
    // Not every system sets errno for a name that it does not know.
    if (errno != EINTR) return errno != 0 ? -errno : -ENXIO;
  }
}

int interface_name(uint32_t index, std::string* name) {
  char text[IF_NAMESIZE] = "";
  for (;;) {
    errno = 0;
    if (resolver().if_indextoname(index, text) != nullptr) {
      *name = text;
      return 0;
    }
    if (errno != EINTR) return errno != 0 ? -errno : -ENXIO;
  }
}

}  // namespace pollux
