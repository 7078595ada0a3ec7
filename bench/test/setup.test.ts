// What `--list` says, and what `--setup` does.
import { describe, expect, it, vi } from 'vitest'
import { needs } from '../../packages/native-poll/test/support/needs.js'
import { peersText } from '../src/listing.js'
import type { ComparisonPeer } from '../src/peers/comparison-peer.js'
import { find } from '../src/peers/programs.js'
import { missingPackages, setUpPeers } from '../src/peers/setup.js'

vi.setConfig({ testTimeout: 60_000 })

const isLinux = process.platform === 'linux'

const here: ComparisonPeer = {
  name: 'here',
  label: 'Here',
  group: 'native',
  serves: ['tcp', 'unix'],
  command: () => ['here'],
  missing: () => undefined,
  debian: ['here-dev'],
  version: () => 'Here 1.2',
}
const gone: ComparisonPeer = {
  ...here,
  name: 'gone',
  group: 'product',
  serves: ['http'],
  missing: () => 'Gone is not installed: apt-get install gone',
  debian: ['gone', 'gone-tools'],
}

describe('the list of peers', () => {
  it('says what each serves, and how to get what is missing', () => {
    const lines = peersText([here, gone]).split('\n')
    expect(lines).toContain('  here  tcp unix  here')
    expect(lines).toContain('  gone  http      missing: Gone is not installed: apt-get install gone')
  })
})

describe('the setup', () => {
  it('asks for the packages of what is missing alone', () => {
    expect(missingPackages([here, gone])).toEqual(expect.arrayContaining(['gone', 'gone-tools']))
    expect(missingPackages([here, gone])).not.toContain('here-dev')
  })

  it('installs them, or says what root would have to run', needs(isLinux, 'Linux'), () => {
    const commands: string[] = []
    const lines = setUpPeers([here, gone], (command, args) => {
      commands.push([command, ...args].join(' '))
      return true
    })
    const isRoot = process.getuid?.() === 0 && find('apt-get') !== undefined
    expect(isRoot ? commands.join('\n') : lines.join('\n')).toMatch(/apt-get install .*gone gone-tools/)
    expect(lines).toContain('ready: here (Here 1.2)')
    expect(lines).toContain('missing: gone: Gone is not installed: apt-get install gone')
  })

  it('goes on where something cannot be installed, and says so', needs(isLinux, 'Linux'), () => {
    const lines = setUpPeers([here, gone], () => false)
    expect(lines.join('\n')).toMatch(/(failed|to be run as root): apt-get install/)
    expect(lines).toContain('ready: here (Here 1.2)')
  })
})
