// Timeouts of connections, with peers that dawdle in every way.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Codec, type Connection, connect, pipe } from '@pollux/framework'
import { describe, expect, it } from 'vitest'
import { BACKENDS, eventually, patiently, temporaryFolder } from '../support/raw.js'
import { connectMany, leaveNothingBehind, loopOn, promised, serve } from '../support/serving.js'

leaveNothingBehind()
/** Nothing here depends on which. */
const [BACKEND] = BACKENDS
const folder = temporaryFolder()

/** Lines, in the least that a codec can be. */
const words: Codec<string> = {
  maxFrameBytes: 1024,
  decode(input) {
    const at = input.bytes.indexOf(10, input.start)
    if (at < 0 || at >= input.end) return undefined
    const word = input.text(input.start, at)
    input.start = at + 1
    return word
  },
  encode(word, output) {
    output.text(`${word}\n`)
  },
}

interface Ending {
  reason: string | undefined
  code: string | undefined
  afterMs: number
}

/** A server of words that notes how its connections end, and when after they opened. */
async function wordServer(init: object) {
  const ended = promised<Ending>()
  const conns: Connection<number, string, string>[] = []
  const got: string[] = []
  const service = await serve<number, string, string>({
    loop: loopOn(BACKEND),
    codec: words,
    state: () => performance.now(),
    message: (_conn, word) => {
      got.push(word)
    },
    open: (conn) => {
      conns.push(conn)
    },
    close: (conn, error) =>
      ended.resolve({
        reason: conn.closeReason,
        code: (error as { code?: string } | undefined)?.code,
        afterMs: performance.now() - conn.state,
      }),
    ...init,
  })
  return { service, conns, got, ended: () => patiently(ended.promise, 'the end') }
}

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A byte every 10 ms until told to stop. */
function trickle(send: (byte: string) => Promise<void>) {
  let going = true
  const run = async () => {
    while (going) {
      await send('x').catch(() => {})
      await soon(10)
    }
  }
  const running = run()
  return async () => {
    going = false
    await running
  }
}

describe('the first message', () => {
  it('must come in time', async () => {
    const { service, ended } = await wordServer({ firstMessageTimeoutMs: 60 })
    const peer = await service.connect()
    const ending = await ended()
    expect(ending).toMatchObject({
      reason: 'first_message_timeout',
      code: 'ERR_POLLUX_FIRST_MESSAGE_TIMEOUT',
    })
    expect(ending.afterMs).toBeGreaterThanOrEqual(60)
    await peer.awaitClosedOrEnded()
    expect(service.server.statistics.closed.get('first_message_timeout')).toBe(1)
  })

  it('must be whole, trickling does not help', async () => {
    const { service, ended } = await wordServer({ firstMessageTimeoutMs: 80 })
    const peer = await service.connect()
    const stop = trickle((byte) => peer.send(byte))
    expect((await ended()).reason).toBe('first_message_timeout')
    await stop()
  })

  it('ends the waiting', async () => {
    const { service, conns, got } = await wordServer({ firstMessageTimeoutMs: 400 })
    const [peer] = await connectMany(service, conns, 1)
    await peer.send('hello\n')
    await eventually('the word', () => got.length === 1)
    await soon(600)
    expect(conns[0].readyState).toBe('open')
  })

  it('is any byte where there is no codec', async () => {
    const conns: Connection[] = []
    const service = await serve({
      loop: loopOn(BACKEND),
      firstMessageTimeoutMs: 400,
      open: (conn) => {
        conns.push(conn)
      },
      data() {},
    })
    const [silent, talking] = await connectMany(service, conns, 2)
    await talking.send('x')
    await silent.awaitClosedOrEnded()
    expect(conns.map(({ readyState }) => readyState)).toEqual(['closed', 'open'])
  })
})

