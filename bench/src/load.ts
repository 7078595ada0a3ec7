import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { program } from './compile.js'
import type { Cores } from './cores.js'
import type { Shape } from './shapes.js'

/** The line that the load generator prints, for the measured window alone. */
export interface LoadResult {
  messages: number
  bytes: number
  verifiedBytes: number
  /** Datagrams that never came back. */
  lost: number
  seconds: number
  loadCpuSeconds: number
  /** The generator's CPU time by the wall's. */
  loadBusy: number
  /** How many of the connections had an answer waiting when the generator looked, on average (0 to 1). */
  loadQueueShare: number
  latencyUs: { samples: number; p50: number; p99: number; max: number }
  server: { cpuSeconds: number; busy: number; userSeconds: number; systemSeconds: number }
  cores: { busySeconds: number; interruptSeconds: number }
}

export interface LoadTimes {
  warmUpSeconds: number
  durationSeconds: number
}

/** Runs a measuring mode (`echo`, `churn`, `udp`). Rejects when a byte was wrong or a connection failed. */
export async function runLoad(
  shape: Shape,
  server: { target: string; pid: number },
  cores: Cores,
  times: LoadTimes,
): Promise<LoadResult> {
  const load = startLoad(shape, server.target, cores, [
    '--warm-up',
    String(times.warmUpSeconds),
    '--duration',
    String(times.durationSeconds),
    '--server-pid',
    String(server.pid),
    '--server-core',
    String(cores.server),
  ])
  load.release()
  return JSON.parse(await load.nextLine()) as LoadResult
}

/** A generator that holds idle connections until it is released. */
export interface IdleLoad {
  release(): Promise<void>
}

/** Opens idle connections. Resolves when the server has accepted and answered all of them. */
export async function holdIdle(shape: Shape, target: string, cores: Cores): Promise<IdleLoad> {
  const load = startLoad(shape, target, cores, ['--duration', '120'])
  const line = await load.nextLine()
  if (line !== `open ${shape.connections}`) throw new Error(`the load generator said: ${line}`)
  return {
    async release() {
      load.release()
      await load.nextLine()
      await load.ended
    },
  }
}

function startLoad(shape: Shape, target: string, cores: Cores, more: string[]) {
  const args = [shape.mode, '--target', target, '--connections', shape.connections, '--size', shape.size]
  const segments = ['--segments', shape.segments === undefined ? 0 : 1]
  const frames = shape.frames === true ? ['--frames', 1] : []
  const flags = [...args, '--depth', shape.depth, ...segments, ...frames, ...more]
  const command = [cores.load, program('load'), ...flags].map(String)
  const child = spawn(program('pin'), command, { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (data) => {
    errors += data
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    ended: new Promise<void>((resolve) => child.once('close', () => resolve())),
    release: () => child.stdin.end(),
    async nextLine(): Promise<string> {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the load generator ended without a result. ${errors}`)
      if (value.includes('"ok":false')) throw new Error(JSON.parse(value).error)
      return value
    },
  }
}
