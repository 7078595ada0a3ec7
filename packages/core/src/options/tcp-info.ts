/** TCP_INFO: what the kernel knows of a TCP connection, with units in the names. */
import { native } from '../native.js'
import { struct } from './option-type.js'
import type { Struct } from './struct.js'

/** State of the connection (RFC 9293, section 3.3.2). */
export type TcpState = (typeof STATES)[number]

/** State of Linux's congestion avoidance (tcpi_ca_state). */
export type TcpCongestionState = (typeof CONGESTION_STATES)[number]

/** What both ends agreed on, and what came of it (tcpi_options). */
export interface TcpNegotiated {
  /** RFC 7323. */
  timestamps: boolean
  /** Selective acknowledgements, RFC 2018. */
  sack: boolean
  /** RFC 7323. */
  windowScale: boolean
  /** Explicit congestion notification, RFC 3168. */
  ecn: boolean
  /** A packet with an ECN mark arrived. */
  ecnSeen: boolean
  /** The peer acknowledged data in the SYN (TCP Fast Open, RFC 7413). */
  synData: boolean
}

/**
 * `struct tcp_info` of <linux/tcp.h> (tcp(7)). A field is missing where the headers that Pollux was built with or the
 * running kernel do not have it. Numbers are exact up to 2^53; `Infinity` stands for "no limit".
 */
export interface TcpInfo {
  /** tcpi_state */
  state?: TcpState
  /** tcpi_ca_state */
  congestionState?: TcpCongestionState
  /** tcpi_retransmits: timeouts in a row, without an acknowledgement in between. */
  consecutiveTimeouts?: number
  /** tcpi_probes: window or keepalive probes that were not answered. */
  unansweredProbes?: number
  /** tcpi_backoff: how often the timeout was doubled. */
  backoff?: number
  /** tcpi_options */
  negotiated?: TcpNegotiated
  /** tcpi_snd_wscale: bits by which the peer's window is scaled. */
  sendWindowScaleBits?: number
  /** tcpi_rcv_wscale: bits by which ours is. */
  receiveWindowScaleBits?: number
  /** tcpi_delivery_rate_app_limited: the rate shows what the program wrote, not what the path carries. */
  deliveryRateLimitedByApplication?: boolean
  /** tcpi_fastopen_client_fail: TFO_* of <linux/tcp.h>; 0: none known. */
  fastOpenClientFailure?: number
  /** tcpi_rto */
  retransmitTimeoutUs?: number
  /** tcpi_ato: delayed acknowledgement. */
  acknowledgeTimeoutUs?: number
  /** tcpi_snd_mss */
  sendSegmentBytes?: number
  /** tcpi_rcv_mss */
  receiveSegmentBytes?: number
  /** tcpi_unacked; of a listener: connections that wait for accept. */
  unackedSegments?: number
  /** tcpi_sacked; of a listener: how many may wait. */
  sackedSegments?: number
  /** tcpi_lost */
  lostSegments?: number
  /** tcpi_retrans: retransmitted and not acknowledged yet. */
  retransmittedSegments?: number
  /** tcpi_fackets: no longer kept by Linux, always 0. */
  forwardAckedSegments?: number
  /** tcpi_last_data_sent: this long ago. */
  lastDataSentMs?: number
  /** tcpi_last_ack_sent: not kept by Linux, always 0. */
  lastAckSentMs?: number
  /** tcpi_last_data_recv: this long ago. */
  lastDataReceivedMs?: number
  /** tcpi_last_ack_recv: this long ago. */
  lastAckReceivedMs?: number
  /** tcpi_pmtu */
  pathMtuBytes?: number
  /** tcpi_rcv_ssthresh: the window that may be announced by now. */
  receiveThresholdBytes?: number
  /** tcpi_rtt: round trip, smoothed. */
  rttUs?: number
  /** tcpi_rttvar */
  rttVarianceUs?: number
  /** tcpi_snd_ssthresh: where slow start ends; 2^31 - 1 before the first loss. */
  slowStartThresholdSegments?: number
  /** tcpi_snd_cwnd */
  congestionWindowSegments?: number
  /** tcpi_advmss: the segment size that we announced. */
  advertisedSegmentBytes?: number
  /** tcpi_reordering: how far packets may arrive out of order before one counts as lost. */
  reorderingSegments?: number
  /** tcpi_rcv_rtt: round trip as the receiver estimates it; 0: not known. */
  receiveRttUs?: number
  /** tcpi_rcv_space: what the receive buffer is sized by. */
  receiveSpaceBytes?: number
  /** tcpi_total_retrans */
  totalRetransmittedSegments?: number
  /** tcpi_pacing_rate */
  pacingBytesPerSecond?: number
  /** tcpi_max_pacing_rate */
  maxPacingBytesPerSecond?: number
  /** tcpi_bytes_acked: sent, and acknowledged by the peer; the SYN counts as one. */
  ackedBytes?: number
  /** tcpi_bytes_received: received, and acknowledged by us. */
  receivedBytes?: number
  /** tcpi_segs_out */
  sentSegments?: number
  /** tcpi_segs_in */
  receivedSegments?: number
  /** tcpi_notsent_bytes: written, and not sent yet. */
  notSentBytes?: number
  /** tcpi_min_rtt: 2^32 - 1 while none was measured. */
  minRttUs?: number
  /** tcpi_data_segs_in: segments with data. */
  receivedDataSegments?: number
  /** tcpi_data_segs_out */
  sentDataSegments?: number
  /** tcpi_delivery_rate: the last one measured. */
  deliveryBytesPerSecond?: number
  /** tcpi_busy_time: with data to send. */
  busyUs?: number
  /** tcpi_rwnd_limited: held up by the peer's window. */
  receiveWindowLimitedUs?: number
  /** tcpi_sndbuf_limited: held up by our send buffer. */
  sendBufferLimitedUs?: number
  /** tcpi_delivered: the SYN and retransmissions count. */
  deliveredSegments?: number
  /** tcpi_delivered_ce: of these, with an ECN mark. */
  deliveredMarkedSegments?: number
  /** tcpi_bytes_sent: retransmissions count. */
  sentBytes?: number
  /** tcpi_bytes_retrans */
  retransmittedBytes?: number
  /** tcpi_dsack_dups: duplicates that the peer told of (RFC 4898). */
  duplicateSegments?: number
  /** tcpi_reord_seen: how often packets were seen out of order. */
  reorderingsSeen?: number
  /** tcpi_rcv_ooopack: arrived out of order. */
  outOfOrderSegments?: number
  /** tcpi_snd_wnd: the peer's window. */
  sendWindowBytes?: number
  /** tcpi_rcv_wnd: ours. */
  receiveWindowBytes?: number
  /** tcpi_rehash: how often another path was tried after timeouts. */
  rehashes?: number
  /** tcpi_total_rto */
  totalTimeouts?: number
  /** tcpi_total_rto_recoveries */
  totalTimeoutRecoveries?: number
  /** tcpi_total_rto_time: spent in recovery from timeouts. */
  totalTimeoutMs?: number
}

