/** The types that an option's value can have, and how each travels to the kernel and back. */
import { invalidArgType, invalidArgValue } from '../errors.js'
import { checkBoolean, checkInteger, checkObject } from '../validate.js'
import { layoutOf, readUint64, Struct } from './struct.js'

export const MAX_INT = 2 ** 31 - 1
const MAX_UINT = 2 ** 32 - 1

/** An option as bytes, or as the int that most are. */
export type Encoded = number | Uint8Array

/** What is known of an option beside its two directions. */
export interface OptionDetails {
  /** Without this struct the platform does not have the option either. */
  struct?: string
  /** Who may set it (capabilities(7)), where that is not everybody. */
  capability?: string
}

/** One row of the table: an option whose value is a `Set` when it is set and a `Get` when it is read. */
export interface OptionType<Set, Get> extends OptionDetails {
  /** Checks a value and packs it; undefined where the option can only be read. */
  readonly encode: ((value: Set, option: string) => Encoded) | undefined
  /** The most bytes that the value can have; 0: it is an int. */
  readonly maxBytes: number
  /** Unpacks what the kernel gave; undefined where the option can only be set. */
  readonly decode: ((value: Encoded) => Get) | undefined
}

/** SO_LINGER (socket(7)): whether `close` waits for unsent bytes, and how long. */
export interface Linger {
  on: boolean
  /** 0 with `on`: close resets the connection. */
  seconds: number
}

/** A duration as `struct timeval` has it. */
export interface TimeValue {
  seconds: number
  /** 0 to 999,999. */
  microseconds: number
}

/** Who made the peer of a Unix domain socket (unix(7), SO_PEERCRED), as they were at that time. */
export interface PeerCredentials {
  /** Process; 0 where there is none in our namespace. */
  pid: number
  /** Effective user; 4,294,967,295 while there is no peer. */
  uid: number
  /** Effective group. */
  gid: number
}

/** Memory of a socket in the kernel (SO_MEMINFO), in bytes; what the kernel does not tell is missing. */
export interface MemoryInfo {
  /** Received and not read yet, with the kernel's book-keeping. */
  receiveAllocatedBytes?: number
  /** The limit that SO_RCVBUF sets. */
  receiveBufferBytes?: number
  /** On its way to the network interface. */
  sendAllocatedBytes?: number
  /** The limit that SO_SNDBUF sets. */
  sendBufferBytes?: number
  /** Reserved and not used yet. */
  forwardAllocatedBytes?: number
  /** Written and not acknowledged yet. */
  sendQueuedBytes?: number
  /** Of options, filters and ancillary data. */
  optionBytes?: number
  /** Received while the socket was busy. */
  backlogBytes?: number
  /** Packets that found the receive buffer full: the one number here that counts no bytes. */
  drops?: number
}

/** true or false, an int of 1 or 0. */
export const flag: OptionType<boolean, boolean> = {
  encode: (value, option) => +checkBoolean(value, option),
  maxBytes: 0,
  decode: (value) => value !== 0,
}

/** An int within limits; what is within them and wrong all the same the kernel refuses. */
export function int(min = 0, max = MAX_INT, details: OptionDetails = {}): OptionType<number, number> {
  return {
    ...details,
    encode: (value, option) => checkInteger(value, option, min, max),
    maxBytes: 0,
    decode: (value) => value as number,
  }
}

/** An unsigned int. */
export function uint(details: OptionDetails = {}): OptionType<number, number> {
  return {
    ...details,
    encode: (value, option) => checkInteger(value, option, 0, MAX_UINT) | 0,
    maxBytes: 0,
    decode: (value) => (value as number) >>> 0,
  }
}

/** A name; as the kernel gives it a NUL byte may follow. */
export function text(maxBytes: number, details: OptionDetails = {}): OptionType<string, string> {
  return {
    ...details,
    encode(value, option) {
      if (typeof value !== 'string') throw invalidArgType(option, 'of type string', value)
      if (value.includes('\0')) throw invalidArgValue(option, 'must not contain NUL bytes', value)
      const bytes = Buffer.from(value)
      // Linux cuts a longer one, and takes it for another name.
      if (bytes.length >= maxBytes) {
        throw invalidArgValue(option, `must be shorter than ${maxBytes} bytes`, value)
      }
      return bytes
    },
    maxBytes,
    decode(value) {
      const bytes = value as Uint8Array
      const end = bytes.indexOf(0)
      return Buffer.from(bytes.subarray(0, end < 0 ? bytes.length : end)).toString()
    },
  }
}

