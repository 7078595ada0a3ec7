// A reactor with the plainest JavaScript half there can be: it records what happens to each socket, hands it to the
// test's handler, and writes submissions. Sizes are parameters, so that every cap can be made tiny.
import {
  type BackendName,
  CONTROL_WORDS,
  COUNTERS,
  Column,
  Control,
  Counter,
  EventType,
  HANDLE_BASE,
  loadBinding,
  type NativeReactor,
  Op,
  RECORD_WORDS,
  SLOT_SHIFT,
  TABLE_COLUMNS,
} from '@pollux/native-poll'
import { expect } from 'vitest'
import { patiently } from './patience.js'

export const binding = loadBinding()
export const constants = binding.constants
export const errno = (name: string) => binding.errorNumber(name)

export type EventName = keyof typeof EventType
/** What `expectEvents` speaks of: the three kinds of data are one, and neighbours of that kind are one. */
export type Summary = Exclude<EventName, `DATA_${string}`> | 'DATA'

const EVENT_NAMES = new Map(Object.entries(EventType).map(([name, code]) => [code, name as EventName]))

export interface SeenEvent {
  readonly name: EventName
  readonly socket: number
  readonly a: number
  readonly b: number
  /** A copy, for data. */
  readonly bytes: Buffer
  /** For ACCEPT: the new socket. */
  readonly accepted: number
  /** Which call of dispatch brought it. */
  readonly dispatch: number
}

const NOTHING = Buffer.alloc(0)

const DEFAULTS = {
  eventRecords: 1024,
  submissionRecords: 1024,
  sendBytes: 64 * 1024,
  receiveBytes: 1 << 20,
  poolBytes: 64 * 1024,
  rows: 256,
  maxReadBytes: 64 * 1024,
  copyMaxBytes: 4096,
  acceptBudget: 64,
  maxRounds: 16,
  maxTurnUs: 5000,
  busyPollUs: 0,
}

export type Sizes = Partial<typeof DEFAULTS>

const open = new Set<RawReactor>()

/** Closes every reactor of the test that ended. */
export function closeReactors() {
  for (const reactor of open) reactor.native.close()
  open.clear()
}

export class RawReactor {
  readonly sizes: typeof DEFAULTS
  readonly native: NativeReactor
  readonly control = new Int32Array(CONTROL_WORDS)
  readonly counters = new Float64Array(COUNTERS)
  readonly events: Int32Array
  readonly submissions: Int32Array
  readonly sendSlab: Uint8Array
  slab: ArrayBuffer
  pool: ArrayBuffer
  table: Float64Array
  /** Called for each event, inside the dispatch. */
  handler: (event: SeenEvent) => void = () => {}
  /** Called at the end of each dispatch; lends what is asked for. */
  lend = () => this.lendWhatIsAsked()
  /** How many records each dispatch had. */
  readonly batches: number[] = []
  readonly log: SeenEvent[] = []
  private readonly waiting = new Set<() => void>()

  constructor(backend: BackendName, sizes: Sizes = {}) {
    this.sizes = { ...DEFAULTS, ...sizes }
    this.events = new Int32Array(this.sizes.eventRecords * RECORD_WORDS)
    this.submissions = new Int32Array(this.sizes.submissionRecords * RECORD_WORDS)
    this.sendSlab = new Uint8Array(this.sizes.sendBytes)
    this.slab = new ArrayBuffer(this.sizes.receiveBytes)
    this.pool = new ArrayBuffer(this.sizes.poolBytes)
    this.table = new Float64Array(this.sizes.rows * TABLE_COLUMNS)
    this.native = new binding.Reactor({ backend, ...this.sizes, ...this.memory() }, (count) =>
      this.dispatch(count),
    )
    open.add(this)
  }

  private memory() {
    const { control, counters, events, submissions, sendSlab, slab, pool, table } = this
    return { control, counters, events, submissions, sendSlab, receiveSlab: slab, pool, table }
  }

  // --- the event side ---

  private dispatch(count: number) {
    this.batches.push(count)
    for (let record = 0; record < count; ++record) {
      const event = this.decode(record * RECORD_WORDS)
      this.log.push(event)
      this.handler(event)
    }
    this.lend()
    // Not from here: a test that goes on is outside the turn, as its author would think.
    if (this.waiting.size > 0) setImmediate(() => this.wake())
  }

  private decode(word: number): SeenEvent {
    const [head, generation, a, b] = this.events.subarray(word, word + RECORD_WORDS)
    const name = EVENT_NAMES.get((head & ((1 << SLOT_SHIFT) - 1)) as never)
    if (name === undefined) throw new Error(`no such event: ${head}`)
    const memory = name === 'DATA_POOLED' ? this.pool : this.slab
    const isData = name.startsWith('DATA_')
    if (isData && a + b > memory.byteLength) throw new Error(`${name} beyond its memory: ${a}, ${b}`)
    return {
      name,
      socket: generation * HANDLE_BASE + (head >>> SLOT_SHIFT),
      a,
      b,
      bytes: isData ? Buffer.from(memory.slice(a, a + b)) : NOTHING,
      accepted: name === 'ACCEPT' ? b * HANDLE_BASE + a : 0,
      dispatch: this.batches.length,
    }
  }

