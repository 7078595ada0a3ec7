// Where the time of servers goes.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { needs } from '../../packages/native-poll/test/support/needs.js'
import { samplePlaces } from '../src/profile/perf.js'
import { countPlaces, JAVASCRIPT, kindOf, NO_SYSCALL } from '../src/profile/places.js'
import { PROFILES } from '../src/profile/profiles.js'
import { profileTable } from '../src/profile/table.js'
import { fill } from '../src/report/fill.js'
import type { FilePeer, FileTrial, ResultsFile } from '../src/results-file.js'
import { comparison } from './support/results-files.js'

vi.setConfig({ testTimeout: 60_000 })

const kernel = (...symbols: string[]) =>
  symbols.map((symbol) => `\tffffffff82071cea ${symbol} ([kernel.kallsyms])\n`).join('')
const user = (symbol: string, object: string) => `\t          10ad6a ${symbol} (${object})\n`
const placesOf = (...samples: string[]) => Object.fromEntries(countPlaces(samples.join('\n\n')))

describe('a sample', () => {
  it('in the kernel is that of its system call', () => {
    const recv = user('__libc_recv', '/usr/lib/x86_64-linux-gnu/libc.so.6')
    expect(
      placesOf(
        kernel('tcp_recvmsg', '__sys_recvfrom', '__x64_sys_recvfrom', 'do_syscall_64') + recv,
        kernel('__x64_sys_recvfrom', 'do_syscall_64') + recv,
        kernel('__inet_hash_connect', '__sys_connect_file', '__sys_connect', '__x64_sys_connect'),
        kernel('_raw_spin_unlock_irqrestore+0x15', 'unix_stream_read_generic', 'vfs_read', 'ksys_read+0x6b'),
        kernel('tcp_sendmsg', 'vfs_writev', 'do_writev', 'do_syscall_64'),
      ),
    ).toEqual({ 'recvfrom(2)': 2, 'connect(2)': 1, 'read(2)': 1, 'writev(2)': 1 })
  })

  it('in the kernel and in no system call is the rest', () => {
    const interrupted = kernel('handle_softirqs', 'asm_sysvec_apic_timer_interrupt')
    expect(
      placesOf(interrupted + user('main', '/usr/bin/node'), kernel('syscall_return_via_sysret')),
    ).toEqual({
      [NO_SYSCALL]: 2,
    })
  })

  it('outside of it is that of the object whose code ran', () => {
    expect(
      placesOf(
        user('JS:*onData file:///server.js:1:2', '/tmp/perf-31299.map') + user('uv_run', '/usr/bin/node'),
        user('[unknown]', '[JIT] tid 5'),
        user('pollux::Reactor::turn', '/app/build/Release/pollux_poll.node'),
        user('uv__io_poll', '/usr/bin/node') + user('main', '/usr/bin/node'),
        user('__memmove_avx512 (inlined)', '/usr/lib/x86_64-linux-gnu/libc.so.6'),
        user('clock_gettime', '[vdso]'),
      ),
    ).toEqual({ [JAVASCRIPT]: 2, 'pollux_poll.node': 1, node: 1, libc: 2 })
  })

  it('without frames counts for nothing', () => {
    expect(countPlaces('\n\n\n').size).toBe(0)
  })
})

it('places belong to kinds', () => {
  const kinds = ['recvmmsg(2)', 'read(2)', 'sendto(2)', 'writev(2)', 'epoll_wait(2)', 'futex(2)'].map(kindOf)
  expect(kinds).toEqual(['receive', 'receive', 'send', 'send', 'wait', 'kernel'])
  expect([NO_SYSCALL, JAVASCRIPT, 'libc', 'nginx'].map(kindOf)).toEqual([
    'kernel',
    'javascript',
    'program',
    'program',
  ])
})

it('each profiled peer is one of the comparison', async () => {
  const { listComparisonPeers } = await import('../src/peers/comparison.js')
  const names = listComparisonPeers({}).map(({ name }) => name)
  for (const { peers } of PROFILES) expect(names).toEqual(expect.arrayContaining([...peers]))
  expect(PROFILES.length).toBeGreaterThan(5)
})

const canSample =
  spawnSync('perf', ['record', '-e', 'cpu-clock', '-g', '-o', '/dev/null', '--', 'true']).status === 0

describe('perf', needs(canSample, 'perf, and leave to sample'), () => {
  const busy = spawnBusy()
  afterEach(() => busy.end())

  it('sees a program that computes, and one that calls the system', async () => {
    const computing = await samplePlaces(busy.start('let x = 1; for (;;) x = (x * 3 + 1) | 0'), 0.3, 0.5)
    const calling = await samplePlaces(
      busy.start("const { accessSync } = require('node:fs'); for (;;) accessSync('/')"),
      0.3,
      0.5,
    )
    expect(largest(computing)).toBe(JAVASCRIPT)
    expect([...calling.keys()]).toContain('access(2)')
  })

  it('says so where there is nothing to watch', async () => {
    await expect(samplePlaces(2 ** 22 - 1, 0, 0.1)).rejects.toThrow('perf record ended with')
  })
})

describe('the table of a profile', () => {
  const PEERS: FilePeer[] = [
    { name: 'pollux-borrowed', label: 'Pollux borrowed', version: '' },
    { name: 'c-epoll', label: 'C epoll', version: '' },
  ]
  const made = comparison({ workloads: PROFILES.slice(0, 1).map(({ workload }) => workload), peers: PEERS })
  const file: ResultsFile = {
    ...made,
    name: 'profile',
    trials: made.trials.map(
      (trial): FileTrial => ({
        ...trial,
        cpuUs: { total: 3, user: 1 },
        places: { 'sendto(2)': 0.5, 'recvmsg(2)': 0.2, 'recvfrom(2)': 0.1, kernel: 0.1, node: 0.1 },
      }),
    ),
  }

  it('has the time for a message by what it went into, the reference first', () => {
    const [, , first, second] = profileTable(file).split('\n')
    expect(first).toBe('| 64 B × 50 | C epoll | 3.00 | 0.90 | 1.50 | – | 0.30 | – | 0.30 |')
    expect(second).toContain('| Pollux borrowed |')
  })

  it('stands in a page', () => {
    const page = '<!-- results: profile echo-64Bx50 -->\n<!-- end -->'
    expect(fill(page, new Map([['profile', file]])).text).toContain('| C epoll | 3.00 |')
    expect(() => fill(page.replace('echo-64Bx50', 'none'), new Map([['profile', file]]))).toThrow(
      'profile has no none; there are echo-64Bx50',
    )
  })
})

function spawnBusy() {
  const children = new Set<ChildProcess>()
  return {
    start(program: string): number {
      const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
      children.add(child)
      return child.pid as number
    },
    end() {
      for (const child of children) child.kill('SIGKILL')
      children.clear()
    },
  }
}

function largest(counts: ReadonlyMap<string, number>): string | undefined {
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}
