// if_nametoindex(3) and if_indextoname(3).
#pragma once

#include <cstdint>
#include <string>

namespace pollux {

// The index, which is at least 1, or -errno: ENODEV or ENXIO for no such interface, by system.
int64_t interface_index(const std::string& name);

// 0, or -errno: ENXIO for no such interface.
int interface_name(uint32_t index, std::string* name);

}  // namespace pollux
