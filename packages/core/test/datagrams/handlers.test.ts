// What handlers may do: throw, close, pause, re-enter, and use too late what was only lent.
import type { DatagramChannel } from '@pollux/core'
import { describe, expect, it } from 'vitest'
import { Child } from '../../../native-poll/test/support/child.js'
import { BACKENDS } from '../../../native-poll/test/support/server.js'
import { leaveNothingBehind, loopOn, openChannel, portOf, UdpPeer, Waiter } from './support/datagrams.js'

leaveNothingBehind()

const CORE = new URL('../../dist/index.js', import.meta.url).href

describe.each(BACKENDS)('a handler on %s', (backend) => {
  it('that throws costs its own datagram alone', async () => {
    const errors: unknown[] = []
    const channel = openChannel(loopOn(backend), {
      datagram(channel, data) {
        if (String(data) === 'bad') throw new Error('cannot stand it')
        channel.reply()
      },
      error: (_, error) => errors.push(error),
    })
    const peer = await UdpPeer.bind()
    for (const text of ['1', 'bad', '2', 'bad', 'bad', '3']) await peer.send(text, portOf(channel))
    expect((await peer.awaitCount(3)).map(String)).toEqual(['1', '2', '3'])
    expect(errors.map(String)).toEqual(Array(3).fill('Error: cannot stand it'))
  })

  it('without an error handler beside it ends the process as any uncaught exception does', async () => {
    const child = Child.node([
      '--input-type=module',
      '-e',
      `import { DatagramChannel, EventLoop } from '${CORE}'
       const loop = new EventLoop({ backend: '${backend}' })
       const channel = DatagramChannel.open({ loop, bind: { host: '127.0.0.1', port: 0 } },
         { datagram() { throw new Error('uncaught in a handler') } })
       channel.sendTo(Buffer.from('x'), channel.localAddress)`,
    ])
    expect(await child.awaitExit()).toBe(1)
    expect(child.errors).toContain('uncaught in a handler')
  })

  it('that closes gets no more of the batch, and close is called once', async () => {
    const seen: string[] = []
    let closes = 0
    const waiter = new Waiter()
    const channel = openChannel(loopOn(backend), {
      datagram(channel, data) {
        seen.push(String(data))
        channel.reply()
        if (seen.length === 3) channel.close()
      },
      close() {
        closes++
        waiter.look()
      },
    })
    const peer = await UdpPeer.bind()
    await Promise.all(Array.from({ length: 10 }, (_, i) => peer.send(String(i), portOf(channel))))
    await waiter.until('close', () => closes > 0)
    expect(seen).toEqual(['0', '1', '2'])
    expect((await peer.awaitCount(3)).map(String)).toEqual(['0', '1', '2'])
    expect([closes, channel.statistics()]).toEqual([1, undefined])
  })

  it('that destroys another channel of the same batch silences it', async () => {
    const loop = loopOn(backend)
    const heard: string[] = []
    let first: DatagramChannel | undefined
    const waiter = new Waiter()
    const open = (name: string): DatagramChannel =>
      openChannel(loop, {
        datagram(channel) {
          heard.push(name)
          if (first === undefined) {
            first = channel
            for (const other of channels) if (other !== channel) other.destroy()
          }
          waiter.look()
        },
      })
    const channels = [open('a'), open('b')]
    const peer = await UdpPeer.bind()
    await Promise.all(channels.map((channel) => peer.send('x', portOf(channel))))
    await waiter.until('a datagram', () => heard.length > 0)
    await peer.send('again', portOf(first as DatagramChannel))
    await waiter.until('the second', () => heard.length > 1)
    expect(heard[0]).toBe(heard[1])
  })

  it('that pauses gets the rest of its batch, then nothing until it resumes', async () => {
    const seen: string[] = []
    const waiter = new Waiter()
    const channel = openChannel(loopOn(backend), {
      datagram(channel, data) {
        seen.push(String(data))
        if (seen.length === 1) channel.pause()
        waiter.look()
      },
    })
    const peer = await UdpPeer.bind()
    await peer.send('one', portOf(channel))
    await waiter.until('one', () => seen.length === 1)
    await peer.send('two', portOf(channel))
    // Another channel of the loop hears: time has passed.
    const witness = openChannel(channel.loop)
    await peer.send('witness', portOf(witness))
    await peer.awaitCount(1)
    expect(seen).toEqual(['one'])
    channel.resume()
    await waiter.until('two', () => seen.length === 2)
    expect(seen).toEqual(['one', 'two'])
  })

  it('may open, send, flush and close within itself', async () => {
    const loop = loopOn(backend)
    const peer = await UdpPeer.bind()
    const to = { host: '127.0.0.1', port: peer.port }
    const channel = openChannel(loop, {
      datagram(channel, data) {
        channel.reply()
        loop.submissions.flush()
        const other = openChannel(loop)
        other.sendTo(data, to)
        other.close()
        loop.submissions.flush()
        channel.reply(Buffer.from('and I'))
      },
    })
    for (const text of ['a', 'b']) await peer.send(text, portOf(channel))
    expect((await peer.awaitCount(6)).map(String)).toEqual(['a', 'a', 'and I', 'b', 'b', 'and I'])
  })

  it('that closes the loop is its last', async () => {
    const loop = loopOn(backend)
    let calls = 0
    let closes = 0
    const waiter = new Waiter()
    const channel = openChannel(loop, {
      datagram() {
        calls++
        loop.close()
      },
      close() {
        closes++
        waiter.look()
      },
    })
    const peer = await UdpPeer.bind()
    await Promise.all(['a', 'b', 'c'].map((text) => peer.send(text, portOf(channel))))
    await waiter.until('close', () => closes > 0)
    expect([calls, closes]).toEqual([1, 1])
    channel.destroy()
  })

  it('with POLLUX_DEBUG=1 is told when it uses a payload too late, and not without', async () => {
    for (const [debug, wanted] of [
      ['1', 'ERR_POLLUX_BORROWED_CHUNK'],
      ['', 'nothing'],
    ]) {
      const child = Child.node(
        [
          '--input-type=module',
          '-e',
          `import { DatagramChannel, EventLoop } from '${CORE}'
           const loop = new EventLoop({ backend: '${backend}' })
           let kept
           const channel = DatagramChannel.open({ loop, bind: { host: '127.0.0.1', port: 0 } }, {
             datagram(channel, data) {
               if (kept !== undefined) { console.log('answer ' + data); channel.close(); return }
               kept = data
               data[0] = 0x4a
               channel.reply()
               setImmediate(() => {
                 let outcome = 'nothing'
                 try { kept.toString() } catch (error) { outcome = error.code }
                 console.log('outcome ' + outcome)
               })
             },
           })
           channel.sendTo(Buffer.from('hello'), channel.localAddress)`,
        ],
        { POLLUX_DEBUG: debug },
      )
      expect(await child.awaitExit(), child.errors).toBe(0)
      expect(child.output).toContain(`outcome ${wanted}`)
      // What it changed in place is part of the answer either way.
      expect(child.output).toContain('answer Jello')
    }
  })

  it('of a socket that is not referenced does not keep the process alive', async () => {
    const child = Child.node([
      '--input-type=module',
      '-e',
      `import { DatagramChannel, EventLoop } from '${CORE}'
       const loop = new EventLoop({ backend: '${backend}' })
       DatagramChannel.open({ loop, bind: { host: '127.0.0.1', port: 0 } }, { datagram() {} }).unref()`,
    ])
    expect(await child.awaitExit(), child.errors).toBe(0)
  })
})
