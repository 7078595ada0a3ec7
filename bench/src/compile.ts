import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { BENCH_DIR, BUILD_DIR } from './paths.js'

const FLAGS = ['-O2', '-std=gnu17', '-Wall', '-Wextra', '-Werror']

/** Program name → its C sources, below `bench/`. */
const PROGRAMS: Record<string, string[]> = {
  pin: ['load/pin.c'],
  load: [
    'load/main.c',
    'load/common.c',
    'load/echo.c',
    'load/churn.c',
    'load/idle.c',
    'load/udp.c',
    'load/fanout.c',
  ],
  'epoll-echo': ['peers/epoll-echo.c'],
  'epoll-fanout': ['peers/epoll-fanout.c'],
  'udp-echo': ['peers/udp-echo.c'],
}

/** The path of a compiled program. */
export function program(name: string): string {
  return join(BUILD_DIR, name)
}

/** Compiles the C programs that are older than their sources, with `cc` (or `$CC`). Throws with its output. */
export function compilePrograms(): void {
  mkdirSync(BUILD_DIR, { recursive: true })
  const headers = ['load', 'peers'].flatMap((folder) =>
    readdirSync(join(BENCH_DIR, folder))
      .filter((name) => name.endsWith('.h'))
      .map((name) => join(BENCH_DIR, folder, name)),
  )
  for (const [name, relative] of Object.entries(PROGRAMS)) {
    const sources = relative.map((path) => join(BENCH_DIR, path))
    const newest = Math.max(...[...sources, ...headers].map(modifiedMs))
    if (modifiedMs(program(name)) > newest) continue
    const compiler = process.env.CC ?? 'cc'
    // In place at once: another process may be starting it, or compiling it, too.
    const fresh = `${program(name)}.${process.pid}`
    const result = spawnSync(compiler, [...FLAGS, '-o', fresh, ...sources], { encoding: 'utf8' })
    if (result.error) throw new Error(`${compiler} can't be run: ${result.error.message}`)
    if (result.status !== 0) throw new Error(`compiling ${name} failed:\n${result.stderr}`)
    renameSync(fresh, program(name))
  }
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
