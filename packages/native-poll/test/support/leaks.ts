// Every test leaves as many descriptors behind as it found.
import { readdirSync, readlinkSync } from 'node:fs'
import { afterEach, beforeAll, beforeEach } from 'vitest'
import { eventually } from './patience.js'
import { closePeers, listeningPeer, Peer } from './peer.js'
import { closeReactors } from './raw_reactor.js'

const FDS = '/proc/self/fd'

/** What the process has open, of the kinds that sockets, pollers and watchers are made of. */
export function openFds(): string[] {
  const links = readdirSync(FDS).map((fd) => {
    try {
      return readlinkSync(`${FDS}/${fd}`)
    } catch {
      return '' // the one that read the folder
    }
  })
  return links.filter((link) => /^(socket|pipe|anon_inode):|^\/dev\/null$/.test(link)).sort()
}

/** Closes what each test of this file has open when it ends, and fails the test that leaks an fd. */
export function checkFds() {
  const canLook = process.platform === 'linux'
  let before: string[] = []

  // What Node.js opens on first use and keeps is no leak.
  beforeAll(async () => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    await Peer.connect({ host: '127.0.0.1', port })
    closePeers()
  })

  beforeEach(async () => {
    if (canLook) before = await settledFds()
  })

  afterEach(async () => {
    closeReactors()
    closePeers()
    if (!canLook) return
    let leaked: string[] = []
    try {
      await eventually('descriptors to be closed', () => {
        leaked = openFds()
        for (const link of before) if (leaked.includes(link)) leaked.splice(leaked.indexOf(link), 1)
        return leaked.length === 0
      })
    } catch (cause) {
      throw new Error(`leaked descriptors: ${leaked.join(' ')}`, { cause })
    }
  })
}

/** What is open once the closes of the test before have come through. */
async function settledFds(): Promise<string[]> {
  let fds = openFds()
  await eventually('descriptors to settle', () => {
    const last = fds
    fds = openFds()
    return last.length === fds.length
  })
  return fds
}
