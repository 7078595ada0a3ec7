// The chat as a process: with nc, and with thousands at once.
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../packages/native-poll/test/support/child.js'
import { checkFds } from '../../packages/native-poll/test/support/leaks.js'
import { needsPrograms } from '../../packages/native-poll/test/support/needs.js'
import { eventually } from '../../packages/native-poll/test/support/patience.js'
import { Peer } from '../../packages/native-poll/test/support/peer.js'

checkFds()
afterEach(endChildren)

async function started() {
  const chat = Child.node([fileURLToPath(new URL('../dist/chat.js', import.meta.url)), '--port', '0'])
  return { chat, port: Number(await chat.awaitOutput(/^listening on tcp:\/\/127\.0\.0\.1:(\d+)\n/)) }
}

/** Somebody who has given a name. */
async function person(port: number, name: string) {
  const peer = await Peer.connect({ host: '127.0.0.1', port })
  const hears = (text: string) =>
    eventually(`${name} to hear "${text}" in "${peer.bytes}"`, () => peer.bytes.includes(text))
  await peer.send(`${name}\n`)
  await hears('You are in lobby')
  return { peer, hears, says: (text: string) => peer.send(`${text}\n`) }
}

describe('the chat', () => {
  it('talks to nc', needsPrograms('nc'), async () => {
    const { port } = await started()
    const ann = await person(port, 'ann')
    const bob = Child.run('nc', ['127.0.0.1', String(port)])
    await bob.awaitOutput(/What is your name/)
    bob.process.stdin?.write('bob\n')
    await bob.awaitOutput(/You are in lobby, with ann, bob/)
    await ann.hears('* bob has come')
    bob.process.stdin?.write('hello\r\n')
    await ann.hears('bob: hello\n')
    await ann.says('hello, bob')
    await bob.awaitOutput(/ann: hello, bob/)
    bob.process.stdin?.write('/quit\n')
    bob.process.stdin?.end()
    expect(await bob.awaitExit()).toBe(0)
    await ann.hears('* bob has left')
  })

  it('keeps rooms apart', async () => {
    const { port } = await started()
    const [ann, bob, cid] = [await person(port, 'ann'), await person(port, 'bob'), await person(port, 'cid')]
    await bob.says('/join kitchen')
    await cid.says('/join kitchen')
    await cid.hears('You are in kitchen, with bob, cid')
    await ann.hears('* cid has left')
    await bob.says('only here')
    await cid.hears('bob: only here')
    await ann.says('/who')
    await ann.hears('* ann\n')
    expect(ann.peer.bytes.includes('only here')).toBe(false)
    expect(bob.peer.bytes.includes('bob: only here')).toBe(false)
  })

  it('takes no bad name, no name twice, and no unknown command', async () => {
    const { port } = await started()
    const ann = await person(port, 'ann')
    const other = await Peer.connect({ host: '127.0.0.1', port })
    await other.send('\nwith blanks\nann\n')
    await eventually('the refusals', () =>
      /(letters and digits[\s\S]*){2}ann is here already/.test(other.bytes.toString()),
    )
    await ann.says('/dance')
    await ann.hears('There are /join')
    await ann.peer.end()
    await ann.peer.awaitEnd()
    // The name is free again.
    await eventually('ann to be gone', () => ann.peer.isClosed || ann.peer.isEnded)
    await other.send('ann\n')
    await eventually('the name', () => other.bytes.includes('You are in lobby, with ann\n'))
  })

  it('tells thousands what one says, each once', async () => {
    const { port } = await started()
    const many = 3000
    const heard = new Array<number>(many).fill(0)
    const sockets: Socket[] = []
    let ready = 0
    for (let i = 0; i < many; ++i) {
      // From several addresses: an address has some 28,000 ports, and others use them, too.
      const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.1.${1 + (i % 50)}` })
      sockets.push(socket)
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
        if (text.includes('You are in')) {
          ready++
          text = ''
        }
        heard[i] += text.split('ann: to all').length - 1
        text = text.slice(-20).replaceAll('ann: to all', '')
      })
      socket.write(`p${i}\n`)
      if (i % 200 === 199) await eventually('them to be in', () => ready > i - 20)
    }
    await eventually('all to be in', () => ready === many)
    const ann = await person(port, 'ann')
    await ann.says('to all')
    await eventually('all to hear it', () => heard.every((times) => times === 1))
    await ann.says('/who')
    await ann.hears(`and ${many + 1 - 100} more`)
    for (const socket of sockets) socket.destroy()
  })
})

it('the chat ends with code 0 on Ctrl-C', async () => {
  const { chat } = await started()
  chat.process.kill('SIGINT')
  expect(await chat.awaitExit()).toBe(0)
  expect(chat.errors).toBe('')
})
