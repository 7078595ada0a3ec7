/** SIGTERM and SIGINT: an orderly end, and a quick one for who asks twice. */
import { constants } from 'node:os'
import { checkBoolean, checkInteger, invalidArgType, invalidArgValue, outOfRange } from '@pollux/core'

/** What is closed: a server of any kind. */
export interface Closable {
  /** From now on `isReady` is false; everything else goes on. */
  withdraw?(): void
  close(options: { deadlineMs: number }): Promise<unknown>
}

/** Options of {@link closeOnSignals}. */
export interface CloseOnSignalsOptions {
  /** Default SIGTERM and SIGINT. */
  signals?: readonly NodeJS.Signals[]
  /** How long connections may take to finish (see `server.close`). Default 10 000. */
  deadlineMs?: number
  /**
   * How long to go on as before once readiness has turned false, so that load balancers notice and send nobody new.
   * Default 0. Choose a little more than the period of their checks.
   */
  readinessDelayMs?: number
  /** Whether the process exits when everything is closed. Default true; false leaves that to the program. */
  exit?: boolean
  /** With what code. Default 0. */
  exitCode?: number
  /** Called at the first signal, before anything else happens: for a line in the log. */
  onSignal?(signal: NodeJS.Signals): unknown
}

/** What a shell shows of a process that a signal has ended: 128 and the number of the signal. */
const EXIT_BY_SIGNAL = 128

const MAX_DELAY_MS = 2 ** 31 - 1

/**
 * Has servers close when the process is told to end:
 *
 * ```
 *   signal ─▶ isReady false ─ readinessDelayMs ─▶ close(): no new connections ─▶ all closed ─▶ exit 0
 *                                                     └─ deadlineMs ─▶ the rest destroyed ─┘
 *   second signal, at any time: exit at once, with 128 + its number
 * ```
 *
 * @param servers one, several, or a function that gives those there are when the signal comes
 * @returns a function that leaves the signals alone again
 * @throws TypeError or RangeError for a bad option
 *
 * @example
 * ```ts
 * import { closeOnSignals, createServer } from '@pollux/framework'
 *
 * const server = createServer({ data: (conn, chunk) => conn.write(chunk) })
 * await server.listen({ host: '127.0.0.1', port: 7000 })
 * closeOnSignals(server, { deadlineMs: 5000, readinessDelayMs: 2000 })
 * ```
 */
export function closeOnSignals(
  servers: Closable | readonly Closable[] | (() => readonly Closable[]),
  options: CloseOnSignalsOptions = {},
): () => void {
  const watch = new SignalWatch(servers, options)
  watch.start()
  return () => watch.stop()
}

class SignalWatch {
  private readonly signals: readonly NodeJS.Signals[]
  private readonly deadlineMs: number
  private readonly readinessDelayMs: number
  private readonly exit: boolean
  private readonly exitCode: number
  private ending = false
  private readonly listener = (signal: NodeJS.Signals) => this.told(signal)

  constructor(
    private readonly servers: Closable | readonly Closable[] | (() => readonly Closable[]),
    private readonly options: CloseOnSignalsOptions,
  ) {
    const { signals = ['SIGTERM', 'SIGINT'], deadlineMs = 10_000 } = options
    if (!Array.isArray(signals)) throw invalidArgType('signals', 'an array of signal names', signals)
    for (const signal of signals) {
      if (!(signal in constants.signals)) throw invalidArgValue('signals', 'must be names of signals', signal)
    }
    if (typeof deadlineMs !== 'number' || !(deadlineMs >= 0))
      throw outOfRange('deadlineMs', '>= 0', deadlineMs)
    if (options.onSignal !== undefined && typeof options.onSignal !== 'function') {
      throw invalidArgType('onSignal', 'of type function', options.onSignal)
    }
    this.signals = signals
    this.deadlineMs = deadlineMs
    this.readinessDelayMs = checkInteger(options.readinessDelayMs ?? 0, 'readinessDelayMs', 0, MAX_DELAY_MS)
    this.exit = checkBoolean(options.exit ?? true, 'exit')
    this.exitCode = checkInteger(options.exitCode ?? 0, 'exitCode', 0, 255)
  }

  start(): void {
    for (const signal of this.signals) process.on(signal, this.listener)
  }

  stop(): void {
    for (const signal of this.signals) process.off(signal, this.listener)
  }

  private told(signal: NodeJS.Signals): void {
    // Whoever asks twice does not want to wait.
    if (this.ending) process.exit(EXIT_BY_SIGNAL + constants.signals[signal])
    this.ending = true
    this.options.onSignal?.(signal)
    const servers = this.all()
    for (const server of servers) server.withdraw?.()
    if (this.readinessDelayMs === 0) this.close(servers)
    // Referenced: the process has promised to go on for so long.
    else setTimeout(() => this.close(servers), this.readinessDelayMs)
  }

  private close(servers: readonly Closable[]): void {
    const { deadlineMs } = this
    // A rejection is an unhandledRejection, which ends the process with an error: it did not close.
    void Promise.all(servers.map((server) => server.close({ deadlineMs }))).then(() => {
      this.stop()
      if (this.exit) process.exit(this.exitCode)
    })
  }

  private all(): readonly Closable[] {
    const { servers } = this
    if (typeof servers === 'function') return servers()
    return Array.isArray(servers) ? servers : [servers as Closable]
  }
}