describe('a whole message', () => {
  it('must be complete in time, trickling does not help (slowloris)', async () => {
    const { service, conns, ended } = await wordServer({ messageTimeoutMs: 100 })
    const [peer] = await connectMany(service, conns, 1)
    await soon(150)
    const began = performance.now()
    const stop = trickle((byte) => peer.send(byte))
    expect(await ended()).toMatchObject({ reason: 'message_timeout', code: 'ERR_POLLUX_MESSAGE_TIMEOUT' })
    expect(performance.now() - began).toBeGreaterThanOrEqual(99)
    await stop()
  })

  it('gets its time anew for each message', async () => {
    const { service, conns, got } = await wordServer({ messageTimeoutMs: 200 })
    const [peer] = await connectMany(service, conns, 1)
    // Never without an incomplete word, for longer than one may take.
    await peer.send('a')
    for (let i = 0; i < 12; i++) {
      await soon(25)
      await peer.send('b\nc')
    }
    await eventually('the words', () => got.length === 12)
    expect(conns[0].readyState).toBe('open')
  })

  it('does not run while we do not read', async () => {
    const { service, conns, got } = await wordServer({ messageTimeoutMs: 400 })
    const [peer] = await connectMany(service, conns, 1)
    await peer.send('half')
    await eventually('the half', () => conns[0].bytesRead === 4)
    conns[0].pause()
    await soon(700)
    expect(conns[0].readyState).toBe('open')
    conns[0].resume()
    await peer.send(' and half\n')
    await eventually('the whole', () => got.length === 1)
    expect(got).toEqual(['half and half'])
  })

  it('does not run while a handler is at work, but afterwards', async () => {
    const slow = promised()
    const { service, conns, ended } = await wordServer({ messageTimeoutMs: 80, message: () => slow.promise })
    const [peer] = await connectMany(service, conns, 1)
    await peer.send('one\ntw')
    await soon(200)
    expect(conns[0].readyState).toBe('open')
    slow.resolve()
    expect((await ended()).reason).toBe('message_timeout')
  })

  it('is not missed by a peer whose bytes are there, when it was our loop that stood still', async () => {
    const { service, conns, got } = await wordServer({ messageTimeoutMs: 60, idleTimeoutMs: 60 })
    const [peer] = await connectMany(service, conns, 1)
    await peer.send('half')
    await eventually('the half', () => conns[0].bytesRead === 4)
    const rest = peer.send(' and half\n')
    const until = performance.now() + 150
    while (performance.now() < until);
    await rest
    await eventually('the whole', () => got.length === 1)
    expect(got).toEqual(['half and half'])
  })

  it('does not run between messages', async () => {
    const { service, conns, got } = await wordServer({ messageTimeoutMs: 50 })
    const [peer] = await connectMany(service, conns, 1)
    await peer.send('one\n')
    await soon(150)
    await peer.send('two\n')
    await eventually('both', () => got.length === 2)
  })
})

describe('output that does not move', () => {
  it('resets the connection', async () => {
    const { service, conns, ended } = await wordServer({ writeTimeoutMs: 60 })
    const refused = promised<unknown>()
    // Not of node:net, which after a pause takes a reset for an end.
    const client = await connect(
      { host: '127.0.0.1', port: service.port },
      { loop: service.server.loop, data() {}, close: (_conn, error) => refused.resolve(error) },
    )
    client.pause()
    await eventually('the connection', () => conns.length === 1)
    conns[0].write(Buffer.alloc(16 << 20))
    expect(conns[0].queuedBytes).toBeGreaterThan(0)
    const ending = await ended()
    expect(ending).toMatchObject({ reason: 'write_timeout', code: 'ERR_POLLUX_WRITE_TIMEOUT' })
    expect(ending.afterMs).toBeGreaterThanOrEqual(60)
    client.resume()
    expect(await patiently(refused.promise, 'the reset')).toMatchObject({ code: 'ECONNRESET' })
  })

  it('counts a file, too', async () => {
    const { service, conns, ended } = await wordServer({ writeTimeoutMs: 60 })
    const [peer] = await connectMany(service, conns, 1)
    peer.socket.pause()
    const path = join(folder, 'much')
    writeFileSync(path, Buffer.alloc(16 << 20))
    const sent = conns[0].sendFile(path).catch((error: Error) => error)
    expect((await ended()).reason).toBe('write_timeout')
    expect(await sent).toMatchObject({ cause: { code: 'ERR_POLLUX_WRITE_TIMEOUT' } })
  })

  it('counts what a pipe leaves in the kernel, too', async () => {
    const { service, conns, ended } = await wordServer({ writeTimeoutMs: 60 })
    const [sender, reader] = await connectMany(service, conns, 2)
    reader.socket.pause()
    const piped = pipe(conns[0], conns[1]).catch((error: Error) => error)
    // More than the sockets of both sides can hold; it never gets through.
    sender.socket.on('error', () => {})
    sender.socket.write(Buffer.alloc(32 << 20))
    expect((await ended()).reason).toBe('write_timeout')
    expect(await piped).toMatchObject({ code: 'ERR_POLLUX_PIPE_BROKEN' })
  })

  it('also when both halves have ended, and it is the last thing', async () => {
    const { service, conns, ended } = await wordServer({ writeTimeoutMs: 60 })
    const [peer] = await connectMany(service, conns, 1)
    peer.socket.pause()
    conns[0].write(Buffer.alloc(16 << 20))
    conns[0].end()
    await peer.end()
    expect((await ended()).reason).toBe('write_timeout')
  })
})

