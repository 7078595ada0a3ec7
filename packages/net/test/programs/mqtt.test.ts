// mqtt against Mosquitto, over a stream builder that opens sockets of the module.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type IClientOptions, type IClientPublishOptions, MqttClient } from 'mqtt'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { expectSameBytes, noise } from '../../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from '../support/leaks.js'
import { MODULES, madeBy, Sockets } from './support/modules.js'
import { type MosquittoServer, startMosquitto } from './support/mosquitto.js'
import { describeWith, freePort } from './support/programs.js'

leaveNothingBehind()

describeWith('mosquitto', 'mqtt', () => {
  let server: MosquittoServer

  beforeAll(async () => {
    server = await startMosquitto()
  })

  describe.each(MODULES)('over $over', ({ over, net }) => {
    let sockets = new Sockets(net)
    const clients = new Set<MqttClient>()
    const topic = (name: string) => `${over}/${name}`.replaceAll(/[@:]/g, '')

    interface Settings extends IClientOptions {
      port?: number
      wrap?: (socket: Socket) => Socket
    }

    /** A client that is not connected yet. */
    function connecting({ port = server.port, wrap = (socket) => socket, ...options }: Settings = {}) {
      const build = () => wrap(sockets.connect({ port, host: '127.0.0.1' }))
      const made = new MqttClient(build, { reconnectPeriod: 0, ...options })
      made.on('error', () => {})
      clients.add(made)
      return made
    }

    async function client(options: Settings = {}): Promise<MqttClient> {
      const made = connecting(options)
      await patiently(onceOf(made, 'connect'), 'the connection')
      return made
    }

    /** `events.once`, for which the client's types are too narrow. */
    const onceOf = (client: MqttClient, event: 'connect' | 'close') =>
      new Promise<void>((resolve) => client.once(event, () => resolve()))

    /** What arrives at a client, as soon as there are `count` messages. */
    function messages(client: MqttClient, count: number): Promise<{ topic: string; payload: Buffer }[]> {
      const heard: { topic: string; payload: Buffer }[] = []
      const all = new Promise<typeof heard>((resolve) =>
        client.on('message', (topic, payload) => {
          if (heard.push({ topic, payload }) === count) resolve(heard)
        }),
      )
      return patiently(all, () => `${count} messages: ${heard.length}`)
    }

    afterEach(async () => {
      for (const each of clients) await each.endAsync(true)
      clients.clear()
      for (const socket of sockets.made) {
        socket.destroy()
        if (!socket.closed) await once(socket, 'close')
      }
      sockets = new Sockets(net)
    })

    it.each([0, 1, 2] as const)('hands over what is published with quality of service %i', async (qos) => {
      const [subscriber, publisher] = [await client(), await client()]
      await subscriber.subscribeAsync(topic(`qos${qos}/+`), { qos })
      const heard = messages(subscriber, 2)
      await publisher.publishAsync(topic(`qos${qos}/a`), 'ä€😀', { qos })
      await publisher.publishAsync(topic(`qos${qos}/b`), '', { qos })
      expect((await heard).map(({ topic, payload }) => [topic, payload.toString()])).toEqual([
        [topic(`qos${qos}/a`), 'ä€😀'],
        [topic(`qos${qos}/b`), ''],
      ])
      expect(sockets.made).toHaveLength(2)
      expect(madeBy(sockets.made[0])).toBe(over)
    })

    it('keeps the order of thousands', async () => {
      const [subscriber, publisher] = [await client(), await client()]
      await subscriber.subscribeAsync(topic('many'), { qos: 1 })
      const heard = messages(subscriber, 5000)
      const sent = Array.from({ length: 5000 }, (_, i) =>
        publisher.publishAsync(topic('many'), String(i), { qos: 1 }),
      )
      await Promise.all(sent)
      expect((await heard).map(({ payload }) => Number(payload))).toEqual(sent.map((_, i) => i))
    })

    it('carries megabytes both ways', async () => {
      const [subscriber, publisher] = [await client(), await client()]
      await subscriber.subscribeAsync(topic('big'), { qos: 1 })
      const heard = messages(subscriber, 1)
      const bytes = noise(8 << 20)
      await publisher.publishAsync(topic('big'), bytes, { qos: 1 })
      expectSameBytes((await heard)[0].payload, bytes)
    })

    it('is told what was retained', async () => {
      const publisher = await client()
      const retain: IClientPublishOptions = { qos: 1, retain: true }
      await publisher.publishAsync(topic('kept'), 'last', retain)
      const late = await client({ protocolVersion: 5 })
      const heard = messages(late, 1)
      await late.subscribeAsync(topic('kept'))
      expect((await heard)[0].payload.toString()).toBe('last')
      await publisher.publishAsync(topic('kept'), '', retain)
    })

    it('is pinged back', async () => {
      const pinging = await client()
      const answered = new Promise<void>((resolve) =>
        pinging.on('packetreceive', ({ cmd }) => cmd === 'pingresp' && resolve()),
      )
      pinging.sendPing()
      await patiently(answered, 'the answer')
    })

    it('leaves its will when its connection breaks', async () => {
      const heir = await client()
      await heir.subscribeAsync(topic('will'))
      const heard = messages(heir, 1)
      await client({ will: { topic: topic('will'), payload: Buffer.from('gone'), qos: 0, retain: false } })
      sockets.made[1].resetAndDestroy()
      expect((await heard)[0].payload.toString()).toBe('gone')
    })

    it('connects again, and gets and sends what was published meanwhile', async () => {
      const clientId = topic('sleeper').replace('/', '-')
      const [sleeper, other] = [await client({ clientId, clean: false, reconnectPeriod: 20 }), await client()]
      await sleeper.subscribeAsync(topic('letters'), { qos: 1 })
      await other.subscribeAsync(topic('answers'), { qos: 1 })
      const [letters, answers] = [messages(sleeper, 3), messages(other, 1)]
      const closed = onceOf(sleeper, 'close')
      sockets.made[0].destroy()
      await patiently(closed, 'close')
      for (const letter of ['a', 'b', 'c']) await other.publishAsync(topic('letters'), letter, { qos: 1 })
      const sent = sleeper.publishAsync(topic('answers'), 'while offline', { qos: 1 })
      expect((await letters).map(({ payload }) => payload.toString())).toEqual(['a', 'b', 'c'])
      await patiently(sent, 'the acknowledgement')
      expect((await answers)[0].payload.toString()).toBe('while offline')
      expect(sockets.made).toHaveLength(3)
    })

    it('is refused where nobody listens', async () => {
      const refused = connecting({ port: await freePort() })
      const failed = new Promise<Error>((resolve) => refused.once('error', resolve))
      const error = await patiently(failed, 'the error')
      expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' })
    })

    it('speaks TLS', async () => {
      const wrap = (socket: Socket) => connectTls({ socket, ca: server.ca, host: '127.0.0.1' })
      const [subscriber, publisher] = [
        await client({ port: server.tlsPort, wrap }),
        await client({ port: server.tlsPort, wrap }),
      ]
      await subscriber.subscribeAsync(topic('secret'), { qos: 1 })
      const heard = messages(subscriber, 1)
      const bytes = noise(2 << 20)
      await publisher.publishAsync(topic('secret'), bytes, { qos: 1 })
      expectSameBytes((await heard)[0].payload, bytes)
    })
  })
})
