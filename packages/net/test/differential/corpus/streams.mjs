// What a connected socket reads and writes, and how each half of it ends.
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** More than the kernel takes at once. */
const MUCH = 16 << 20

/** What the peer reads of what is written. @param {(client: import('node:net').Socket, t: Context) => unknown} write */
const writing = (write) => async (/** @type {Context} */ t) => {
  const { client, accepted } = await t.pair()
  t.read('accepted', accepted)
  t.follow('client', client)
  await write(client, t)
  client.end()
  client.resume()
  await Promise.all([until(accepted, 'close'), until(client, 'close')])
  t.say('client', client.bytesWritten)
  t.say('accepted', accepted.bytesRead)
}

/** The error of a write. @param {...unknown} args */
const refusing =
  (...args) =>
  async (/** @type {Context} */ t) => {
    const { client } = await t.pair()
    t.follow('client', client)
    t.try('client', () => client.write(.../** @type {[any]} */ (args)))
    await turns()
    t.say('client', client.destroyed)
  }

/** @type {Programs} */
const programs = {
  'write takes text': writing((client) => client.write('grüße')),
  'write takes text in latin1': writing((client) => client.write('grun', 'latin1')),
  'write takes hex': writing((client) => client.write('616263', 'hex')),
  'write takes base64': writing((client) => client.write('YWJj', 'base64')),
  'write takes base64url': writing((client) => client.write('YWJj', 'base64url')),
  'write takes utf16le': writing((client) => client.write('abc', 'utf16le')),
  'write takes ascii': writing((client) => client.write('abc', 'ascii')),
  'write takes binary': writing((client) => client.write('abc', 'binary')),
  'write takes a Buffer': writing((client) => client.write(Buffer.from('abc'))),
  'write takes a Uint8Array': writing((client) => client.write(new Uint8Array([97, 98]))),
  'write takes an empty text': writing((client) => client.write('')),
  'write takes an empty Buffer': writing((client) => client.write(Buffer.alloc(0))),
  'write of nothing calls back': writing((client, t) => client.write('', () => t.say('written', 'called'))),
  'write returns true while there is room': writing((client, t) => t.say('returns', client.write('abc'))),
  'write calls back with no argument': writing(
    (client, t) =>
      new Promise((resolve) =>
        client.write('abc', (...args) => resolve(t.say('written', args.length, ...args))),
      ),
  ),
  'write(text, encoding, callback)': writing(
    (client, t) =>
      new Promise((resolve) =>
        client.write('616263', 'hex', () => resolve(t.say('written', client.bytesWritten))),
      ),
  ),
  'callbacks of write come in order': writing((client, t) => {
    for (const text of ['a', 'b', 'c']) client.write(text, () => t.say('written', text))
  }),
  'cork and uncork': writing((client, t) => {
    client.cork()
    client.write('a')
    client.write('b')
    t.say('corked', client.writableCorked, client.writableLength, client.bytesWritten)
    client.uncork()
    t.say('corked', client.writableCorked)
  }),
  'setDefaultEncoding is that of write': writing((client) =>
    client.setDefaultEncoding('hex').write('616263'),
  ),
  'bytesWritten counts what waits': writing((client, t) => {
    client.cork()
    client.write('äö')
    client.write('ab', 'utf16le')
    t.say('waiting', client.bytesWritten, client.writableLength)
    client.uncork()
  }),
  'write of much is false, and drain follows': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.resume()
    t.say('client', client.write(Buffer.alloc(MUCH)), client.writableNeedDrain)
    await until(client, 'drain')
    t.say('client', client.writableNeedDrain, client.writableLength)
  },
  'bufferSize is what waits': async (t) => {
    const { client } = await t.pair({ pauseOnConnect: true })
    t.say('client', client.bufferSize)
    client.write(Buffer.alloc(MUCH))
    t.say('client', client.bufferSize)
  },
  'write(null) throws': refusing(null),
  'write(undefined) throws': refusing(undefined),
  'write(5) throws': refusing(5),
  'write({}) throws': refusing({}),
  'write(true) throws': refusing(true),
  'write in an encoding that is none throws': refusing('abc', 'klingon'),
  'write after end is an error': async (t) => {
    const { client } = await t.pair()
    t.follow('client', client)
    client.end()
    t.say(
      'client',
      client.write('late', (error) => t.say('written', error)),
    )
    await until(client, 'close')
  },
  'write after destroy': async (t) => {
    const { client } = await t.pair()
    t.follow('client', client)
    client.destroy()
    t.say(
      'client',
      client.write('late', (error) => t.say('written', error)),
    )
    await until(client, 'close')
    await turns()
  },
  'write before connect, on a socket that nobody connects': async (t) => {
    const socket = t.follow('socket', t.hold(new t.net.Socket()))
    t.say(
      'socket',
      socket.write('x', (error) => t.say('written', error)),
    )
    await turns()
    t.say('socket', socket.destroyed)
  },
  'end(text) is write and end': writing((client) => client.end('abc')),
  'end(text, encoding)': writing((client) => client.end('616263', 'hex')),
  'end(text, encoding, callback) calls back at finish': writing(
    (client, t) =>
      new Promise((resolve) =>
        client.end('616263', 'hex', () => resolve(t.say('ended', client.writableFinished))),
      ),
  ),
  'end(callback)': writing(
    (client, t) => new Promise((resolve) => client.end(() => resolve(t.say('ended', 'called')))),
  ),
  'end returns the socket': writing((client, t) => t.say('ended', client.end() === client)),
  'end twice calls back twice': writing((client, t) => {
    client.end(() => t.say('ended', 'first'))
    client.end(/** @type {any} */ ((/** @type {unknown} */ error) => t.say('ended', 'second', error)))
  }),
  'end(text) twice': async (t) => {
    const { client } = await t.pair()
    t.follow('client', client)
    client.end('a')
    client.end('b', /** @type {any} */ ((/** @type {unknown} */ error) => t.say('ended', error)))
    await until(client, 'close')
  },
  'readyState of the halves': async (t) => {
    const { client, accepted } = await t.pair({ allowHalfOpen: true })
    t.say('both', client.readyState, accepted.readyState)
    client.end()
    accepted.resume()
    await until(accepted, 'end')
    t.say('client', client.readyState, client.writable, client.readable)
    t.say('accepted', accepted.readyState, accepted.writable, accepted.readable)
    client.resume()
    accepted.end('rest')
    await Promise.all([until(client, 'close'), until(accepted, 'close')])
    t.say('both', client.readyState, accepted.readyState)
  },
  'without allowHalfOpen the end is answered by an end': async (t) => {
    const { client, accepted } = await t.pair()
    t.follow('client', client)
    t.follow('accepted', accepted)
    accepted.resume()
    client.resume()
    client.end()
    await Promise.all([until(client, 'close'), until(accepted, 'close')])
  },
  'with allowHalfOpen the other half is open until it is ended': async (t) => {
    const { client, accepted } = await t.pair({ allowHalfOpen: true })
    t.read('client', t.follow('client', client))
    t.follow('accepted', accepted).resume()
    client.end('question')
    await until(accepted, 'end')
    t.say('accepted', accepted.writable, accepted.destroyed)
    accepted.end('answer')
    await Promise.all([until(client, 'close'), until(accepted, 'close')])
  },
  'allowHalfOpen of a client': async (t) => {
    const { client, accepted } = await t.pair({}, { allowHalfOpen: true })
    t.follow('client', client).resume()
    t.read('accepted', accepted)
    accepted.end()
    await until(client, 'end')
    t.say('client', client.allowHalfOpen, client.writable, client.readyState)
    client.end('still here')
    await Promise.all([until(client, 'close'), until(accepted, 'close')])
  },
  'writing to one that has ended fails with EPIPE': async (t) => {
    const { client, accepted } = await t.pair()
    t.follow('client', client)
    accepted.resume()
    accepted.end()
    client.resume()
    await until(client, 'end')
    t.say(
      'client',
      client.write('late', (error) => t.say('written', error)),
    )
    await until(client, 'close')
  },
  'end waits until somebody reads': async (t) => {
    const { client, accepted } = await t.pair()
    t.follow('accepted', accepted)
    client.end('abc')
    await turns(10)
    t.say('accepted', 'nobody has read')
    t.read('accepted', accepted)
    await until(accepted, 'close')
  },
  'setEncoding gives text': async (t) => {
    const { client, accepted } = await t.pair()
    t.say('accepted', accepted.setEncoding('utf8') === accepted, accepted.readableEncoding)
    let text = ''
    accepted.on('data', (chunk) => {
      if (typeof chunk !== 'string') t.say('accepted', 'no text')
      text += chunk
    })
    const bytes = Buffer.from('grüße')
    client.write(bytes.subarray(0, 3))
    await turns()
    client.end(bytes.subarray(3))
    await until(accepted, 'end')
    t.say('accepted', text)
  },
  'setEncoding of hex': async (t) => {
    const { client, accepted } = await t.pair()
    t.read('accepted', accepted.setEncoding('hex'))
    client.end('abc')
    await until(accepted, 'close')
  },
  'setEncoding of none throws': async (t) => {
    const { client } = await t.pair()
    t.try('client', () => client.setEncoding(/** @type {any} */ ('klingon')))
  },
  'read(n) gives n bytes or null': async (t) => {
    const { client, accepted } = await t.pair()
    t.say('accepted', accepted.read(3))
    client.end('abcdef')
    for (const want of [4, 1, 1]) {
      let chunk = accepted.read(want)
      while (chunk === null) {
        await until(accepted, 'readable')
        chunk = accepted.read(want)
      }
      t.say('accepted', `${chunk}`)
    }
    t.say('accepted', accepted.read())
    await until(accepted, 'end')
  },
  'for await reads to the end': async (t) => {
    const { client, accepted } = await t.pair()
    client.end('abc')
    let text = ''
    for await (const chunk of accepted) text += chunk
    t.say('accepted', text, accepted.destroyed)
  },
  'leaving a for await destroys': async (t) => {
    const { client, accepted } = await t.pair()
    client.on('error', () => {})
    client.write('abc')
    for await (const _ of accepted) break
    t.say('accepted', accepted.destroyed)
  },
  'for await throws the error of destroy': async (t) => {
    const { client } = await t.pair()
    setImmediate(() => client.destroy(new Error('enough')))
    try {
      for await (const _ of client);
    } catch (error) {
      t.say('client', error)
    }
  },
  'pause stops data, resume goes on': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.once('data', () => {
      accepted.pause()
      t.say('accepted', 'first', accepted.isPaused())
      client.end('second')
      setImmediate(() => setImmediate(() => t.say('accepted', 'resumes', accepted.resume() === accepted)))
    })
    accepted.on('end', () => t.say('accepted', 'end'))
    client.write('first')
    await until(accepted, 'end')
  },
  'pipe and back': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.pipe(accepted)
    t.read('client', client)
    client.end('echo')
    await until(client, 'close')
  },
  'pipeline ends with its source': async (t) => {
    const { client, accepted } = await t.pair()
    t.read('accepted', accepted)
    const ended = until(accepted, 'close')
    client.resume()
    await pipeline(async function* () {
      yield 'one '
      yield 'two'
    }, client)
    await ended
    t.say('client', client.writableFinished)
  },
  'unpipe stops': async (t) => {
    const { client, accepted } = await t.pair()
    accepted.pipe(accepted)
    accepted.unpipe(accepted)
    t.say('accepted', accepted.readableFlowing, accepted.isPaused())
    client.write('x')
    await turns()
    t.say('accepted', accepted.bytesWritten)
  },
  'bytesRead counts what has come': async (t) => {
    const { client, accepted } = await t.pair()
    client.end('abc')
    accepted.resume()
    await until(accepted, 'end')
    t.say('accepted', accepted.bytesRead)
    await until(accepted, 'close')
    t.say('accepted', accepted.bytesRead, accepted.bytesWritten)
  },
  'bytesRead cannot be set': async (t) => {
    const { client } = await t.pair()
    t.say('client', Reflect.set(client, 'bytesRead', 5), client.bytesRead)
  },
  'onread with a buffer is given what comes': async (t) => {
    const server = await t.serve()
    let text = ''
    const buffer = Buffer.alloc(4)
    const onread = {
      buffer,
      callback: (/** @type {number} */ bytes, /** @type {Uint8Array} */ into) => {
        if (into !== buffer) t.say('client', 'another buffer')
        text += buffer.toString('latin1', 0, bytes)
        return true
      },
    }
    const client = t.connect(server, { onread })
    client.on('data', () => t.say('client', 'data'))
    const [accepted] = await once(server, 'connection')
    accepted.end('more than four')
    client.resume()
    await until(client, 'end')
    t.say('client', text)
  },
  'onread with a function asks it for buffers': async (t) => {
    const server = await t.serve()
    let text = ''
    const client = t.connect(server, {
      onread: {
        buffer: () => Buffer.alloc(64),
        callback: (/** @type {number} */ bytes, /** @type {Uint8Array} */ into) => {
          text += Buffer.from(into).toString('latin1', 0, bytes)
          return true
        },
      },
    })
    const [accepted] = await once(server, 'connection')
    accepted.end('text')
    client.resume()
    await until(client, 'end')
    t.say('client', text)
  },
  'onread with a buffer that has no room': async (t) => {
    for (const last of ['text', '']) {
      const { client, accepted } = await t.pair(
        {},
        { onread: { buffer: Buffer.alloc(0), callback: () => true } },
      )
      accepted.end(last)
      await until(client, 'close')
    }
  },
  'onread with a function that has no more room': async (t) => {
    let calls = 0
    const onread = {
      buffer: () => Buffer.alloc(calls++ === 0 ? 2 : 0),
      callback: (/** @type {number} */ bytes) => t.say('client', 'read', bytes),
    }
    const { client, accepted } = await t.pair({}, { onread })
    accepted.write('text')
    await until(client, 'close')
  },
  'onread that returns false pauses': async (t) => {
    let calls = 0
    const callback = () => {
      calls++
      return false
    }
    const { accepted } = await t.pair({}, { onread: { buffer: Buffer.alloc(2), callback } })
    accepted.write('abcdef')
    while (calls === 0) await turns(1)
    await turns(5)
    t.say('client', calls)
  },
}
export default programs
