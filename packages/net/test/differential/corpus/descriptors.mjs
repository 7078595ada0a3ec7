// Sockets of descriptors that somebody else opened.
import { once } from 'node:events'
import { AF_INET, AF_UNIX, SOCK_STREAM, socket, socketpair } from '@pollux/core'
import { turns, until } from '../context.mjs'

/** @typedef {import('../context.mjs').Context} Context */
/** @typedef {import('../corpus.mjs').Programs} Programs */

/** The two ends of a connection, made of descriptors. @param {Context} t @param {object[]} options */
function byDescriptors(t, options) {
  const ends = socketpair(AF_UNIX, SOCK_STREAM).map((end) => end.detach())
  return ends.map((fd, at) => {
    const end = t.hold(new t.net.Socket({ fd, ...options[at] }))
    const who = at === 0 ? 'one' : 'other'
    t.say(who, end.readyState, end.pending, end.connecting)
    end.on('data', (data) => t.say(who, 'data', String(data)))
    return t.follow(who, end, ['end', 'finish', 'error', 'close'])
  })
}

/** @type {Programs} */
const programs = {
  'both ways': async (t) => {
    const [one, other] = byDescriptors(t, [{}, {}])
    one.write('there')
    await once(other, 'data')
    other.end('and back')
    await until(one, 'close')
  },
  'what is not readable is not read': async (t) => {
    const [writer, other] = byDescriptors(t, [{ readable: false, writable: true }, {}])
    writer.write('there')
    await once(other, 'data')
    other.write('and back')
    await turns(10)
    t.say('one', writer.readyState, writer.bytesRead, writer.destroyed)
    const closed = [until(writer, 'close'), until(other, 'close')]
    // What it has not read makes that a reset.
    writer.end()
    await Promise.all(closed)
  },
  'what is not writable only reads': async (t) => {
    const [reader, other] = byDescriptors(t, [{ readable: true, writable: false }, {}])
    other.write('there')
    await once(reader, 'data')
    t.say('one', reader.readyState, reader.bytesRead, reader.writable)
    other.end()
    await until(reader, 'end')
  },
  'what is bound is listened on': (t) => listenOn(t, false),
  'what listens already is listened on': (t) => listenOn(t, true),
}

/** @param {Context} t @param {boolean} isListening */
async function listenOn(t, isListening) {
  const opened = socket(AF_INET, SOCK_STREAM)
  opened.bind({ host: '127.0.0.1', port: 0 })
  if (isListening) opened.listen()
  const server = t.hold(
    t.follow(
      'server',
      t.net.createServer((accepted) => accepted.end('welcome')),
    ),
  )
  server.listen({ fd: opened.detach() })
  await until(server, 'listening')
  t.call(t.port(server), 'PORT')
  t.say('server', server.listening, server.address())
  const client = t.follow('client', t.read('client', t.connect(server)), ['connect', 'end', 'close', 'error'])
  await until(client, 'close')
}
export default programs
