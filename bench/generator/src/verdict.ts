/** What a reader of the figures has to know before believing them. */
import type { Options } from './options.js'
import type { Result, Round, SlowReadersResult, Verdict } from './result.js'

/** A generator that was busier than this had no time left. */
const GENERATOR_BUSY = 0.95
/** A server that was less busy than this had. */
const SERVER_IDLE = 0.9
/** In a closed loop the queue stands in front of whoever is slower: the generator, where on average more connections than this had a reply waiting. */
const QUEUE_SHARE = 2 / 3
/** Rounds of one run that differ by more were not made on a quiet machine. */
const NOISY_SPREAD = 0.1
/** An open loop whose requests leave later than this on average does not offer the rate that it promised. */
const LATE_NS = 1e6

/** Those that read have suffered from those that don't with less of their throughput than this, or a p99 by more. */
const SUFFERED_THROUGHPUT = 0.8
const SUFFERED_LATENCY = 2

/** What a verdict is made from. */
export interface Evidence {
  options: Pick<Options, 'loop' | 'connections' | 'depth' | 'mode'>
  rounds: readonly Round[]
  errors: Readonly<Record<string, number>>
  wrongAnswers: readonly string[]
  /** Of an open loop: by how much requests left later than they could have, on average. */
  lateNs: number
  isInterrupted: boolean
  idle?: Pick<NonNullable<Result['idle']>, 'bytesPerConnection'>
  slowReaders?: SlowReadersResult
}

export function judge(evidence: Evidence): Verdict {
  const { options, rounds, errors, wrongAnswers, lateNs, isInterrupted, idle, slowReaders } = evidence
  const notes: string[] = []
  const generatorBound = isGeneratorBound(options, rounds, lateNs)
  if (generatorBound) {
    notes.push(
      options.loop.kind === 'open'
        ? `the generator was late by ${Math.round(lateNs / 1000)} µs on average: it cannot keep this rate up. Give it more --workers`
        : 'the generator was the bottleneck: the server may be faster than this. Give it more --workers, or look at the CPU time for one message',
    )
  }
  const spread = spreadOf(rounds)
  const noisy = rounds.length > 1 && spread > NOISY_SPREAD
  if (noisy) {
    notes.push(
      `the rounds differ by ${(spread * 100).toFixed(0)}%: the machine was not quiet, or the server is not steady`,
    )
  }
  const wrong = errors['wrong answer'] ?? 0
  if (wrong > 0) notes.push(`the server answered wrongly ${wrong} times: ${wrongAnswers.join('; ')}`)
  const failed = Object.entries(errors).filter(([kind]) => kind !== 'wrong answer')
  if (failed.length > 0)
    notes.push(`errors: ${failed.map(([kind, count]) => `${kind} × ${count}`).join(', ')}`)
  const lost = rounds.reduce((sum, round) => sum + round.lost, 0)
  if (lost > 0) {
    const share = lost / (lost + rounds.reduce((sum, { messages }) => sum + messages, 0))
    notes.push(`${lost} datagrams (${(share * 100).toPrecision(2)}%) did not come back`)
  }
  if (idle !== undefined && idle.bytesPerConnection < 0) {
    notes.push(
      'the server has less memory than before: it gave some back meanwhile, and this says nothing of a connection. Give it more of them, or start it anew',
    )
  }
  if (slowReaders !== undefined) notes.push(noteOn(slowReaders))
  if (isInterrupted) notes.push('it was interrupted: this is what was measured until then')
  return { generatorBound, noisy, spread, wrongAnswers: wrong, notes }
}

/** What slow readers did to the others. */
function noteOn({ connections, alone, beside }: SlowReadersResult): string {
  const throughput = beside.messagesPerSecond / alone.messagesPerSecond
  const hasSuffered = throughput < SUFFERED_THROUGHPUT || beside.p99Us > alone.p99Us * SUFFERED_LATENCY
  return (
    `beside ${connections} slow readers the others ${hasSuffered ? 'suffered' : 'did not suffer'}: ` +
    `${(throughput * 100).toFixed(0)}% of the throughput, p99 ${beside.p99Us.toFixed(0)} µs in place of ${alone.p99Us.toFixed(0)}`
  )
}

function isGeneratorBound(options: Evidence['options'], rounds: readonly Round[], lateNs: number): boolean {
  if (options.loop.kind === 'open') return lateNs > LATE_NS
  const { connections, depth, mode } = options
  // One request alone goes to and fro: who looks for it without sleeping is busy, and still waits.
  if (connections === 1 && depth === 1 && mode === 'requests') return false
  const bound = rounds.filter(({ clientBusy, queueShare, server }) => {
    if (clientBusy < GENERATOR_BUSY) return false
    if (server !== undefined && server.busy < SERVER_IDLE) return true
    // One connection alone has no queue: there nobody sets the pace.
    return connections > 1 && queueShare > QUEUE_SHARE
  })
  return bound.length > 0 && bound.length * 2 >= rounds.length
}

/** The highest rate less the lowest, by the median. */
function spreadOf(rounds: readonly Round[]): number {
  const rates = rounds.map(({ messages, seconds }) => messages / seconds).sort((a, b) => a - b)
  const [lowest = 0] = rates
  const highest = rates[rates.length - 1] ?? 0
  const middle = rates.length / 2
  const median = ((rates[Math.ceil(middle) - 1] ?? 0) + (rates[Math.floor(middle)] ?? 0)) / 2
  return median === 0 ? 0 : (highest - lowest) / median
}
