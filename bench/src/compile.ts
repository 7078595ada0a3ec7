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

/** A program that needs a library which need not be there: its source, and the name of the library. */
export const WITH_LIBRARIES = {
  'io-uring-echo': { source: 'peers/io-uring-echo.c', library: 'uring', header: 'liburing.h' },
  'libuv-echo': { source: 'peers/libuv-echo.c', library: 'uv', header: 'uv.h' },
  'libevent-echo': { source: 'peers/libevent-echo.c', library: 'event_core', header: 'event2/event.h' },
} as const

/** The path of a compiled program. */
export function program(name: string): string {
  return join(BUILD_DIR, name)
}

/** Compiles the C programs that are older than their sources, with `cc` (or `$CC`). Throws with its output. */
export function compilePrograms(): void {
  for (const [name, sources] of Object.entries(PROGRAMS)) compile(name, sources)
}

/** Compiles one that needs a library. Throws with the compiler's output. */
export function compileWithLibrary(name: keyof typeof WITH_LIBRARIES): void {
  const { source, library } = WITH_LIBRARIES[name]
  compile(name, [source], [`-l${library}`])
}

/** Whether the compiler finds a header: the library's package for developers is installed. */
export function hasHeader(header: string): boolean {
  const args = ['-fsyntax-only', '-x', 'c', '-']
  return (
    spawnSync(compiler(), args, { input: `#include <${header}>\n`, stdio: ['pipe', 'ignore', 'ignore'] })
      .status === 0
  )
}

function compiler(): string {
  return process.env.CC ?? 'cc'
}

function compile(name: string, relative: readonly string[], libraries: string[] = []): void {
  mkdirSync(BUILD_DIR, { recursive: true })
  const sources = relative.map((path) => join(BENCH_DIR, path))
  const newest = Math.max(...[...sources, ...headers()].map(modifiedMs))
  if (modifiedMs(program(name)) > newest) return
  // In place at once: another process may be starting it, or compiling it, too.
  const fresh = `${program(name)}.${process.pid}`
  const result = spawnSync(compiler(), [...FLAGS, '-o', fresh, ...sources, ...libraries], {
    encoding: 'utf8',
  })
  if (result.error) throw new Error(`${compiler()} can't be run: ${result.error.message}`)
  if (result.status !== 0) throw new Error(`compiling ${name} failed:\n${result.stderr}`)
  renameSync(fresh, program(name))
}

function headers(): string[] {
  return ['load', 'peers'].flatMap((folder) =>
    readdirSync(join(BENCH_DIR, folder))
      .filter((name) => name.endsWith('.h'))
      .map((name) => join(BENCH_DIR, folder, name)),
  )
}

export function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
