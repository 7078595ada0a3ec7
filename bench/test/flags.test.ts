// The command line of `npm run bench`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseFlags, pick } from '../src/flags.js'
import { BENCH_DIR } from '../src/paths.js'

describe('flags', () => {
  it('are numbers, names and what to run', () => {
    const line = ['echo', '--rounds', '3', '--duration', '0.5', '--only', 'a,b', '--shape', 'x', '--quick']
    expect(parseFlags(line)).toEqual({
      flags: { rounds: 3, duration: 0.5, only: ['a', 'b'], workload: ['x'], quick: true },
      what: ['echo'],
    })
  })

  it.each([
    [['--rounds', '0'], '--rounds must be a whole number of at least 1, not 0'],
    [['--rounds', '2.5'], '--rounds must be a whole number'],
    [['--duration', ''], '--duration must be a number of at least 0.05'],
    [['--seed', '-1'], /--seed|seed/],
    [['--backend', 'kqueue'], '--backend must be epoll, poll or select, not kqueue'],
    [['--workload', 'a', '--shape', 'b'], 'two names of one flag'],
    [['--fast'], 'there is no --fast'],
  ])('%j is refused', (line, message) => {
    expect(() => parseFlags(line)).toThrow(message)
  })

  it('name what there is where a name is wrong', () => {
    expect(() => pick([{ name: 'a' }, { name: 'b' }], ['c'], '--only')).toThrow(
      '--only: no c; there are a, b',
    )
  })
})

describe('npm run bench', () => {
  const bench = (...args: string[]) =>
    spawnSync(process.execPath, [join(BENCH_DIR, 'dist/cli.js'), ...args], { encoding: 'utf8' })

  it('ends with 2 and one line where it can run nothing', () => {
    const { status, stderr } = bench('nonsense')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^bench: what to run: no nonsense; there are echo, udp, .*\n$/)
  })

  it('shows its flags', () => {
    const { status, stdout } = bench('--help')
    expect(status).toBe(0)
    expect(stdout).toContain('--against WHAT')
  })
})
