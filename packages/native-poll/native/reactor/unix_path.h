// The file that bind(2) makes for a Unix socket: whose it is, and when it may go.
#pragma once

#include <memory>
#include <string_view>

#include "../sys/address.h"
#include "slot_table.h"

namespace pollux {

// Unlinks a socket file on which nobody answers. False when it stays: somebody listens there, or it is not a
// socket.
bool unlink_stale_socket(std::string_view path, const SocketAddress& address);

// Which file stands at that path now; null when it cannot be told.
std::unique_ptr<UnixFile> remember_unix_file(std::string_view path);

// Unlinks the file if it is still the same one. Somebody may have put another in its place.
void unlink_own_file(const UnixFile& file);

}  // namespace pollux
