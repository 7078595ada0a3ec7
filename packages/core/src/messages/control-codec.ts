/** Control messages from and to the flat list that the addon takes and gives. */
import { isIPv4, isIPv6 } from 'node:net'
import { CONTROL_FIELDS, ControlKind } from '@pollux/native-poll'
import { invalidArgValue, SocketError } from '../errors.js'
import type { EventLoop } from '../event-loop.js'
import { native } from '../native.js'
import { checkView } from '../sockets/views.js'
import { checkArray, checkInteger, checkObject } from '../validate.js'
import type { ControlMessage, ReceivedControlMessage } from './control-messages.js'
import { ownedFdOf } from './owned-fd.js'

const MAX_INT = 2 ** 31 - 1
const MIN_INT = -(2 ** 31)
const MAX_ID = 2 ** 32 - 1
const MAX_SEGMENT = 2 ** 16 - 1

type Type = ControlMessage['type']

/** Kinds that the kernel only gives. */
const RECEIVED_ONLY: ReadonlySet<Type> = new Set<Type>(['SO_TIMESTAMP', 'SO_TIMESTAMPNS', 'UDP_GRO'])

/** The list of `control`, for the addon: checked. The descriptors are those of this moment. */
export function encodeControl(control: readonly ControlMessage[]): unknown[] {
  const list: unknown[] = []
  for (const message of control) {
    checkObject(message, 'control[]')
    const fields = fieldsOf(message)
    for (let i = 0; i < CONTROL_FIELDS; i++) list.push(fields[i])
  }
  return list
}

/** The messages of a list of the addon's. Descriptors have owners from here on. */
export function decodeControl(loop: EventLoop, list: readonly unknown[]): ReceivedControlMessage[] {
  try {
    const control: ReceivedControlMessage[] = []
    for (let at = 0; at < list.length; at += CONTROL_FIELDS) {
      control.push(messageOf(loop, list.slice(at, at + CONTROL_FIELDS)))
    }
    return control
  } catch (error) {
    // No stack or memory left: nobody will hear of the descriptors.
    for (let at = 0; at < list.length; at += CONTROL_FIELDS) {
      if (list[at] !== ControlKind.RIGHTS) continue
      for (const handle of list[at + 1] as number[]) loop.reactor.closeNow(handle)
    }
    throw error
  }
}

function fieldsOf(message: ControlMessage): unknown[] {
  const { type } = message
  if (RECEIVED_ONLY.has(type)) {
    throw invalidArgValue('control[].type', 'is only ever received, never sent', type)
  }
  switch (type) {
    case 'SCM_RIGHTS':
      return [ControlKind.RIGHTS, descriptors(message.fds)]
    case 'SCM_CREDENTIALS':
      needs(type)
      return [
        ControlKind.CREDENTIALS,
        checkInteger(message.pid, 'control[].pid', 0, MAX_INT),
        checkInteger(message.uid, 'control[].uid', 0, MAX_ID),
        checkInteger(message.gid, 'control[].gid', 0, MAX_ID),
      ]
    case 'IP_PKTINFO': {
      needs(type)
      const { localAddress } = message
      const local = localAddress === undefined ? undefined : ipv4(localAddress, 'control[].localAddress')
      return [
        ControlKind.IP_PKTINFO,
        interfaceIndex(message),
        ipv4(message.address, 'control[].address'),
        local,
      ]
    }
    case 'IPV6_PKTINFO':
      needs(type)
      return [ControlKind.IPV6_PKTINFO, interfaceIndex(message), ipv6(message.address, 'control[].address')]
    case 'IP_TTL':
      return [ControlKind.IP_TTL, checkInteger(message.ttl, 'control[].ttl', 1, 255)]
    case 'IPV6_HOPLIMIT':
      needs(type)
      // -1: as the kernel would have it (RFC 3542, section 6.3).
      return [ControlKind.IPV6_HOPLIMIT, checkInteger(message.hopLimit, 'control[].hopLimit', -1, 255)]
    case 'IP_TOS':
      return [ControlKind.IP_TOS, checkInteger(message.tos, 'control[].tos', 0, 255)]
    case 'IPV6_TCLASS':
      needs(type)
      return [ControlKind.IPV6_TCLASS, checkInteger(message.trafficClass, 'control[].trafficClass', -1, 255)]
    case 'UDP_SEGMENT':
      needs(type)
      return [ControlKind.UDP_SEGMENT, checkInteger(message.bytes, 'control[].bytes', 0, MAX_SEGMENT)]
    case 'unknown':
      return [
        ControlKind.UNKNOWN,
        checkInteger(message.level, 'control[].level', MIN_INT, MAX_INT),
        checkInteger(message.name, 'control[].name', MIN_INT, MAX_INT),
        checkView(message.data, 'control[].data'),
      ]
    default:
      throw invalidArgValue(
        'control[].type',
        "must be one of ControlMessage's; 'unknown' takes level, name and data",
        type,
      )
  }
}

