#include "poller.h"

#include "backends.h"

namespace pollux {
namespace {

// The default first.
constexpr std::string_view kNames[] = {
#if POLLUX_HAVE_EPOLL
    "epoll",
#endif
    "poll",
    "select",
};

}  // namespace

std::span<const std::string_view> poller_names() { return kNames; }

std::unique_ptr<Poller> make_poller(std::string_view name, int* error) {
  *error = 0;
#if POLLUX_HAVE_EPOLL
  if (name == "epoll") return make_epoll_poller(error);
#endif
  if (name == "poll") return make_poll_poller(error);
  if (name == "select") return make_select_poller(error);
  return nullptr;
}

}  // namespace pollux
