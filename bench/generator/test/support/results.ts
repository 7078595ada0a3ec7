// A result as a run would have found it, the same every time.
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { PERCENTILES, type Result } from '../../src/result.js'

/** Latencies in nanoseconds as a result holds them, and their 99th percentile. */
export function encodeLatencies(ns: readonly number[]): { histogram: string; p99Us: number } {
  const all = empty()
  for (const value of ns) all.recordValue(value)
  return { histogram: encodeIntoCompressedBase64(all), p99Us: all.getValueAtPercentile(99) / 1000 }
}

const empty = () =>
  build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3, highestTrackableValue: 60e9 })

/** 100,000 replies: most within 200 µs, one in a thousand 5 ms late, the last of them 40 ms. */
function histogram() {
  const all = empty()
  for (let i = 0; i < 100_000; i++) all.recordValue(i % 1000 === 0 ? 5e6 : 100e3 + i)
  all.recordValue(40e6)
  return all
}

export function result(more: Partial<Result> = {}): Result {
  const latencies = histogram()
  const us = (percentile: number) => latencies.getValueAtPercentile(percentile) / 1000
  const round = (messages: number) => ({
    seconds: 1,
    messages,
    bytes: messages * 64,
    verifiedBytes: messages * 64,
    lost: 0,
    clientCpuSeconds: 0.5,
    clientBusy: 0.5,
    queueShare: 0.2,
    server: { cpuSeconds: 0.4, userSeconds: 0.1, systemSeconds: 0.3, busy: 0.4 },
  })
  return {
    format: 1,
    command: ['tcp', '127.0.0.1:7000', '--script', '<b>&"quoted",\'it\'.mjs'],
    startedAt: '2026-01-02T03:04:05.000Z',
    target: '127.0.0.1:7000',
    protocol: 'tcp',
    mode: 'requests',
    connections: 50,
    size: '64',
    depth: 1,
    workers: 1,
    seed: 1,
    loop: { kind: 'closed' },
    warmupSeconds: 1,
    rounds: [round(200_000), round(100_000), round(300_000)],
    timeline: Array.from({ length: 6 }, (_, index) => ({
      seconds: (index + 1) / 2,
      length: 0.5,
      messages: 50_000 * (index + 1),
      p50Us: 150,
      p99Us: 5000,
      maxUs: 40_000,
    })),
    latency: { unit: 'ns', corrected: false, histogram: encodeIntoCompressedBase64(latencies) },
    percentilesUs: {
      ...Object.fromEntries(PERCENTILES.map((percentile) => [`p${percentile}`, us(percentile)])),
      max: latencies.maxValue / 1000,
    },
    errors: {},
    verdict: {
      generatorBound: false,
      noisy: true,
      spread: 1,
      wrongAnswers: 0,
      notes: ['the rounds <differ>'],
    },
    environment: { node: 'v20.0.0', cpu: 'a CPU', cores: 2, kernel: '6.1' },
    ...more,
  }
}
