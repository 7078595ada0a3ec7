/** Servers in compiled languages, with each of the libraries that one would take there. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { compilePrograms, compileWithLibrary, hasHeader, program, WITH_LIBRARIES } from '../compile.js'
import type { ComparisonPeer, Protocol } from './comparison-peer.js'
import { goPeer } from './go.js'
import type { PeerOptions } from './peer.js'
import { byApt, find, isExecutable, output, versionIn } from './programs.js'
import { tokioPeer } from './tokio.js'

export function nativePeers(options: PeerOptions): ComparisonPeer[] {
  const epoll = c('c-epoll', 'C epoll', {
    tcp: ['epoll-echo'],
    unix: ['epoll-echo'],
    fanout: ['epoll-fanout'],
  })
  return [
    epoll,
    ...(options.twin ? [{ ...epoll, name: 'c-epoll-twin', label: 'C epoll twin' }] : []),
    c('c-recvmmsg', 'C recvmmsg', { udp: ['udp-echo', '--mode', 'batch'] }),
    c('c-recvfrom', 'C recvfrom', { udp: ['udp-echo', '--mode', 'plain'] }),
    ioUring(),
    withLibrary('c-libuv', 'C libuv', 'libuv-echo', 'libuv', 'libuv1-dev'),
    withLibrary('c-libevent', 'C libevent', 'libevent-echo', 'libevent', 'libevent-dev'),
    goPeer(),
    tokioPeer(),
  ]
}

/** Plain C: what every machine that runs the benchmark can compile. */
function c(name: string, label: string, commands: Partial<Record<Protocol, string[]>>): ComparisonPeer {
  return {
    name,
    label,
    group: 'native',
    serves: Object.keys(commands) as Protocol[],
    command(protocol) {
      const [file = '', ...flags] = commands[protocol] as string[]
      return [program(file), ...flags]
    },
    missing: missingCompiler,
    build: compilePrograms,
    version: () => compilerVersion(),
  }
}

function withLibrary(
  name: string,
  label: string,
  file: keyof typeof WITH_LIBRARIES,
  library: string,
  debian: string,
): ComparisonPeer {
  return {
    name,
    label,
    group: 'native',
    serves: ['tcp', 'unix'],
    command: () => [program(file)],
    debian: [debian, 'pkg-config'],
    missing: () =>
      missingCompiler() ?? (hasHeader(WITH_LIBRARIES[file].header) ? undefined : byApt(library, debian)),
    build: () => compileWithLibrary(file),
    version: () =>
      `${library} ${versionIn(output('pkg-config', ['--modversion', library]))}, ${compilerVersion()}`,
  }
}

function ioUring(): ComparisonPeer {
  const peer = withLibrary('c-io-uring', 'C io_uring', 'io-uring-echo', 'liburing', 'liburing-dev')
  return { ...peer, missing: () => forbiddenIoUring() ?? peer.missing() ?? refusedIoUring() }
}

/** What it says where it can't set a ring up: a container may forbid that, too. Known once it is compiled. */
function refusedIoUring(): string | undefined {
  if (!isExecutable(program('io-uring-echo'))) return undefined
  // It prints its usage when it has a ring.
  const { status, stderr } = spawnSync(program('io-uring-echo'), ['--help'], { encoding: 'utf8' })
  return status === 2 ? undefined : `a container's rules, or an old kernel, refuse io_uring: ${stderr.trim()}`
}

/** Why the kernel lets nobody use it (Documentation/admin-guide/sysctl/kernel.rst). */
function forbiddenIoUring(): string | undefined {
  let disabled = '0'
  try {
    disabled = readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8').trim()
  } catch {
    // Before Linux 6.6 nothing forbids it.
  }
  const isRoot = process.getuid?.() === 0
  if (disabled === '0' || (disabled === '1' && isRoot)) return undefined
  return `the kernel forbids io_uring: sysctl kernel.io_uring_disabled is ${disabled}; set it to 0`
}

function missingCompiler(): string | undefined {
  const name = process.env.CC ?? 'cc'
  return find(name) === undefined && !name.includes('/') ? byApt(`a C compiler (${name})`, 'gcc') : undefined
}

function compilerVersion(): string {
  return output(process.env.CC ?? 'cc', ['--version']).split('\n')[0] ?? 'unknown'
}
