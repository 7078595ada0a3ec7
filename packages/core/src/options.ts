/** What an event loop can be told, with the defaults, checked once. */
import { type BackendName, MAX_SLOTS } from '@pollux/native-poll'
import { invalidArgValue, outOfRange } from './errors.js'
import { checkInteger, checkObject } from './validate.js'

/** Sizes and limits of an {@link EventLoop}. Every one has a default that serves a busy server. */
export interface EventLoopOptions {
  /**
   * The kernel facility that waits for readiness. Default: the environment variable POLLUX_BACKEND, else the
   * first that this build has ('epoll' on Linux).
   */
  backend?: BackendName
  /** Bytes of the slab that sockets are received into; more than one is alive while chunks of it are kept. Default 4 MiB. */
  slabBytes?: number
  /** Bytes of one pool of small owned chunks. Default 128 KiB. */
  poolBytes?: number
  /** The most bytes of one receive, hence of one chunk. Default 64 KiB. */
  maxReadBytes?: number
  /**
   * Owned chunks up to this size are copied into the pool, so that a kept small chunk never pins a slab; larger
   * ones stay where they were received. Default 2048.
   */
  copyMaxBytes?: number
  /** Bytes that handlers can write in one turn before they are sent early. Default 256 KiB. */
  sendSlabBytes?: number
  /** The most events of one call into JavaScript. Default 4096. */
  eventCapacity?: number
  /** The most submissions (writes, ends, …) of one turn before they are taken early. Default 4096. */
  submissionCapacity?: number
  /**
   * How many sockets there is room for at first; the table doubles when it is full. Default 16 384: rows that were
   * never used take no memory, and an outgrown table takes its own until it is collected.
   */
  initialSlots?: number
  /** The most connections that one listener takes in one round. Default 64. */
  acceptBudget?: number
  /**
   * The most rounds of one turn, of up to 32 ready sockets each, before timers and other I/O have their say.
   * Default 64.
   */
  maxRounds?: number
  /** The most microseconds of one turn, looked at after each call into JavaScript. Default 2000. */
  maxTurnUs?: number
  /**
   * Microseconds that a turn with little work goes on looking for more before it waits: where a few peers answer
   * quickly, that costs less than sleeping and waking. Where they don't, the reactor notices, and hardly ever tries.
   * 0: never. Default 50.
   */
  busyPollUs?: number
}

/** All options, with a value each. */
export type ResolvedLoopOptions = Required<EventLoopOptions>

type NumericOption = Exclude<keyof EventLoopOptions, 'backend'>

const KIB = 1024
const MIB = 1024 * KIB

/** Default, least and greatest value of each number. */
const NUMBERS: Readonly<Record<NumericOption, readonly [preset: number, min: number, max: number]>> = {
  slabBytes: [4 * MIB, 4 * KIB, 1024 * MIB],
  poolBytes: [128 * KIB, 64, 1024 * MIB],
  maxReadBytes: [64 * KIB, 1, 16 * MIB],
  copyMaxBytes: [2048, 0, 16 * MIB],
  // At least what `Submissions` copies without a look at its size.
  sendSlabBytes: [256 * KIB, KIB, 1024 * MIB],
  eventCapacity: [4096, 1, MIB],
  submissionCapacity: [4096, 1, MIB],
  initialSlots: [16_384, 1, MAX_SLOTS],
  acceptBudget: [64, 1, MIB],
  maxRounds: [64, 1, MIB],
  maxTurnUs: [2000, 1, 1_000_000],
  busyPollUs: [50, 0, 1_000_000],
}

/** Receives start on this boundary, so that a slab holds a little less than its size. */
const ALIGNMENT = 64

/**
 * Fills in the defaults and checks the rest.
 *
 * @throws TypeError or RangeError that names the option
 */
export function resolveLoopOptions(
  options: EventLoopOptions,
  backends: readonly BackendName[],
  environment: string | undefined,
): ResolvedLoopOptions {
  checkObject(options, 'options')
  const resolved: ResolvedLoopOptions = {
    backend: resolveBackend(options.backend, backends, environment),
    slabBytes: number(options, 'slabBytes'),
    poolBytes: number(options, 'poolBytes'),
    maxReadBytes: number(options, 'maxReadBytes'),
    copyMaxBytes: number(options, 'copyMaxBytes'),
    sendSlabBytes: number(options, 'sendSlabBytes'),
    eventCapacity: number(options, 'eventCapacity'),
    submissionCapacity: number(options, 'submissionCapacity'),
    initialSlots: number(options, 'initialSlots'),
    acceptBudget: number(options, 'acceptBudget'),
    maxRounds: number(options, 'maxRounds'),
    maxTurnUs: number(options, 'maxTurnUs'),
    busyPollUs: number(options, 'busyPollUs'),
  }
  const { slabBytes, poolBytes, maxReadBytes, copyMaxBytes } = resolved
  if (slabBytes < maxReadBytes + ALIGNMENT) {
    throw outOfRange('slabBytes', `>= maxReadBytes + ${ALIGNMENT} (${maxReadBytes + ALIGNMENT})`, slabBytes)
  }
  if (poolBytes < copyMaxBytes) throw outOfRange('poolBytes', `>= copyMaxBytes (${copyMaxBytes})`, poolBytes)
  return resolved
}

function number(options: EventLoopOptions, name: NumericOption): number {
  const [preset, min, max] = NUMBERS[name]
  const value = options[name]
  return value === undefined ? preset : checkInteger(value, name, min, max)
}

function resolveBackend(
  option: BackendName | undefined,
  backends: readonly BackendName[],
  environment: string | undefined,
): BackendName {
  const wanted = option ?? (environment || backends[0])
  if (backends.includes(wanted as BackendName)) return wanted as BackendName
  const name = option === undefined ? 'POLLUX_BACKEND' : 'backend'
  throw invalidArgValue(name, `must be one of this build's: ${backends.join(', ')}`, wanted)
}
