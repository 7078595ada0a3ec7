import { describe, expect, it } from 'vitest'
import { Happening, Lifecycle, nextState, readyStateOf } from '../src/connection/lifecycle.js'

const { OPEN, PEER_ENDED, ENDED, CONNECTING, CLOSING, DESTROYED, CLOSED } = Lifecycle
const { CONNECTED, END, PEER_END, DESTROY } = Happening

const follow = (state: Lifecycle, ...happenings: Happening[]) =>
  happenings.reduce<Lifecycle>((now, happening) => nextState(now, happening), state)

describe('the life of a connection', () => {
  it.each([
    ['our end first', [CONNECTED, END, PEER_END], CLOSING],
    ['the peer first', [CONNECTED, PEER_END, END], CLOSING],
    ['ended twice', [CONNECTED, END, END], ENDED],
    ['half open', [CONNECTED, PEER_END, PEER_END], PEER_ENDED],
    ['an end before there is a connection', [END, PEER_END], CONNECTING],
    ['connected twice', [CONNECTED, CONNECTED], OPEN],
  ])('%s', (_name, happenings, state) => {
    expect(follow(CONNECTING, ...happenings)).toBe(state)
  })

  it('can be cut short anywhere, and then only closes', () => {
    for (const state of [OPEN, PEER_ENDED, ENDED, CONNECTING, CLOSING] as const) {
      expect(follow(state, DESTROY, CONNECTED, END, PEER_END)).toBe(DESTROYED)
    }
  })

  it('ends once and for all', () => {
    for (const state of Object.values(Lifecycle)) {
      expect(nextState(state, Happening.CLOSED)).toBe(CLOSED)
      for (const happening of Object.values(Happening)) expect(nextState(CLOSED, happening)).toBe(CLOSED)
    }
  })

  it('has names for users', () => {
    const names = [CONNECTING, OPEN, PEER_ENDED, ENDED, CLOSING, DESTROYED, CLOSED].map(readyStateOf)
    expect(names).toEqual(['connecting', 'open', 'open', 'ending', 'ending', 'closed', 'closed'])
  })

  it('is ordered: writable up to PEER_ENDED, readable up to ENDED', () => {
    expect(Math.max(OPEN, PEER_ENDED)).toBeLessThan(ENDED)
    expect(Math.max(OPEN, PEER_ENDED, ENDED)).toBeLessThan(Math.min(CONNECTING, CLOSING))
    expect(CLOSING).toBeLessThan(DESTROYED)
  })
})