  lendWhatIsAsked() {
    if (this.control[Control.NEED_SLAB]) {
      this.slab = new ArrayBuffer(this.sizes.receiveBytes)
      this.native.lendSlab(this.slab)
    }
    if (this.control[Control.NEED_POOL]) {
      this.pool = new ArrayBuffer(this.sizes.poolBytes)
      this.native.lendPool(this.pool)
    }
    if (this.control[Control.NEED_TABLE]) {
      this.table = new Float64Array(this.table.length * 2)
      this.native.lendTable(this.table)
    }
  }

  private wake() {
    const woken = [...this.waiting]
    this.waiting.clear()
    for (const resolve of woken) resolve()
  }

  /** Waits, dispatch by dispatch, until `check` gives something. Blocks the loop in between, as a server does. */
  async until<T>(what: string, check: () => T | undefined | false): Promise<T> {
    for (;;) {
      const result = check()
      if (result !== undefined && result !== false) return result
      const next = new Promise<void>((resolve) => this.waiting.add(resolve))
      await patiently(next, () => `${what}; saw ${this.describeLog()}`)
    }
  }

  eventsOf(socket: number, name?: EventName): SeenEvent[] {
    return this.log.filter((event) => event.socket === socket && (!name || event.name === name))
  }

  /** The `nth` event of that name on the socket, now or when it comes. */
  awaitEvent(socket: number, name: EventName, nth = 1): Promise<SeenEvent> {
    return this.until(`event ${nth} ${name}`, () => this.eventsOf(socket, name)[nth - 1])
  }

  async awaitAccept(listener: number, nth = 1): Promise<number> {
    return (await this.awaitEvent(listener, 'ACCEPT', nth)).accepted
  }

  bytesOf(socket: number): Buffer {
    return Buffer.concat(this.eventsOf(socket).map((event) => event.bytes))
  }

  awaitBytes(socket: number, length: number): Promise<Buffer> {
    return this.until(`${length} bytes`, () => {
      const bytes = this.bytesOf(socket)
      return bytes.length >= length && bytes
    })
  }

  summary(socket: number): Summary[] {
    const names = this.eventsOf(socket).map(({ name }) =>
      name.startsWith('DATA_') ? 'DATA' : (name as Summary),
    )
    return names.filter((name, i) => name !== 'DATA' || names[i - 1] !== 'DATA')
  }

  /** All that the socket has reported so far, in order. */
  expectEvents(socket: number, wanted: Summary[]) {
    expect(this.summary(socket)).toEqual(wanted)
  }

  private describeLog() {
    const last = this.log.slice(-20)
    return last.map(({ name, socket, a, b }) => `${name}@${socket % HANDLE_BASE}(${a},${b})`).join(' ')
  }

  // --- the submission side ---

  submit(op: keyof typeof Op, socket: number, a = 0, b = 0) {
    if (this.control[Control.SUBMITTED] === this.sizes.submissionRecords) this.native.submit()
    const slot = socket % HANDLE_BASE
    this.putRecord(Op[op] | (slot << SLOT_SHIFT), Math.floor(socket / HANDLE_BASE), a, b)
  }

  /** One record as it is, right or wrong. */
  putRecord(head: number, generation: number, a: number, b: number) {
    this.submissions.set([head, generation, a, b], this.control[Control.SUBMITTED]++ * RECORD_WORDS)
  }

  /** Writes through the send slab, submitting early when it is full. */
  write(socket: number, bytes: Uint8Array | string) {
    let rest = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    while (rest.length > 0) {
      const cursor = this.control[Control.SEND_CURSOR]
      const length = Math.min(rest.length, this.sendSlab.length - cursor)
      if (length === 0) {
        this.native.submit()
        continue
      }
      // First, because a full ring is submitted, and the cursor with it.
      if (this.control[Control.SUBMITTED] === this.sizes.submissionRecords) {
        this.native.submit()
        continue
      }
      this.sendSlab.set(rest.subarray(0, length), cursor)
      this.control[Control.SEND_CURSOR] = cursor + length
      this.table[(socket % HANDLE_BASE) * TABLE_COLUMNS + Column.QUEUED] += length
      this.submit('WRITE', socket, cursor, length)
      rest = rest.subarray(length)
    }
  }

  /** Sends received bytes back without a copy, and closes after the peer's end. */
  readonly echo = (event: SeenEvent) => {
    const { name, socket, a, b } = event
    if (name === 'DATA_POOLED') this.submit('WRITE_POOLED', socket, a, b)
    else if (name.startsWith('DATA_')) this.submit('WRITE_RECEIVED', socket, a, b)
    else if (name === 'END') this.submit('CLOSE', socket)
    else if (name === 'ERROR') this.submit('DESTROY', socket)
  }

  // --- what the tests look at ---

  counter(name: keyof typeof Counter): number {
    return this.counters[Counter[name]]
  }

  column(socket: number, name: keyof typeof Column): number {
    return this.table[(socket % HANDLE_BASE) * TABLE_COLUMNS + Column[name]]
  }
}
