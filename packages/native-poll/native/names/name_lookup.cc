#include "name_lookup.h"

#include <cerrno>

#include "resolver.h"

namespace pollux {

void NameLookup::run() {
  char host[NI_MAXHOST] = "";
  char service[NI_MAXSERV] = "";
  do {
    failure_.error = resolver().getnameinfo(address_.get(), address_.length, host, sizeof host, service,
                                            sizeof service, flags_);
    failure_.system_error = failure_.error == EAI_SYSTEM ? errno : 0;
  } while (failure_.system_error == EINTR);
  if (failure_.error != 0) return;
  host_ = host;
  service_ = service;
}

}  // namespace pollux
