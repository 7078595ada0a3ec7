/**
 * The soak test: random servers, random clients and random misfortunes for some minutes; at the end of each round, and of
 * all, everything has to be where it was before.
 *
 * ```
 *   this process ──▶ server process (few descriptors, --expose-gc)   one server, or a group of workers, for each round
 *               └──▶ client process (node:net)                       dozens of clients at a time
 * ```
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Endpoint } from '@pollux/framework'
import { makeCertificate } from '../certificate.js'
import type { Tally } from './client-process.js'
import { FRONTS, planRound, type Round } from './rounds.js'
import type { Remains } from './server-process.js'
import { faultsOf, growthOf, type RoundResult, roundLine } from './verdict.js'

const USAGE = `usage: soak [--minutes N] [--seed N]

  --minutes N   how long (10)
  --seed N      repeat the choices of an earlier run
`

/** So few that running out of them takes little. */
const DESCRIPTORS = 300

const ROUND_SECONDS = 3

/** A round that takes so long hangs. */
const PATIENCE_MS = 60_000

/** The first rounds: what a process opens once and keeps, for workers or for splice(2), is no leak. */
const FIRST: readonly Partial<Round>[] = [
  { front: 'nothing', misfortune: 'dying workers', handler: 'answer', guards: 'none' },
  { front: 'a proxy', misfortune: 'none', handler: 'answer', guards: 'none' },
]

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
  })
  const minutes = Number(values.minutes ?? 10)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  if (values.help || !(minutes > 0) || !Number.isInteger(seed)) {
    process.stdout.write(USAGE)
    return values.help ? 0 : 2
  }
  const certificate = makeCertificate()
  if (certificate === undefined) console.log('openssl is missing: no rounds with TLS')
  const server = startServer(
    certificate === undefined ? {} : { SOAK_KEY: certificate.key, SOAK_CERT: certificate.cert },
  )
  const clients = fork(fileURLToPath(new URL('./client-process.js', import.meta.url)))
  try {
    console.log(`seed ${seed} (--seed ${seed} repeats these choices)`)
    return report(await soak({ server, clients, withTls: certificate !== undefined }, minutes, seed))
  } finally {
    server.kill('SIGKILL')
    clients.kill('SIGKILL')
  }
}

interface Outcome {
  results: RoundResult[]
  faults: string[]
}

interface Stage {
  server: ChildProcess
  clients: ChildProcess
  withTls: boolean
}

async function soak({ server, clients, withTls }: Stage, minutes: number, seed: number): Promise<Outcome> {
  const fronts = FRONTS.filter((front) => withTls || front !== 'tls')
  const results: RoundResult[] = []
  const faults: string[] = []
  const end = performance.now() + minutes * 60_000
  let fds = Number.NaN
  for (let nth = 0; performance.now() < end; nth++) {
    const planned = planRound(seed + nth, ROUND_SECONDS, fronts)
    const round = { ...planned, ...FIRST[nth] }
    const { listening } = await ask<{ listening: Endpoint }>(server, { start: round })
    const { tally } = await ask<{ tally: Tally }>(clients, { round, endpoint: endpointOf(listening) })
    const { remains } = await ask<{ remains: Remains }>(server, 'stop')
    const result = { round, tally, remains }
    if (nth < FIRST.length) fds = remains.fds
    results.push(result)
    console.log(roundLine(nth, result))
    for (const fault of faultsOf(result, fds)) {
      faults.push(`round ${nth} (seed ${round.seed}): ${fault}`)
      console.log(`      ✗ ${fault}`)
    }
  }
  return { results, faults }
}

function report({ results, faults }: Outcome): number {
  const growth = growthOf(results)
  const sum = (of: (result: RoundResult) => number) => results.reduce((total, each) => total + of(each), 0)
  console.log(`
rounds          ${results.length}
conversations   ${sum(({ tally }) => tally.conversations)}
bytes echoed    ${sum(({ tally }) => tally.bytes)}
messages        ${sum(({ remains }) => remains.messages)}
handlers threw  ${sum(({ remains }) => remains.handlerErrors)}
workers lost    ${sum(({ remains }) => remains.restarts)}
${growth.lines.join('\n')}`)
  const all = [...faults, ...growth.faults]
  for (const fault of all) console.log(`✗ ${fault}`)
  console.log(all.length === 0 ? 'everything is back where it began' : `${all.length} things are not`)
  return all.length === 0 ? 0 : 1
}

function startServer(env: NodeJS.ProcessEnv): ChildProcess {
  const program = fileURLToPath(new URL('./server-process.js', import.meta.url))
  const command = [
    '-c',
    'ulimit -n "$0" && exec "$@"',
    String(DESCRIPTORS),
    process.execPath,
    '--expose-gc',
    program,
  ]
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
  return spawn('sh', command, { stdio: [...stdio], env: { ...process.env, ...env } })
}

function ask<Answer>(child: ChildProcess, message: object | string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(() => reject(new Error(`no answer to ${JSON.stringify(message)}`))),
      PATIENCE_MS,
    )
    const answered = (answer: unknown) => settle(() => resolve(answer as Answer))
    const ended = (code: number | null, signal: string | null) =>
      settle(() => reject(new Error(`the process ended with ${code ?? signal}`)))
    const settle = (how: () => void) => {
      clearTimeout(timer)
      child.off('message', answered).off('exit', ended)
      how()
    }
    child.on('message', answered).on('exit', ended)
    child.send(message)
  })
}

function endpointOf(address: Endpoint): Endpoint {
  return 'path' in address ? { path: address.path } : { host: address.host, port: address.port }
}

process.exitCode = await main()