describe('a handshake', () => {
  it('must be done in time, and nobody else hears of one that was not', async () => {
    const heard: string[] = []
    const closes: string[] = []
    const service = await serve({
      loop: loopOn(BACKEND),
      handshakeTimeoutMs: 50,
      plugins: [
        {
          name: 'never',
          accept(conn) {
            conn.holdOpening()
            return undefined
          },
          close: (_conn, reason) => {
            closes.push(reason)
          },
        },
      ],
      open: () => heard.push('open'),
      error: () => heard.push('error'),
      close: () => heard.push('close'),
      data: () => heard.push('data'),
    })
    const peer = await service.connect()
    await peer.awaitClosedOrEnded()
    await eventually('the close', () => closes.length === 1)
    expect([closes, heard]).toEqual([['handshake_timeout'], []])
  })

  it('that was done in time leaves the connection alone', async () => {
    const conns: Connection[] = []
    const service = await serve({
      loop: loopOn(BACKEND),
      handshakeTimeoutMs: 50,
      plugins: [
        {
          name: 'slow',
          accept(conn) {
            conn.holdOpening()
            setTimeout(() => conn.finishOpening(), 10)
            return undefined
          },
        },
      ],
      open: (conn) => {
        conns.push(conn)
      },
      data() {},
    })
    await connectMany(service, conns, 1)
    await soon(120)
    expect(conns[0].readyState).toBe('open')
  })
})

describe('all of them', () => {
  it('are told apart on one connection', async () => {
    const init = {
      idleTimeoutMs: 400,
      firstMessageTimeoutMs: 300,
      messageTimeoutMs: 60,
      writeTimeoutMs: 300,
    }
    const { service, conns, ended } = await wordServer(init)
    const [peer] = await connectMany(service, conns, 1)
    await peer.send('first\nsec')
    expect((await ended()).reason).toBe('message_timeout')
  })

  it('leave the timer to the next connection in the slot', async () => {
    const { service, conns } = await wordServer({ firstMessageTimeoutMs: 5000, messageTimeoutMs: 40 })
    const [first] = await connectMany(service, conns, 1)
    await first.send('half')
    await eventually('the half', () => conns[0].bytesRead === 4)
    conns[0].destroy()
    await eventually('the close', () => service.server.connections === 0)
    await connectMany(service, conns, 1)
    expect(conns[1].slot).toBe(conns[0].slot)
    await soon(120)
    expect(conns[1].readyState).toBe('open')
  })

  it('survive a handler that throws at them', async () => {
    const { service, ended } = await wordServer({
      idleTimeoutMs: 30,
      timeout() {
        throw new Error('of the test')
      },
      error() {},
    })
    await service.connect()
    expect((await ended()).reason).toBe('handler_error')
  })
})
