// SIGTERM and SIGINT, sent to processes of their own by the kernel.
import { fileURLToPath } from 'node:url'
import { closeOnSignals } from '@pollux/framework'
import { afterEach, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { Child, endChildren, eventually, Peer, patiently } from '../support/raw.js'

checkFds()
afterEach(endChildren)

const SERVICE = fileURLToPath(new URL('../fixtures/service.mjs', import.meta.url))
const TARGET = { host: '127.0.0.1', port: 0 }

async function service(close: object = {}) {
  const child = Child.node([SERVICE, JSON.stringify({ targets: [TARGET], close })])
  const port = Number(await child.awaitOutput(/^listening on tcp:\/\/127\.0\.0\.1:(\d+)$/m))
  await child.awaitOutput(/^up$/m)
  return { child, connect: () => Peer.connect({ host: '127.0.0.1', port }) }
}

async function ask(peer: Peer, question: string): Promise<string> {
  const before = peer.bytes.length
  await peer.send(question)
  await eventually('an answer', () => peer.bytes.length > before)
  return peer.bytes.subarray(before).toString()
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('lets connections finish, ends those that have not begun, and exits with 0', async () => {
    const { child, connect } = await service()
    const busy = await connect()
    const idle = await connect()
    expect(await ask(busy, 'hello')).toBe('hello')
    child.process.kill(signal)
    await child.awaitOutput(new RegExp(`^told ${signal}$`, 'm'))
    await idle.awaitEnd()
    await child.awaitOutput(/^closing$/m)
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await ask(busy, 'still there?')).toBe('still there?')
    await idle.end()
    await busy.end()
    expect(await child.awaitExit(), child.errors).toBe(0)
  })
})

describe('closing on a signal', () => {
  it('turns readiness false first, and serves on for as long as it is told; a second signal ends that', async () => {
    const { child, connect } = await service({ readinessDelayMs: 60_000 })
    const peer = await connect()
    expect(await ask(peer, 'ready?')).toBe('true')
    child.process.kill('SIGTERM')
    await child.awaitOutput(/^told SIGTERM$/m)
    expect(await ask(peer, 'ready?')).toBe('false')
    const late = await connect()
    expect(await ask(late, 'hello')).toBe('hello')
    expect(child.output).not.toContain('closing')
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(143)
  })

  it('closes after that, and exits with the code that it was given', async () => {
    const { child, connect } = await service({ readinessDelayMs: 50, deadlineMs: 0, exitCode: 7 })
    await ask(await connect(), 'hello')
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(7)
    expect(child.output).toMatch(/told SIGTERM\nclosing\n/)
  })

  it('destroys what is left at the deadline', async () => {
    const { child, connect } = await service({ deadlineMs: 50 })
    const peer = await connect()
    await ask(peer, 'hello')
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(0)
    await peer.awaitClosedOrEnded()
  })

  it('a second time exits at once, with the number of the signal', async () => {
    const { child, connect } = await service({ deadlineMs: 60_000 })
    const peer = await connect()
    await ask(peer, 'hello')
    child.process.kill('SIGTERM')
    await child.awaitOutput(/^closing$/m)
    child.process.kill('SIGINT')
    expect(await child.awaitExit()).toBe(130)
  })

  it('leaves exiting to the program, if it is to', async () => {
    const { child } = await service({ exit: false, signals: ['SIGUSR2'] })
    child.process.kill('SIGUSR2')
    // By itself: nothing keeps it alive.
    expect(await child.awaitExit()).toBe(0)
  })

  it('leaves signals alone that it was not given', async () => {
    const { child } = await service({ signals: ['SIGINT'] })
    child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe('SIGTERM')
  })
})

describe('in this process', () => {
  const emit = (signal: NodeJS.Signals) => process.emit(signal)

  it('closes all servers there are when the signal comes, of whatever kind, in order', async () => {
    const calls: string[] = []
    const serverOf = (name: string) => ({
      withdraw: () => calls.push(`withdraw ${name}`),
      close: async ({ deadlineMs }: { deadlineMs: number }) => {
        calls.push(`close ${name} ${deadlineMs}`)
      },
    })
    const servers = [serverOf('a')]
    const before = process.listenerCount('SIGUSR2')
    closeOnSignals(() => servers, { signals: ['SIGUSR2'], exit: false, deadlineMs: 5 })
    servers.push(serverOf('b'))
    emit('SIGUSR2')
    await patiently(
      eventually('the listener to be gone', () => process.listenerCount('SIGUSR2') === before),
      'the close',
    )
    expect(calls).toEqual(['withdraw a', 'withdraw b', 'close a 5', 'close b 5'])
  })

  it('can be taken back', () => {
    const before = process.listenerCount('SIGUSR2')
    const stop = closeOnSignals([], { signals: ['SIGUSR2'] })
    expect(process.listenerCount('SIGUSR2')).toBe(before + 1)
    stop()
    stop()
    expect(process.listenerCount('SIGUSR2')).toBe(before)
  })

  it.each([
    [{ signals: ['SIGNONE'] }, 'signals'],
    [{ signals: 'SIGTERM' }, 'signals'],
    [{ deadlineMs: -1 }, 'deadlineMs'],
    [{ readinessDelayMs: -1 }, 'readinessDelayMs'],
    [{ exit: 1 }, 'exit'],
    [{ exitCode: 256 }, 'exitCode'],
    [{ onSignal: 'x' }, 'onSignal'],
  ])('refuses %j', (options, named) => {
    expect(() => closeOnSignals([], options as object)).toThrow(named)
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })
})
