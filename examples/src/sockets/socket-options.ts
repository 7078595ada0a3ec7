/** Prints the options that a fresh TCP socket has: socket-options.js */
import { AF_INET, SOCK_STREAM, SocketError, socket, type TimeValue } from '@pollux/core'

using fresh = socket(AF_INET, SOCK_STREAM)

const onOff = (value: boolean) => (value ? 'on' : 'off')
const inSeconds = (time: TimeValue) => `${time.seconds}.${String(time.microseconds).padStart(6, '0')} s`

/** An option's value as text. Its level and name fix its type. */
const OPTIONS: Record<string, () => string | number> = {
  SO_TYPE: () => fresh.getsockopt('SOL_SOCKET', 'SO_TYPE'),
  SO_REUSEADDR: () => onOff(fresh.getsockopt('SOL_SOCKET', 'SO_REUSEADDR')),
  SO_KEEPALIVE: () => onOff(fresh.getsockopt('SOL_SOCKET', 'SO_KEEPALIVE')),
  SO_BROADCAST: () => onOff(fresh.getsockopt('SOL_SOCKET', 'SO_BROADCAST')),
  SO_OOBINLINE: () => onOff(fresh.getsockopt('SOL_SOCKET', 'SO_OOBINLINE')),
  SO_ACCEPTCONN: () => onOff(fresh.getsockopt('SOL_SOCKET', 'SO_ACCEPTCONN')),
  SO_SNDBUF: () => fresh.getsockopt('SOL_SOCKET', 'SO_SNDBUF'),
  SO_RCVBUF: () => fresh.getsockopt('SOL_SOCKET', 'SO_RCVBUF'),
  SO_RCVLOWAT: () => fresh.getsockopt('SOL_SOCKET', 'SO_RCVLOWAT'),
  SO_LINGER: () => {
    const { on, seconds } = fresh.getsockopt('SOL_SOCKET', 'SO_LINGER')
    return `${onOff(on)}, ${seconds} s`
  },
  SO_SNDTIMEO: () => inSeconds(fresh.getsockopt('SOL_SOCKET', 'SO_SNDTIMEO')),
  SO_RCVTIMEO: () => inSeconds(fresh.getsockopt('SOL_SOCKET', 'SO_RCVTIMEO')),
  IP_TTL: () => fresh.getsockopt('IPPROTO_IP', 'IP_TTL'),
  IP_TOS: () => fresh.getsockopt('IPPROTO_IP', 'IP_TOS'),
  TCP_NODELAY: () => onOff(fresh.getsockopt('IPPROTO_TCP', 'TCP_NODELAY')),
  TCP_MAXSEG: () => fresh.getsockopt('IPPROTO_TCP', 'TCP_MAXSEG'),
}

for (const [name, value] of Object.entries(OPTIONS)) {
  try {
    console.log(name.padEnd(14), value())
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
    console.log(name.padEnd(14), 'not available')
  }
}
