// tcp_info as <linux/tcp.h> has it. That of <netinet/tcp.h> ends at tcpi_total_retrans, years before bytes,
// pacing and delivery rates were added; and because both headers define the same names, only one of them can
// be in a file. So this file alone includes the kernel's, and everything else about TCP comes from libc's
// (option_constants_transport.cc).
#include "../sys/features.h"
#include "option_layouts.h"

#if POLLUX_HAVE_KERNEL_LAYOUTS

#include <linux/sock_diag.h>
#include <linux/tcp.h>

#include <bit>
#include <cstring>

namespace pollux {
namespace {

// offsetof can't speak of a bit-field: a struct in which only that one has all its bits set says where it is.
template <typename T>
LayoutField bit_field(const char* name, const T& marked) {
  unsigned char raw[sizeof(T)];
  std::memcpy(raw, &marked, sizeof raw);
  for (size_t offset = 0; offset < sizeof raw; ++offset) {
    if (raw[offset] == 0) continue;
    return {name, offset, 1, false, std::countr_zero(raw[offset]), std::popcount(raw[offset])};
  }
  return {name, 0, 0, false};
}

// Members that these headers do not have yet are left out. A template, so that asking is no error.
template <typename T>
Layout tcp_info_layout() {
  Layout layout = {"tcp_info", sizeof(T), {}};
#define POLLUX_IF(member) \
  if constexpr (requires(T t) { t.member; }) layout.fields.push_back(POLLUX_FIELD(T, member))
#define POLLUX_IF_BITS(member)                           \
  if constexpr (requires(T t) { t.member; }) {           \
    T marked = {};                                       \
    --marked.member; /* unsigned: from 0 to all ones */  \
    layout.fields.push_back(bit_field(#member, marked)); \
  }
  POLLUX_IF(tcpi_state);
  POLLUX_IF(tcpi_ca_state);
  POLLUX_IF(tcpi_retransmits);
  POLLUX_IF(tcpi_probes);
  POLLUX_IF(tcpi_backoff);
  POLLUX_IF(tcpi_options);
  POLLUX_IF_BITS(tcpi_snd_wscale);
  POLLUX_IF_BITS(tcpi_rcv_wscale);
  POLLUX_IF_BITS(tcpi_delivery_rate_app_limited);
  POLLUX_IF_BITS(tcpi_fastopen_client_fail);
  POLLUX_IF(tcpi_rto);
  POLLUX_IF(tcpi_ato);
  POLLUX_IF(tcpi_snd_mss);
  POLLUX_IF(tcpi_rcv_mss);
  POLLUX_IF(tcpi_unacked);
  POLLUX_IF(tcpi_sacked);
  POLLUX_IF(tcpi_lost);
  POLLUX_IF(tcpi_retrans);
  POLLUX_IF(tcpi_fackets);
  POLLUX_IF(tcpi_last_data_sent);
  POLLUX_IF(tcpi_last_ack_sent);
  POLLUX_IF(tcpi_last_data_recv);
  POLLUX_IF(tcpi_last_ack_recv);
  POLLUX_IF(tcpi_pmtu);
  POLLUX_IF(tcpi_rcv_ssthresh);
  POLLUX_IF(tcpi_rtt);
  POLLUX_IF(tcpi_rttvar);
  POLLUX_IF(tcpi_snd_ssthresh);
  POLLUX_IF(tcpi_snd_cwnd);
  POLLUX_IF(tcpi_advmss);
  POLLUX_IF(tcpi_reordering);
  POLLUX_IF(tcpi_rcv_rtt);
  POLLUX_IF(tcpi_rcv_space);
  POLLUX_IF(tcpi_total_retrans);
  POLLUX_IF(tcpi_pacing_rate);
  POLLUX_IF(tcpi_max_pacing_rate);
  POLLUX_IF(tcpi_bytes_acked);
  POLLUX_IF(tcpi_bytes_received);
  POLLUX_IF(tcpi_segs_out);
  POLLUX_IF(tcpi_segs_in);
  POLLUX_IF(tcpi_notsent_bytes);
  POLLUX_IF(tcpi_min_rtt);
  POLLUX_IF(tcpi_data_segs_in);
  POLLUX_IF(tcpi_data_segs_out);
  POLLUX_IF(tcpi_delivery_rate);
  POLLUX_IF(tcpi_busy_time);
  POLLUX_IF(tcpi_rwnd_limited);
  POLLUX_IF(tcpi_sndbuf_limited);
  POLLUX_IF(tcpi_delivered);
  POLLUX_IF(tcpi_delivered_ce);
  POLLUX_IF(tcpi_bytes_sent);
  POLLUX_IF(tcpi_bytes_retrans);
  POLLUX_IF(tcpi_dsack_dups);
  POLLUX_IF(tcpi_reord_seen);
  POLLUX_IF(tcpi_rcv_ooopack);
  POLLUX_IF(tcpi_snd_wnd);
  POLLUX_IF(tcpi_rcv_wnd);
  POLLUX_IF(tcpi_rehash);
  POLLUX_IF(tcpi_total_rto);
  POLLUX_IF(tcpi_total_rto_recoveries);
  POLLUX_IF(tcpi_total_rto_time);
#undef POLLUX_IF_BITS
#undef POLLUX_IF
  return layout;
}

// SO_MEMINFO is an array of 32-bit numbers that has names instead of a struct.
Layout meminfo_layout() {
  constexpr size_t kBytes = sizeof(__u32);
#define POLLUX_ELEMENT(name)              \
  {                                       \
    #name, (name) * kBytes, kBytes, false \
  }
  return {"meminfo",
          SK_MEMINFO_VARS * kBytes,
          {
              POLLUX_ELEMENT(SK_MEMINFO_RMEM_ALLOC),
              POLLUX_ELEMENT(SK_MEMINFO_RCVBUF),
              POLLUX_ELEMENT(SK_MEMINFO_WMEM_ALLOC),
              POLLUX_ELEMENT(SK_MEMINFO_SNDBUF),
              POLLUX_ELEMENT(SK_MEMINFO_FWD_ALLOC),
              POLLUX_ELEMENT(SK_MEMINFO_WMEM_QUEUED),
              POLLUX_ELEMENT(SK_MEMINFO_OPTMEM),
              POLLUX_ELEMENT(SK_MEMINFO_BACKLOG),
              POLLUX_ELEMENT(SK_MEMINFO_DROPS),
          }};
#undef POLLUX_ELEMENT
}

}  // namespace

std::vector<Layout> kernel_layouts() { return {tcp_info_layout<tcp_info>(), meminfo_layout()}; }

}  // namespace pollux

#else

namespace pollux {

std::vector<Layout> kernel_layouts() { return {}; }

}  // namespace pollux

#endif