function messageOf(loop: EventLoop, [kind, first, second, third]: unknown[]): ReceivedControlMessage {
  const number = first as number
  switch (kind) {
    case ControlKind.RIGHTS:
      return { type: 'SCM_RIGHTS', fds: (first as number[]).map((handle) => ownedFdOf(loop, handle)) }
    case ControlKind.CREDENTIALS:
      return { type: 'SCM_CREDENTIALS', pid: number, uid: second as number, gid: third as number }
    case ControlKind.IP_PKTINFO:
      return {
        type: 'IP_PKTINFO',
        interfaceIndex: number,
        address: second as string,
        localAddress: third as string,
      }
    case ControlKind.IPV6_PKTINFO:
      return { type: 'IPV6_PKTINFO', interfaceIndex: number, address: second as string }
    case ControlKind.IP_TTL:
      return { type: 'IP_TTL', ttl: number }
    case ControlKind.IPV6_HOPLIMIT:
      return { type: 'IPV6_HOPLIMIT', hopLimit: number }
    case ControlKind.IP_TOS:
      return { type: 'IP_TOS', tos: number }
    case ControlKind.IPV6_TCLASS:
      return { type: 'IPV6_TCLASS', trafficClass: number }
    case ControlKind.TIMESTAMP:
      return { type: 'SO_TIMESTAMP', seconds: number, nanoseconds: second as number }
    case ControlKind.TIMESTAMPNS:
      return { type: 'SO_TIMESTAMPNS', seconds: number, nanoseconds: second as number }
    case ControlKind.UDP_SEGMENT:
      return { type: 'UDP_SEGMENT', bytes: number }
    case ControlKind.UDP_GRO:
      return { type: 'UDP_GRO', bytes: number }
    default:
      return { type: 'unknown', level: number, name: second as number, data: third as Uint8Array }
  }
}

function descriptors(fds: unknown): number[] {
  return checkArray(fds, 'control[].fds', 'an array of descriptors', (each, name) => {
    const fd = typeof each === 'object' && each !== null ? (each as { fd?: unknown }).fd : each
    return checkInteger(fd, name, 0, MAX_INT)
  })
}

function interfaceIndex(message: { interfaceIndex: number }): number {
  return checkInteger(message.interfaceIndex, 'control[].interfaceIndex', 0, MAX_INT)
}

function ipv4(text: unknown, name: string): string {
  if (typeof text === 'string' && isIPv4(text)) return text
  throw invalidArgValue(name, 'must be an IPv4 address', text)
}

function ipv6(text: unknown, name: string): string {
  if (typeof text === 'string' && isIPv6(text) && !text.includes('%')) return text
  throw invalidArgValue(name, 'must be an IPv6 address without a zone; interfaceIndex is beside it', text)
}

/** @throws SocketError ENOTSUP where the platform has no such control message */
function needs(type: Type): void {
  if (native.constants[type] !== undefined) return
  throw new SocketError(`sendmsg ENOTSUP: this platform has no ${type}`, {
    code: 'ENOTSUP',
    errno: -native.errorNumber('ENOTSUP'),
    syscall: 'sendmsg',
  })
}
