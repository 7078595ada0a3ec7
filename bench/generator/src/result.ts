/** What a run found. `--json` writes exactly this. */

export type ProtocolName = 'tcp' | 'unix' | 'udp' | 'http' | 'resp'

/** What is done over the connections. */
export type ModeName = 'requests' | 'churn' | 'idle' | 'fanout' | 'slow-readers'

/** Closed: the next request waits for a reply. Open: it leaves when it is due, and its latency counts from then. */
export type LoopKind = { kind: 'closed' } | { kind: 'open'; rate: number }

/** Pages that a process has written itself, in bytes: anonymous, and shared memory. */
export interface Memory {
  anonymous: number
  shared: number
}

export interface ServerUse {
  cpuSeconds: number
  /** In the kernel's ticks of 10 ms. */
  userSeconds: number
  systemSeconds: number
  /** CPU time by the wall's. */
  busy: number
}

/** One window of the measurement. */
export interface Round {
  seconds: number
  /** Replies (datagrams: echoes; fanout: deliveries; churn: connections). */
  messages: number
  /** Bytes received. */
  bytes: number
  /** Of these, the bytes that were compared with what they had to be. */
  verifiedBytes: number
  /** Datagrams that never came back. */
  lost: number
  clientCpuSeconds: number
  /** The generator's CPU time by the wall's, for each of its workers: 1 is a worker that never slept. */
  clientBusy: number
  /** How many of the connections had a reply waiting between turns of the generator's event loop, on average (0 to 1). */
  queueShare: number
  server?: ServerUse
}

/** A short stretch of a run, for a plot over time. */
export interface Moment {
  /** Its end, since the measurement began. */
  seconds: number
  /** How long it was. */
  length: number
  messages: number
  p50Us: number
  p99Us: number
  maxUs: number
}

export const PERCENTILES = [50, 75, 90, 99, 99.9, 99.99, 99.999] as const

export interface Result {
  format: 1
  command: string[]
  startedAt: string
  target: string
  protocol: ProtocolName
  mode: ModeName
  connections: number
  size: string
  depth: number
  workers: number
  seed: number
  loop: LoopKind
  warmupSeconds: number
  rounds: Round[]
  timeline: Moment[]
  latency: {
    unit: 'ns'
    /** Counted from when a request was due, not from when it left: coordinated omission is corrected. */
    corrected: boolean
    /** Of all rounds, as HdrHistogram's V2 compressed form in base64. */
    histogram: string
  }
  percentilesUs: Record<string, number>
  /** By kind: the errno's name, `wrong answer`, `no answer`, `lost`, `closed by the server`, … */
  errors: Record<string, number>
  /** Calls by name for one message; of an extra window, for it slows the server down. */
  syscallsPerMessage?: Record<string, number>
  idle?: { connections: number; before: Memory; after: Memory; bytesPerConnection: number }
  slowReaders?: SlowReadersResult
  verdict: Verdict
  environment: { node: string; cpu: string; cores: number; kernel: string }
}

/** How those that read fared. */
export interface Speed {
  messagesPerSecond: number
  p50Us: number
  p99Us: number
  maxUs: number
}

/** What slow readers did. The rounds and latencies of the result are those of the others, beside them. */
export interface SlowReadersResult {
  connections: number
  /** Bytes that each could read in a second; 0: none. */
  rate: number
  /** Bytes of their requests, and of replies that they read, all together. */
  sentBytes: number
  readBytes: number
  /** How many of them the server has got rid of. */
  gone: number
  /** The others before there were slow ones, and then. */
  alone: Speed
  beside: Speed
  /** With `--server-pid`: before there were slow ones, and at the end. */
  serverBefore?: Memory
  serverAfter?: Memory
}

export interface Verdict {
  /** The generator set the pace: the server may be faster than this. */
  generatorBound: boolean
  /** The rounds differ by so much that the figures are not worth much. */
  noisy: boolean
  /** The highest rate of a round less the lowest, by the median. */
  spread: number
  wrongAnswers: number
  /** Each of these, and what else is odd, in a sentence. */
  notes: string[]
}
