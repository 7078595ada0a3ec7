// @ts-check
/** Runs a program over both modules: what differs, and what no run may ever do. */
import nodeNet from 'node:net'
import * as polluxNet from '@pollux/net'
import { comparedUntil, isSame, stretchesOf } from './excuses.mjs'
import { run } from './run.mjs'

/** @typedef {import('./programs.mjs').Program} Program @typedef {import('./run.mjs').Seen} Seen */
/** @typedef {import('./excuses.mjs').Both} Both */

/** What a trace says of a socket at rest. */
const STATE = /\{"readyState.*\}/

/** Where two traces differ; -1 where they do not. @param {string[]} node @param {string[]} pollux */
function placeOfDifference(node, pollux) {
  const at = node.findIndex((line, i) => line !== pollux[i])
  if (at >= 0 || node.length === pollux.length) return at
  return node.length
}

/** Where the two modules differ: '' where they do not. @param {Program} program */
export async function difference(program) {
  const hasty = await differenceOf(program, false)
  // What one of them had not seen yet because the machine is busy is no difference.
  return hasty === '' ? '' : differenceOf(program, true)
}

/** @param {Program} program @param {boolean} patient */
async function differenceOf(program, patient) {
  const node = await run(nodeNet, program, patient)
  const pollux = await run(/** @type {any} */ (polluxNet), program, patient)
  const client = { node: node.client, pollux: pollux.client }
  const peer = { node: node.peer, pollux: pollux.peer }
  const found = [
    broken('client', client.pollux),
    broken('peer', peer.pollux),
    differenceAt('client', client, peer),
    differenceAt('peer', peer, client),
    firstDifference('server', node.server, pollux.server),
  ]
  // What is not compared may have thrown in one of the runs only.
  const isWhole = [comparedUntil(client, peer), comparedUntil(peer, client)].every(
    (at) => !Number.isFinite(at),
  )
  if (isWhole) found.push(firstDifference('uncaught', node.uncaught.toSorted(), pollux.uncaught.toSorted()))
  return found.join('')
}

/** @param {string} name @param {Both} end @param {Both} other */
function differenceAt(name, end, other) {
  const [node, pollux, ofOther] = [end.node, end.pollux, other.node].map(({ trace }) => stretchesOf(trace))
  const until = Math.min(node.length, comparedUntil(end, other))
  for (let at = 0; at < until; at++) {
    const hasThrown = [node[at], ofOther[at]].some((stretch) => stretch.includes('throws'))
    const otherClosed = ofOther[at].some((line) => line.startsWith('close'))
    if (isSame(node, pollux, at, { hasThrown, otherClosed })) continue
    // What went before may differ where it is allowed to: it is told once.
    const before = node.slice(0, at).flat()
    return firstDifference(name, [...before, ...node[at]], [...before, ...pollux[at]])
  }
  return ''
}

/** @param {string} name @param {string[]} node @param {string[]} pollux */
function firstDifference(name, node, pollux) {
  const first = placeOfDifference(node, pollux)
  if (first < 0) return ''
  const lines = node.slice(0, first).map((line) => `    ${line.replace(STATE, '')}\n`)
  const states = [node[first], pollux[first]].map((line) => line?.match(STATE)?.[0])
  if (states[0] !== undefined && states[1] !== undefined) {
    const [a, b] = states.map((state) => JSON.parse(/** @type {string} */ (state)))
    const fields = Object.keys(a).filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]))
    const told = fields.map(
      (field) => `${field} is ${JSON.stringify(a[field])}, not ${JSON.stringify(b[field])}`,
    )
    return `\n${name}:\n${lines.join('')}  state: ${told.join('; ')}\n`
  }
  for (const [mark, trace] of /** @type {const} */ ([
    ['node  ', node],
    ['pollux', pollux],
  ])) {
    for (const line of trace.slice(first, first + 4)) lines.push(`  ${mark} ${line.replace(STATE, '')}\n`)
  }
  return `\n${name}:\n${lines.join('')}`
}

/**
 * What a program of any size must not do over ours: lose, double or exchange bytes, or say twice what happens once.
 * The pace of two such runs differs, and with it what a destroyed socket had sent.
 *
 * @param {Program} program
 */
export async function misbehaviour(program) {
  const { client, peer } = await run(/** @type {any} */ (polluxNet), program, false)
  return (
    broken('client', client) +
    broken('peer', peer) +
    lost('client', client, peer) +
    lost('peer', peer, client)
  )
}

/** What one end sent and the other did not get. @param {string} name @param {Seen} from @param {Seen} to */
function lost(name, from, to) {
  if (from.isMixed || to.isMixed) return ''
  const sent = Buffer.concat(from.sent)
  const received = Buffer.concat(to.received)
  if (!received.equals(sent.subarray(0, received.length)))
    return `\n${name}: what arrived is not what was sent\n`
  const wasWhole = from.trace.includes('finish') && to.trace.includes('end')
  if (wasWhole && received.length < sent.length)
    return `\n${name}: ${sent.length - received.length} bytes lost\n`
  if (wasWhole && from.last.bytesWritten !== to.last.bytesRead)
    return `\n${name}: bytesWritten is not bytesRead\n`
  return ''
}

/** What must hold of a socket whatever it went through. @param {string} name @param {Seen} seen */
export function broken(name, seen) {
  const events = seen.trace.map((line) => line.split(' ')[0])
  /** @type {string[]} */
  const wrong = []
  for (const event of ['connect', 'ready', 'end', 'finish', 'error', 'close']) {
    if (events.filter((one) => one === event).length > 1) wrong.push(`'${event}' twice`)
  }
  return wrong.length === 0 ? '' : `\n${name}: ${wrong.join(', ')}\n    ${seen.trace.join('\n    ')}\n`
}
