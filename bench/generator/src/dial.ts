/** Opens connections to the server, a few at a time. */
import { constants } from 'node:os'
import {
  Channel,
  ChannelSocket,
  type Endpoint,
  type EventLoop,
  Op,
  optionCallsOf,
  SocketError,
  systemError,
} from '@pollux/core'
import type { Output } from './protocols/protocol.js'

/** At most so many wait to be accepted: fewer than any sensible backlog holds. */
const AT_ONCE = 64

const SOURCES = 16_000

/**
 * The system's choice may pace with timers, and a generator has to cost less than what it measures. Servers keep the
 * system's choice.
 */
const CHEAP_CONGESTION_CONTROL = 'reno'

/** How a connection begins. */
export interface Dial {
  endpoint: Endpoint
  /** Connect from one of many addresses of 127.0.0.0/8. */
  sourceAddresses: boolean
  /** How long connecting may take. */
  timeoutMs: number
}

/** A connection of ours: somebody wants to know how connecting ended, and then writes on it. */
export abstract class DialedChannel extends Channel implements Output {
  /** Set by whoever waits for `onConnect`. */
  settle: ((errno: number) => void) | null = null

  override onConnect(errno: number): void {
    const { settle } = this
    this.settle = null
    settle?.(errno)
  }

  write(bytes: Buffer): void {
    this.loop.submissions.copy(this.slot, this.generation, bytes, bytes.length)
  }

  /** Closes at once, without a word to anybody. */
  destroy(): void {
    this.settle = null
    this.submit(Op.DESTROY)
  }

  text(text: string): void {
    this.loop.submissions.text(this.slot, this.generation, text, 'utf8')
  }
}

/** In the slot of a socket that has not begun to connect: nobody hears of it if it never does. */
class Place extends Channel {
  override fail(error: unknown): void {
    throw error
  }
}

/**
 * Whether the kernel has no port left to choose when a connection begins. It does not choose one that somebody has got by
 * bind(2), whatever the address, and connections that were closed hold theirs for a minute; but bind(2) with an address
 * of its own gets one. Until then we leave the choice to connect(2), so that we do not do the same to others.
 */
let arePortsTaken = false

/**
 * Starts connecting; `make` makes the channel in the socket's place, whose `onConnect` says how it ended.
 *
 * @param number of the connection, which chooses its source address
 * @throws SocketError
 */
export function startConnecting<T extends Channel>(
  loop: EventLoop,
  dial: Dial,
  number: number,
  make: (loop: EventLoop, slot: number, generation: number) => T,
): T {
  try {
    return begin(loop, dial, number, make)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRNOTAVAIL' || !isLoopback(dial.endpoint) || arePortsTaken)
      throw error
    arePortsTaken = true
    return begin(loop, dial, number, make)
  }
}

function begin<T extends Channel>(
  loop: EventLoop,
  { endpoint, sourceAddresses }: Dial,
  number: number,
  make: (loop: EventLoop, slot: number, generation: number) => T,
): T {
  const isUnix = 'path' in endpoint
  const isIpv6 = !isUnix && endpoint.host.includes(':')
  const socket = ChannelSocket.create(isUnix ? 'Unix' : isIpv6 ? 'IPv6' : 'IPv4', loop)
  const place = new Place(loop, socket.slot, socket.generation)
  try {
    if (!isUnix) {
      socket.setOption('noDelay', true)
      setIfPossible(place, 'IPPROTO_TCP', 'TCP_CONGESTION', CHEAP_CONGESTION_CONTROL)
      if (arePortsTaken ? isLoopback(endpoint) : sourceAddresses && !isIpv6) {
        if (!arePortsTaken) setIfPossible(place, 'IPPROTO_IP', 'IP_BIND_ADDRESS_NO_PORT', true)
        socket.bind({ host: sourceOf(number), port: 0 })
      }
    }
    socket.connect(endpoint, true)
    // In the place of the other; events come when this turn is over.
    const channel = make(loop, socket.slot, socket.generation)
    socket.release()
    return channel
  } catch (error) {
    socket.close()
    throw error
  }
}

/** Whether addresses all over 127.0.0.0/8 can reach it. */
export function isLoopback(endpoint: Endpoint): boolean {
  return 'host' in endpoint && /^127(\.\d{1,3}){3}$/.test(endpoint.host)
}

/** As `startConnecting`, and waits until the connection is there, at most as long as the dial says. */
export function connect<T extends DialedChannel>(
  loop: EventLoop,
  dial: Dial,
  number: number,
  make: (loop: EventLoop, slot: number, generation: number) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const channel = startConnecting(loop, dial, number, make)
    const fail = (errno: number) => reject(systemError(-Math.abs(errno), 'connect', dial.endpoint))
    const timer = setTimeout(() => {
      channel.destroy()
      fail(constants.errno.ETIMEDOUT)
    }, dial.timeoutMs)
    // The socket keeps the process, for as long as somebody wants it.
    timer.unref()
    channel.settle = (errno) => {
      clearTimeout(timer)
      if (errno === 0) resolve(channel)
      else fail(errno)
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

/** Where the system has no such option, or no such value, it goes without. */
function setIfPossible(
  place: Place,
  ...option: [level: string, name: string, value: string | boolean]
): void {
  try {
    ;(optionCallsOf(place).setsockopt as (...option: unknown[]) => void)(...option)
  } catch (error) {
    if (!(error instanceof SocketError)) throw error
  }
}
