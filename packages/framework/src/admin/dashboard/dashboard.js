// The page: asks the server, and shows what it says.
import { drawCharts, forgetColours, showCharts } from './charts.js'
import { byId, choice } from './dom.js'
import { follow } from './feed.js'
import * as format from './format.js'
import { ALL, latest, remember } from './samples.js'
import { filterTable, showTable } from './table.js'
import { fillTiles, showTiles } from './tiles.js'

/** @typedef {import('../stats.js').Stats} Stats */

const MINUTE_MS = 60_000
const SPANS = [
  { key: String(MINUTE_MS), label: '1 min' },
  { key: String(5 * MINUTE_MS), label: '5 min' },
  { key: String(30 * MINUTE_MS), label: '30 min' },
]

let spanMs = 5 * MINUTE_MS
let server = ALL
let instance = ''
/** Names that the chips were made for. */
let chips = ''

function draw() {
  const sample = latest()
  if (sample === undefined) return
  drawCharts(sample.timeMs, spanMs, server)
  fillTiles(sample, server)
}

/** @param {Stats} stats */
function received(stats) {
  remember(stats.history, stats.instance !== instance)
  instance = stats.instance
  showServers(stats)
  showState(stats)
  draw()
}

function lost() {
  const last = latest()
  document.body.dataset.stale = ''
  setStatus('disconnected', 'Disconnected')
  const since =
    last === undefined
      ? ''
      : ` What you see is of ${new Date(last.timeMs).toLocaleTimeString([], { hour12: false })}.`
  const banner = byId('banner')
  banner.textContent = `The admin server does not answer. Trying again every few seconds.${since}`
  banner.hidden = false
}

/** @param {Stats} stats */
function showServers({ servers }) {
  const names = servers.map(({ name }) => name)
  const parent = byId('servers')
  if (JSON.stringify(names) !== chips) {
    chips = JSON.stringify(names)
    if (!names.includes(server)) server = ALL
    const all = names.length > 1 ? [{ key: ALL, label: 'All servers' }] : []
    const chosen = names.length > 1 ? server : (names[0] ?? ALL)
    choice(parent, [...all, ...names.map((key) => ({ key, label: key }))], chosen, chooseServer)
  }
  for (const { name, ready, addresses } of servers) {
    const chip = [...parent.children].find((each) => /** @type {HTMLElement} */ (each).dataset.key === name)
    if (!(chip instanceof HTMLElement)) continue
    chip.dataset.ready = String(ready)
    chip.title = addresses.join('\n')
  }
}

/** @param {string} name */
function chooseServer(name) {
  server = name
  filterTable(name)
  draw()
}

/** @param {Stats} stats */
function showState({ servers, ready, uptimeMs, pid, node, backend }) {
  delete document.body.dataset.stale
  byId('banner').hidden = true
  if (ready) setStatus('live', 'Live')
  else setStatus('not-ready', servers.length === 0 ? 'No servers' : 'Not ready')
  const titles = servers.flatMap(({ addresses }) => addresses)
  document.title = titles.length > 0 ? `Pollux · ${titles[0]}` : 'Pollux'
  byId('about').textContent = [
    ...titles,
    backend,
    `up ${format.age(uptimeMs)}`,
    `process ${pid}`,
    `Node.js ${node}`,
  ].join('  ·  ')
}

/**
 * @param {string} state
 * @param {string} words
 */
function setStatus(state, words) {
  const status = byId('status')
  status.dataset.state = state
  if (status.textContent !== words) status.textContent = words
}

showTiles()
showCharts()
showTable()
choice(byId('spans'), SPANS, String(spanMs), (key) => {
  spanMs = Number(key)
  draw()
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  forgetColours()
  draw()
})
await follow({ received, lost })
