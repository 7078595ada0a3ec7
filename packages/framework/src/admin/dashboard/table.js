// The connections with the longest queues, the most bytes, or the longest lives.
import { byId, element } from './dom.js'
import { fetchJson } from './feed.js'
import * as format from './format.js'

/** @typedef {import('../connections.js').ConnectionRow} ConnectionRow */

const ROWS = 15
const EVERY_MS = 2000

/** @type {{ sort: string, server: string }} */
const wanted = { sort: 'queue', server: '' }

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {string} [sort] what the table can be sorted by here
 * @property {string} [className]
 * @property {(row: ConnectionRow) => string} text
 */

/** @type {readonly Column[]} */
const COLUMNS = [
  { title: 'Peer', className: 'left address', text: ({ address }) => address ?? 'unknown' },
  { title: 'Server', className: 'left', text: ({ server }) => server },
  { title: 'State', className: 'left', text: ({ state, paused }) => (paused ? `${state}, paused` : state) },
  { title: 'Age', sort: 'age', text: ({ ageMs }) => (ageMs === null ? '–' : format.age(ageMs)) },
  { title: 'Queued', sort: 'queue', text: (row) => format.text(format.bytes(row.queuedBytes)) },
  { title: 'Received', sort: 'bytes', text: (row) => format.text(format.bytes(row.receivedBytes)) },
  { title: 'Sent', text: (row) => format.text(format.bytes(row.sentBytes)) },
  { title: 'Round trip', text: ({ tcp }) => format.text(format.duration(seconds(tcp?.rttUs))) },
  { title: 'Resent', text: ({ tcp }) => segments(tcp?.totalRetransmittedSegments) },
]

/** @param {number | undefined} us */
function seconds(us) {
  return us === undefined ? undefined : us / 1e6
}

/** @param {number | undefined} count */
function segments(count) {
  return format.text(format.count(count))
}

/** Puts the heads into the page, and begins to ask. */
export function showTable() {
  byId('table-head').replaceChildren(...COLUMNS.map(headOf))
  void follow()
}

/** @param {string} name */
export function filterTable(name) {
  wanted.server = name
  void refresh()
}

/** @param {Column} column */
function headOf({ title, sort, className = '' }) {
  const head = element('th', className)
  head.scope = 'col'
  if (sort === undefined) {
    head.append(title)
    return head
  }
  const button = element('button', '', title)
  button.type = 'button'
  button.dataset.sort = sort
  button.setAttribute('aria-pressed', String(sort === wanted.sort))
  button.addEventListener('click', () => {
    wanted.sort = sort
    for (const each of document.querySelectorAll('#table-head button')) {
      each.setAttribute('aria-pressed', String(each === button))
    }
    void refresh()
  })
  head.append(button)
  return head
}

async function follow() {
  for (;;) {
    await refresh()
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
}

async function refresh() {
  const query = new URLSearchParams({ limit: String(ROWS), sort: wanted.sort })
  if (wanted.server !== '') query.set('server', wanted.server)
  try {
    fill(await fetchJson(`/connections?${query}`))
  } catch {
    // The feed says that nobody answers; what was there last stays.
  }
}

/** @param {{ total: number, connections: ConnectionRow[] }} page */
function fill({ total, connections }) {
  byId('table-note').textContent = total > connections.length ? `${connections.length} of ${total}` : ''
  if (connections.length === 0) {
    const cell = element('td', 'none', 'Nobody is connected')
    cell.colSpan = COLUMNS.length
    byId('table-body').replaceChildren(element('tr', '', cell))
    return
  }
  const rows = connections.map((row) =>
    element('tr', '', ...COLUMNS.map(({ className = '', text }) => element('td', className, text(row)))),
  )
  byId('table-body').replaceChildren(...rows)
}