const STATES = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
] as const

const CONGESTION_STATES = ['Open', 'Disorder', 'CWR', 'Recovery', 'Loss'] as const

/** Fields that are numbers as they are. */
type Plain = {
  [Name in keyof TcpInfo]-?: Required<TcpInfo>[Name] extends number ? Name : never
}[keyof TcpInfo]

const NUMBERS: Readonly<Record<Plain, string>> = {
  consecutiveTimeouts: 'tcpi_retransmits',
  unansweredProbes: 'tcpi_probes',
  backoff: 'tcpi_backoff',
  sendWindowScaleBits: 'tcpi_snd_wscale',
  receiveWindowScaleBits: 'tcpi_rcv_wscale',
  fastOpenClientFailure: 'tcpi_fastopen_client_fail',
  retransmitTimeoutUs: 'tcpi_rto',
  acknowledgeTimeoutUs: 'tcpi_ato',
  sendSegmentBytes: 'tcpi_snd_mss',
  receiveSegmentBytes: 'tcpi_rcv_mss',
  unackedSegments: 'tcpi_unacked',
  sackedSegments: 'tcpi_sacked',
  lostSegments: 'tcpi_lost',
  retransmittedSegments: 'tcpi_retrans',
  forwardAckedSegments: 'tcpi_fackets',
  lastDataSentMs: 'tcpi_last_data_sent',
  lastAckSentMs: 'tcpi_last_ack_sent',
  lastDataReceivedMs: 'tcpi_last_data_recv',
  lastAckReceivedMs: 'tcpi_last_ack_recv',
  pathMtuBytes: 'tcpi_pmtu',
  receiveThresholdBytes: 'tcpi_rcv_ssthresh',
  rttUs: 'tcpi_rtt',
  rttVarianceUs: 'tcpi_rttvar',
  slowStartThresholdSegments: 'tcpi_snd_ssthresh',
  congestionWindowSegments: 'tcpi_snd_cwnd',
  advertisedSegmentBytes: 'tcpi_advmss',
  reorderingSegments: 'tcpi_reordering',
  receiveRttUs: 'tcpi_rcv_rtt',
  receiveSpaceBytes: 'tcpi_rcv_space',
  totalRetransmittedSegments: 'tcpi_total_retrans',
  pacingBytesPerSecond: 'tcpi_pacing_rate',
  maxPacingBytesPerSecond: 'tcpi_max_pacing_rate',
  ackedBytes: 'tcpi_bytes_acked',
  receivedBytes: 'tcpi_bytes_received',
  sentSegments: 'tcpi_segs_out',
  receivedSegments: 'tcpi_segs_in',
  notSentBytes: 'tcpi_notsent_bytes',
  minRttUs: 'tcpi_min_rtt',
  receivedDataSegments: 'tcpi_data_segs_in',
  sentDataSegments: 'tcpi_data_segs_out',
  deliveryBytesPerSecond: 'tcpi_delivery_rate',
  busyUs: 'tcpi_busy_time',
  receiveWindowLimitedUs: 'tcpi_rwnd_limited',
  sendBufferLimitedUs: 'tcpi_sndbuf_limited',
  deliveredSegments: 'tcpi_delivered',
  deliveredMarkedSegments: 'tcpi_delivered_ce',
  sentBytes: 'tcpi_bytes_sent',
  retransmittedBytes: 'tcpi_bytes_retrans',
  duplicateSegments: 'tcpi_dsack_dups',
  reorderingsSeen: 'tcpi_reord_seen',
  outOfOrderSegments: 'tcpi_rcv_ooopack',
  sendWindowBytes: 'tcpi_snd_wnd',
  receiveWindowBytes: 'tcpi_rcv_wnd',
  rehashes: 'tcpi_rehash',
  totalTimeouts: 'tcpi_total_rto',
  totalTimeoutRecoveries: 'tcpi_total_rto_recoveries',
  totalTimeoutMs: 'tcpi_total_rto_time',
}