/** Bytes as the kernel gives them. */
export function rawBytes(maxBytes: number): OptionType<never, Uint8Array> {
  return { encode: undefined, maxBytes, decode: (value) => value as Uint8Array }
}

export const linger: OptionType<Linger, Linger> = {
  ...struct('linger', (value) => ({ on: value.get('l_onoff') !== 0, seconds: value.get('l_linger') })),
  encode(value, option) {
    const { on, seconds } = checkObject(value, option) as Linger
    checkBoolean(on, `${option}.on`)
    checkInteger(seconds, `${option}.seconds`, 0, MAX_INT)
    return make('linger').set('l_onoff', +on).set('l_linger', seconds).bytes
  },
}

export const timeValue: OptionType<TimeValue, TimeValue> = {
  ...struct('timeval', (value) => ({ seconds: value.get('tv_sec'), microseconds: value.get('tv_usec') })),
  encode(value, option) {
    const { seconds, microseconds } = checkObject(value, option) as TimeValue
    checkInteger(seconds, `${option}.seconds`, 0, MAX_INT)
    checkInteger(microseconds, `${option}.microseconds`, 0, 999_999)
    return make('timeval').set('tv_sec', seconds).set('tv_usec', microseconds).bytes
  },
}

export const peerCredentials = struct<PeerCredentials>('ucred', (value) => ({
  pid: value.get('pid'),
  uid: value.get('uid'),
  gid: value.get('gid'),
}))

/** 64 bits, which only a bigint holds. */
export const uint64: OptionType<never, bigint> = {
  encode: undefined,
  maxBytes: 8,
  decode: (value) => readUint64(value as Uint8Array),
}

const MEMORY_INFO: Readonly<Record<keyof MemoryInfo, string>> = {
  receiveAllocatedBytes: 'SK_MEMINFO_RMEM_ALLOC',
  receiveBufferBytes: 'SK_MEMINFO_RCVBUF',
  sendAllocatedBytes: 'SK_MEMINFO_WMEM_ALLOC',
  sendBufferBytes: 'SK_MEMINFO_SNDBUF',
  forwardAllocatedBytes: 'SK_MEMINFO_FWD_ALLOC',
  sendQueuedBytes: 'SK_MEMINFO_WMEM_QUEUED',
  optionBytes: 'SK_MEMINFO_OPTMEM',
  backlogBytes: 'SK_MEMINFO_BACKLOG',
  drops: 'SK_MEMINFO_DROPS',
}

export const memoryInfo = struct<MemoryInfo>('meminfo', (value) => {
  const info: MemoryInfo = {}
  for (const [name, member] of Object.entries(MEMORY_INFO)) {
    if (value.has(member)) info[name as keyof MemoryInfo] = value.get(member)
  }
  return info
})

/** An option that is read as a C struct and can't be set. */
export function struct<Get>(name: string, decode: (value: Struct) => Get): OptionType<never, Get> {
  const layout = layoutOf(name)
  return {
    struct: name,
    encode: undefined,
    // Where there is no such struct, nobody comes to reading it: `find` in calls.ts throws before.
    maxBytes: layout?.bytes ?? 0,
    decode: (value) => decode(Struct.read(layout!, value as Uint8Array)),
  }
}

/** A struct to fill, of those that every POSIX system has. */
function make(name: string): Struct {
  return Struct.make(layoutOf(name)!)
}

/** The same option where it can't be set. */
export function readOnly<Get>(type: OptionType<never, Get>): OptionType<never, Get> {
  return { ...type, encode: undefined }
}

/** The same option where it can't be read. */
export function setOnly<Set>(type: OptionType<Set, unknown>): OptionType<Set, never> {
  return { ...type, decode: undefined }
}
