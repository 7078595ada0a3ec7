/** Opens connections to the server, a few at a time. */
import {
  Channel,
  ChannelSocket,
  type Endpoint,
  type EventLoop,
  optionCallsOf,
  SocketError,
  systemError,
} from '@pollux/core'

/** At most so many wait to be accepted: fewer than any sensible backlog holds. */
const AT_ONCE = 64

const SOURCES = 16_000

/** How a connection begins. */
export interface Dial {
  endpoint: Endpoint
  /** Connect from one of many addresses of 127.0.0.0/8. */
  sourceAddresses: boolean
}

/** A connection of which somebody wants to know how connecting ended. */
export abstract class DialedChannel extends Channel {
  /** Set by whoever waits for `onConnect`. */
  settle: ((errno: number) => void) | null = null

  override onConnect(errno: number): void {
    const { settle } = this
    this.settle = null
    settle?.(errno)
  }
}

/**
 * Starts connecting; `make` makes the channel in the socket's place, whose `onConnect` says how it ended.
 *
 * @param number of the connection, which chooses its source address
 * @throws SocketError
 */
export function startConnecting<T extends Channel>(
  loop: EventLoop,
  { endpoint, sourceAddresses }: Dial,
  number: number,
  make: (loop: EventLoop, slot: number, generation: number) => T,
): T {
  const isUnix = 'path' in endpoint
  const isIpv6 = !isUnix && endpoint.host.includes(':')
  const socket = ChannelSocket.create(isUnix ? 'Unix' : isIpv6 ? 'IPv6' : 'IPv4', loop)
  try {
    if (!isUnix) {
      if (sourceAddresses && !isIpv6) socket.bind({ host: sourceOf(number), port: 0 })
      socket.setOption('noDelay', true)
    }
    const channel = make(loop, socket.slot, socket.generation)
    if (!isUnix) chooseCheapCongestionControl(channel)
    socket.connect(endpoint, true)
    socket.release()
    return channel
  } catch (error) {
    socket.close()
    throw error
  }
}

/** As `startConnecting`, and waits until the connection is there. */
export function connect<T extends DialedChannel>(
  loop: EventLoop,
  dial: Dial,
  number: number,
  make: (loop: EventLoop, slot: number, generation: number) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const channel = startConnecting(loop, dial, number, make)
    channel.settle = (errno) => {
      if (errno === 0) resolve(channel)
      else reject(systemError(-Math.abs(errno), 'connect', dial.endpoint))
    }
  })
}

/** Opens what `open` opens, for each number from `first` on, a few at a time; rejects at the first that fails. */
export async function connectAll<T>(
  first: number,
  count: number,
  open: (number: number) => Promise<T>,
): Promise<T[]> {
  const opened: T[] = []
  for (let done = 0; done < count; done += AT_ONCE) {
    const group = Math.min(AT_ONCE, count - done)
    const numbers = Array.from({ length: group }, (_, i) => first + done + i)
    opened.push(...(await Promise.all(numbers.map(open))))
  }
  return opened
}

function sourceOf(number: number): string {
  const place = number % SOURCES
  return `127.1.${Math.floor(place / 250)}.${1 + (place % 250)}`
}

/**
 * The system's choice may pace with timers, and a generator has to cost less than what it measures. Servers keep the
 * system's choice.
 */
function chooseCheapCongestionControl(channel: Channel): void {
  try {
    optionCallsOf(channel).setsockopt('IPPROTO_TCP', 'TCP_CONGESTION', 'reno')
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
  }
}