/** What a 64-bit rate without a limit, all ones, reads as. */
const UNLIMITED = 2 ** 64

/** The row of TCP_INFO. */
export const tcpInfo = struct<TcpInfo>('tcp_info', decodeTcpInfo)

function decodeTcpInfo(value: Struct): TcpInfo {
  const { constants } = native
  const info: TcpInfo = {}
  if (value.has('tcpi_state')) {
    const state = value.get('tcpi_state')
    info.state = STATES.find((name) => constants[`TCP_${name}`] === state)
  }
  if (value.has('tcpi_ca_state')) {
    const state = value.get('tcpi_ca_state')
    info.congestionState = CONGESTION_STATES.find((name) => constants[`TCP_CA_${name}`] === state)
  }
  if (value.has('tcpi_options')) info.negotiated = decodeNegotiated(value.get('tcpi_options'))
  if (value.has('tcpi_delivery_rate_app_limited')) {
    info.deliveryRateLimitedByApplication = value.get('tcpi_delivery_rate_app_limited') !== 0
  }
  for (const [name, member] of Object.entries(NUMBERS)) {
    if (!value.has(member)) continue
    const number = value.get(member)
    info[name as Plain] = number === UNLIMITED ? Number.POSITIVE_INFINITY : number
  }
  return info
}

function decodeNegotiated(bits: number): TcpNegotiated {
  const has = (name: string) => (bits & native.constants[`TCPI_OPT_${name}`]) !== 0
  return {
    timestamps: has('TIMESTAMPS'),
    sack: has('SACK'),
    windowScale: has('WSCALE'),
    ecn: has('ECN'),
    ecnSeen: has('ECN_SEEN'),
    synData: has('SYN_DATA'),
  }
}
