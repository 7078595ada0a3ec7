// What single system calls may say, and how a program hears of it.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as net from '@pollux/net'
import { afterEach, describe, expect, it } from 'vitest'
import { clearFaults, inject } from '../../native-poll/test/support/faults.js'
import { patiently } from '../../native-poll/test/support/patience.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()
clearFaults()

let server: net.Server

async function pair(): Promise<{ client: net.Socket; peer: net.Socket }> {
  server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [peer] = (await patiently(accepted, 'a connection')) as [net.Socket]
  if (client.connecting) await once(client, 'connect')
  return { client, peer }
}

afterEach(async () => {
  server.close()
  await patiently(once(server, 'close'), 'the server to close')
})

describe('a socket', () => {
  it('says read ECONNRESET, once, and closes', async () => {
    const { client, peer } = await pair()
    peer.on('error', () => {})
    inject({ call: 'recv', error: 'ECONNRESET' })
    const closed = new Promise((resolve) => client.once('close', resolve))
    const failed = once(client, 'error')
    client.resume()
    peer.write('x')
    const [error] = await patiently(failed, 'the error')
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' })
    expect(await patiently(closed, 'the close')).toBe(true)
    peer.destroy()
  })

  it('says write EPIPE where a send fails', async () => {
    const { client, peer } = await pair()
    peer.on('error', () => {}).resume()
    inject({ call: 'send', error: 'EPIPE' })
    const failed = once(client, 'error')
    client.write('x')
    const [error] = await patiently(failed, 'the error')
    expect(error).toMatchObject({ code: 'EPIPE', syscall: 'write' })
    peer.destroy()
  })

  it('sends all of a text that the kernel takes a byte at a time', async () => {
    const { client, peer } = await pair()
    inject({ call: 'send', maxBytes: 1, times: 100 })
    inject({ call: 'recv', maxBytes: 3, times: 100 })
    const texts: string[] = []
    peer.setEncoding('utf8').on('data', (text: string) => texts.push(text))
    client.end('grüße €'.repeat(20))
    await patiently(once(peer, 'end'), 'the end')
    expect(texts.join('')).toBe('grüße €'.repeat(20))
  })
})
