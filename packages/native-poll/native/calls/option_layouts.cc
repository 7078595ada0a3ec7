#include "option_layouts.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "../sys/features.h"

namespace pollux {

std::vector<Layout> option_layouts() {
  std::vector<Layout> layouts = {
      {"linger", sizeof(linger), {POLLUX_FIELD(linger, l_onoff), POLLUX_FIELD(linger, l_linger)}},
      {"timeval", sizeof(timeval), {POLLUX_FIELD(timeval, tv_sec), POLLUX_FIELD(timeval, tv_usec)}},
      {"sockaddr_in", sizeof(sockaddr_in), {POLLUX_FIELD(sockaddr_in, sin_addr)}},
      {"sockaddr_in6", sizeof(sockaddr_in6), {POLLUX_FIELD(sockaddr_in6, sin6_addr)}},
      {"ipv6_mreq",
       sizeof(ipv6_mreq),
       {POLLUX_FIELD(ipv6_mreq, ipv6mr_multiaddr), POLLUX_FIELD(ipv6_mreq, ipv6mr_interface)}},
  };
#ifdef IP_ADD_MEMBERSHIP
  layouts.push_back({"ip_mreq",
                     sizeof(ip_mreq),
                     {POLLUX_FIELD(ip_mreq, imr_multiaddr), POLLUX_FIELD(ip_mreq, imr_interface)}});
#endif
#if POLLUX_HAVE_MREQN
  layouts.push_back({"ip_mreqn",
                     sizeof(ip_mreqn),
                     {POLLUX_FIELD(ip_mreqn, imr_multiaddr), POLLUX_FIELD(ip_mreqn, imr_address),
                      POLLUX_FIELD(ip_mreqn, imr_ifindex)}});
#endif
#ifdef IP_ADD_SOURCE_MEMBERSHIP
  layouts.push_back(
      {"ip_mreq_source",
       sizeof(ip_mreq_source),
       {POLLUX_FIELD(ip_mreq_source, imr_multiaddr), POLLUX_FIELD(ip_mreq_source, imr_interface),
        POLLUX_FIELD(ip_mreq_source, imr_sourceaddr)}});
#endif
#ifdef MCAST_JOIN_GROUP
  layouts.push_back({"group_req",
                     sizeof(group_req),
                     {POLLUX_FIELD(group_req, gr_interface), POLLUX_FIELD(group_req, gr_group)}});
  layouts.push_back(
      {"group_source_req",
       sizeof(group_source_req),
       {POLLUX_FIELD(group_source_req, gsr_interface), POLLUX_FIELD(group_source_req, gsr_group),
        POLLUX_FIELD(group_source_req, gsr_source)}});
#endif
#if POLLUX_HAVE_UCRED
  layouts.push_back({"ucred",
                     sizeof(ucred),
                     {POLLUX_FIELD(ucred, pid), POLLUX_FIELD(ucred, uid), POLLUX_FIELD(ucred, gid)}});
#endif
  return layouts;
}

}  // namespace pollux
