/** How a socket gets connected: name lookup, one address after the other, and the events that tell of it. */
import dns, { type LookupOptions, type lookup as systemLookup } from 'node:dns'
import {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  type IpcSocketConnectOpts,
  isIP,
  type TcpSocketConnectOpts,
} from 'node:net'
import {
  checkBoolean,
  checkFunction,
  checkInt32,
  checkNoNul,
  checkNumber,
  checkPort,
  checkString,
  invalidType,
  invalidValue,
} from '../arguments.js'
import { invalidIp } from '../errors.js'
import { kHasBoundSource } from '../internals.js'
import type { Socket } from '../socket/socket.js'
import { NODE_MAJOR } from '../versions.js'
import { SingleAttempt } from './attempt.js'
import { Race } from './race.js'

/** The least time that an address gets before the next is tried. */
const LEAST_ATTEMPT_MS = 10

type ConnectOptions = Partial<TcpSocketConnectOpts> & Partial<IpcSocketConnectOpts>

/** What a socket that is connecting can be told. */
export interface Connecting {
  /** The kernel's answer. */
  done(errno: number): void
  cancel(): void
}

/** A host to be looked up, and the options as they were given. */
export interface Lookup {
  host: string
  port: number
  givenHost: unknown
  givenPort: unknown
}

const NO_LOCAL_END = { address: undefined, port: undefined }

/** Checks the options, as Node does, and begins. @throws what Node throws */
export function startConnecting(socket: Socket, options: ConnectOptions): Connecting {
  const { path } = options
  if (path) {
    checkString(path, 'options.path')
    const attempt = new SingleAttempt(socket)
    attempt.connect({ address: path, port: undefined, family: undefined }, NO_LOCAL_END)
    return attempt
  }
  return startIp(socket, options)
}

function startIp(socket: Socket, options: ConnectOptions): Connecting {
  const { localAddress, localPort } = options
  const host = options.host || 'localhost'
  if (NODE_MAJOR >= 22) checkNoNul(checkString(host, 'options.host'), 'options.host')
  if (localAddress && !isIP(localAddress)) throw invalidIp(localAddress)
  if (localPort) checkNumber(localPort, 'options.localPort')
  const { port: given } = options
  if (given !== undefined && typeof given !== 'number' && typeof given !== 'string') {
    throw invalidType('options.port', 'one of type number or string', given)
  }
  const port = given === undefined ? 0 : checkPort(given)
  const auto =
    options.autoSelectFamily == null
      ? getDefaultAutoSelectFamily()
      : checkBoolean(options.autoSelectFamily, 'options.autoSelectFamily')
  const timeout = options.autoSelectFamilyAttemptTimeout
  const attemptMs =
    timeout == null
      ? getDefaultAutoSelectFamilyAttemptTimeout()
      : Math.max(checkInt32(timeout, 'options.autoSelectFamilyAttemptTimeout', 1), LEAST_ATTEMPT_MS)
  const local = { address: localAddress, port: localPort }
  const family = isIP(host)
  if (socket[kHasBoundSource] && (localAddress !== undefined || localPort !== undefined)) {
    const text = 'localAddress and localPort cannot be used with an adopted bound socket'
    throw invalidValue('options', options, text)
  }
  if (family !== 0) {
    const attempt = new SingleAttempt(socket)
    if (socket[kHasBoundSource]) {
      attempt.connect({ address: host, port, family }, NO_LOCAL_END)
      return attempt
    }
    process.nextTick(() => {
      if (socket.connecting) attempt.connect({ address: host, port, family }, local)
    })
    return attempt
  }
  if (options.lookup != null) checkFunction(options.lookup, 'options.lookup')
  const query: LookupOptions = { family: familyOf(options.family), hints: options.hints || 0 }
  if (query.family !== 4 && query.family !== 6 && query.hints === 0) query.hints = dns.ADDRCONFIG
  // By its name at the time: programs put one of their own in its place.
  const lookup = (options.lookup ?? dns.lookup) as typeof systemLookup
  const named = { host, port, givenHost: options.host, givenPort: given }
  socket._host = host
  if (query.family !== 4 && query.family !== 6 && !localAddress && auto && !socket[kHasBoundSource]) {
    return new Race(socket, named, local, attemptMs).lookUp(lookup, query)
  }
  return new SingleAttempt(socket).lookUp(lookup, query, named, local)
}

/** 'IPv4' and 'IPv6' are taken for 4 and 6. */
function familyOf(family: unknown): number | undefined {
  if (family === 'IPv4') return 4
  if (family === 'IPv6') return 6
  return family as number | undefined
}
