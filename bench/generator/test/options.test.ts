import { describe, expect, it } from 'vitest'
import { parseOptions } from '../src/options.js'
import { Random } from '../src/random.js'
import { parseSizes } from '../src/sizes.js'
import { polluxBench } from './support/command.js'

describe('a wrong command line', () => {
  it.each([
    [['ftp', '1.2.3.4:21'], 'give tcp, unix, udp, http, resp and a target'],
    [['tcp'], 'give tcp, unix'],
    [['tcp', 'a:1', 'b:2'], 'one target at a time; what is b:2?'],
    [['tcp', 'localhost'], '"localhost" is no target for tcp: give HOST:PORT'],
    [['tcp', 'http://localhost:80'], 'http:// is something else'],
    [['tcp', 'localhost:80/x'], 'is no target for tcp'],
    [['tcp', '127.0.0.1:70000'], 'a port is a number from 1 to 65535'],
    [['unix', ''], 'unix needs the path'],
    [['tcp', '1', '--connections', '0'], '--connections must be a number of at least 1, not "0"'],
    [['tcp', '1', '--connections', '1.5'], '--connections must be a whole number, not "1.5"'],
    [['tcp', '1', '--duration', 'long'], '--duration must be a number of at least 0.01, not "long"'],
    [
      ['tcp', '1', '--depth', '1e6'],
      '--depth 1000000: of 50 connections that is more than 10000000 requests in flight',
    ],
    [['tcp', '1', '--depth', ''], '--depth must be a number of at least 1, not ""'],
    [['tcp', '1', '--rate', '0'], '--rate must be a number of at least 0.001'],
    [['tcp', '1', '--size', '0'], '--size 0: "0" is no size from 1 to 64M. Give bytes as N, A-B'],
    [['tcp', '1', '--size', '9-3'], 'the first number must not be the larger one'],
    [['tcp', '1', '--size', '5:x'], '5:x is no SIZE:WEIGHT with a weight above 0'],
    [['tcp', '1', '--size', 'exp:'], '"" is no size'],
    [['tcp', '1', '--workers', '51'], '--workers 51: each needs a connection, and there are 50'],
    [['tcp', '1', '--busy-poll', '-1'], '--busy-poll'],
    [['tcp', '1', '--duration', '3e6'], '--duration must be at most 2000000, not 3e6'],
    [['tcp', '1', '--timeout', '1e12'], '--timeout must be at most 2000000000, not 1e12'],
    [['tcp', '1', '--busy-poll', '2000000'], '--busy-poll must be at most 1000000, not 2000000'],
    [['tcp', '1', '--churn', '--fanout'], '--churn and --fanout are different runs'],
    [['tcp', '1', '--idle', '5'], 'say which process it is, --server-pid'],
    [['tcp', '1', '--syscalls'], 'say which process it is, --server-pid'],
    [['tcp', '1', '--fanout', '--rate', '5'], '--rate is for requests and replies, not for --fanout'],
    [['udp', '1', '--churn'], '--churn is for connections, and udp has none'],
    [['http', '1', '--script', 'x.mjs'], '--script speaks its own protocol'],
    [['tcp', '1', '--conections', '5'], 'there is no --conections (--connections?); pollux-bench --help'],
    [['tcp', '1', '--conn', '5'], 'there is no --conn (--connections?)'],
    [['tcp', '1', '--size=5', '--zzz'], /^there is no --zzz; /],
    [['tcp', '1', '--constructor'], 'there is no --constructor'],
    [['tcp', '1', '-c', '5'], 'there is no -c'],
    [['tcp', '1', '--rate', '-1'], '--rate must be a number of at least 0.001, not "-1"'],
    [['tcp', '1', '--rate'], '--rate needs a value'],
    [['tcp', '1', '--json', '--quiet'], '--json needs a value, and was given --quiet'],
    [['tcp', '1', '--verify=yes'], "--verify takes no value, and was given 'yes'"],
  ])('%j is refused: %s', (command, why) => {
    expect(() => parseOptions(command)).toThrow(why)
  })

  it('is exit code 2 and a line on stderr', async () => {
    const { code, stdout, stderr } = await polluxBench(['tcp', '127.0.0.1:1', '--size', 'big'])
    expect(stderr).toMatch(/^pollux-bench: --size big: "big" is no size/)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  it('without anything shows the usage', async () => {
    const { code, stderr } = await polluxBench([])
    expect(stderr).toContain('usage: pollux-bench tcp|unix|udp|http|resp TARGET')
    expect(code).toBe(2)
    const help = await polluxBench(['--help'])
    expect(help.stdout).toContain('--connections N')
    expect(help.code).toBe(0)
  })
})

describe('a target', () => {
  it.each([
    ['tcp', '7000', { host: '127.0.0.1', port: 7000 }],
    ['tcp', 'tcp://localhost:7000', { host: 'localhost', port: 7000 }],
    ['tcp', '[::1]:7000', { host: '::1', port: 7000 }],
    ['resp', 'redis://10.0.0.1:6379', { host: '10.0.0.1', port: 6379 }],
    ['unix', '/tmp/x.sock', { path: '/tmp/x.sock' }],
    ['unix', '@abstract', { path: '\0abstract' }],
    ['unix', 'unix:///tmp/x.sock', { path: '/tmp/x.sock' }],
  ])('%s %s', (protocol, target, endpoint) => {
    expect(parseOptions([protocol, target])?.endpoint).toEqual(endpoint)
  })

  it('of http may have a path', () => {
    expect(parseOptions(['http', 'http://[::1]:80/a?b'])?.http.path).toBe('/a?b')
    expect(parseOptions(['http', 'http://[::1]:80/a', '--path', '/c'])?.http.path).toBe('/c')
  })
})

describe('sizes', () => {
  const draw = (text: string, count = 20_000) => {
    const sizes = parseSizes(text)
    const random = new Random(7)
    return { sizes, drawn: Array.from({ length: count }, () => sizes.next(random)) }
  }
  const mean = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

  it('of one number are that', () => {
    expect(parseSizes('2k')).toMatchObject({ smallest: 2048, largest: 2048 })
  })

  it('of a range are all in it, both ends too', () => {
    const { drawn } = draw('10-20')
    expect(new Set(drawn)).toEqual(new Set([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]))
  })

  it('with weights come as often as these say', () => {
    const { sizes, drawn } = draw('1:9,1k:1')
    expect(sizes.largest).toBe(1024)
    expect(drawn.filter((size) => size === 1024).length / drawn.length).toBeCloseTo(0.1, 1)
  })

  it('of an exponential distribution have its mean, and an end', () => {
    const { sizes, drawn } = draw('exp:500')
    expect(mean(drawn)).toBeGreaterThan(480)
    expect(mean(drawn)).toBeLessThan(520)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(sizes.largest)
    expect(sizes.largest).toBe(4606)
  })

  it('are the same for the same seed', () => {
    expect(draw('1-1000', 10).drawn).toEqual(draw('1-1000', 10).drawn)
  })
})
