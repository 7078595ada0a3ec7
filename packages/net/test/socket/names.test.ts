// Programs put what they like on sockets and servers, and inherit from them: only names that Node has are taken.
import { once } from 'node:events'
import * as nodeNet from 'node:net'
import { describe, expect, it } from 'vitest'
import * as ours from '../../src/index.js'
import { leaveNothingBehind } from '../support/leaks.js'

leaveNothingBehind()

/** What is ours beyond the running Node, and documented. */
const BEYOND = ['berkeley', 'blockList', 'getTypeOfService', 'setTypeOfService']

/** Fields of Node's that are symbols there, or missing before they are set. */
const AS_NODE_SETS_THEM = ['autoSelectFamilyAttemptedAddresses', 'timeout', '_bytesDispatched']

function namesOf(object: object): Set<string> {
  const names = new Set<string>()
  for (let at = object; at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name)
  }
  return names
}

function namesBeyond(ours: object, nodes: object): string[] {
  const known = namesOf(nodes)
  for (const name of [...BEYOND, ...AS_NODE_SETS_THEM]) known.add(name)
  return [...namesOf(ours)].filter((name) => !known.has(name))
}

describe('names that Node does not have', () => {
  it('are no properties of a socket', () => {
    expect(namesBeyond(new ours.Socket(), new nodeNet.Socket())).toEqual([])
  })

  it('are no properties of a server', () => {
    expect(namesBeyond(new ours.Server(), new nodeNet.Server())).toEqual([])
  })
})

describe('a program that has names of its own', () => {
  it.each(['attempt', 'connected', 'onread', 'received', 'tcp', 'timer', 'wire'])(
    'uses %s of a socket for itself',
    async (name) => {
      class Client extends ours.Socket {
        constructor() {
          super()
          Object.assign(this, { [name]: 'of the program' })
        }
      }
      const server = ours.createServer((socket) => {
        Object.assign(socket, { [name]: 'of the program' }).pipe(socket)
      })
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const client = new Client()
      client.setTimeout(10_000).connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
      client.setEncoding('utf8').end('hello')
      let came = ''
      for await (const part of client) came += part
      expect(came).toBe('hello')
      expect(Reflect.get(client, name)).toBe('of the program')
      await once(server.close(), 'close')
    },
  )

  it.each(['accepted', 'drop', 'initialize', 'start', 'started'])(
    'uses %s of a server for itself',
    async (name) => {
      const server = Object.assign(ours.createServer(), { [name]: 'of the program' })
      await once(server.listen(0, '127.0.0.1'), 'listening')
      server.on('connection', (socket: nodeNet.Socket) => socket.end('hello'))
      let came = ''
      const client = ours.connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
      for await (const part of client.setEncoding('utf8')) came += part
      expect(came).toBe('hello')
      await once(server.close(), 'close')
    },
  )
})
