// Names and texts of errno values. The numbers differ between systems, the names do not: programs test names.
#pragma once

#include <string>
#include <string_view>

namespace pollux {

// "ECONNREFUSED" of a positive errno; "UNKNOWN" where it has no name. Of two names for one number the one
// that Node.js uses: EAGAIN (not EWOULDBLOCK), EDEADLK, ENOTSUP (not EOPNOTSUPP).
std::string_view errno_name(int number);

// The errno of a name, either one of two synonyms; 0 where this system has none of that name.
int errno_number(std::string_view name);

// strerror(3) of a positive errno, safe in threads.
std::string errno_text(int number);

}  // namespace pollux
