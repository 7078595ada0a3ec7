// The current values, large.
import { byId, element } from './dom.js'
import * as format from './format.js'
import { serverPart } from './samples.js'

/** @typedef {import('../history.js').Sample} Sample */
/** @typedef {import('../history.js').ServerSample} ServerSample */

/**
 * @typedef {object} TileDefinition
 * @property {string} key
 * @property {string} title
 * @property {(sample: Sample, server: ServerSample) => format.Figure} value
 * @property {(sample: Sample, server: ServerSample) => string} more
 * @property {(sample: Sample, server: ServerSample) => 'good' | 'warn' | 'bad'} [level]
 */

/** @param {format.Figure} figure */
const text = (figure) => format.text(figure)

/** Turns and lags from here on are felt by others on the loop. */
const LONG_S = 0.05
const VERY_LONG_S = 0.25

/** @param {number | null} seconds */
function levelOf(seconds) {
  if (seconds === null || seconds < LONG_S) return 'good'
  return seconds < VERY_LONG_S ? 'warn' : 'bad'
}

/** @param {ServerSample} server */
const errorsOf = ({ handlerErrors, codecErrors, networkErrors }) =>
  handlerErrors + codecErrors + networkErrors

/** @type {readonly TileDefinition[]} */
const TILES = [
  {
    key: 'connections',
    title: 'Open connections',
    value: (_, { connections }) => format.count(connections),
    more: (_, { accepted, closed }) =>
      `+${text(format.perSecond(accepted))}, −${text(format.perSecond(closed))}`,
  },
  {
    key: 'received',
    title: 'Received',
    value: (_, { receivedBytes }) => format.bytesPerSecond(receivedBytes),
    more: (_, { receivedMessages }) => `${text(format.count(receivedMessages))} messages/s`,
  },
  {
    key: 'sent',
    title: 'Sent',
    value: (_, { sentBytes }) => format.bytesPerSecond(sentBytes),
    more: (_, { sentMessages }) => `${text(format.count(sentMessages))} messages/s`,
  },
  {
    key: 'queued',
    title: 'Queued output',
    value: (_, { queuedBytes }) => format.bytes(queuedBytes),
    more: (_, { crossings }) => `${text(format.count(crossings))} crossings/s`,
  },
  {
    key: 'turn',
    title: 'Turn duration, p99',
    value: ({ process }) => format.duration(process.turnP99),
    more: ({ process }) =>
      process.turns > 0
        ? `${text(format.count(process.events / process.turns))} events each, ${text(format.perSecond(process.turns))}`
        : 'no turns',
    level: ({ process }) => levelOf(process.turnP99),
  },
  {
    key: 'lag',
    title: 'Loop lag, p99',
    value: ({ process }) => format.duration(process.lagP99),
    more: ({ process }) =>
      `CPU ${text(format.percent(process.cpu))}, ${text(format.bytes(process.rssBytes))}`,
    level: ({ process }) => levelOf(process.lagP99),
  },
  {
    key: 'errors',
    title: 'Errors',
    value: (_, server) => format.perSecond(errorsOf(server)),
    more: (_, { refused }) => `${text(format.count(refused))} refused/s`,
    level: (_, server) => (server.handlerErrors > 0 ? 'bad' : errorsOf(server) > 0 ? 'warn' : 'good'),
  },
]

const tiles = TILES.map((definition) => {
  const value = element('span', '', '–')
  const unit = element('span', 'unit')
  const more = element('dd', 'more', '\u00a0')
  const list = element(
    'dl',
    '',
    element('dt', '', definition.title),
    element('dd', 'value', value, unit),
    more,
  )
  const tile = element('div', 'tile', list)
  tile.dataset.key = definition.key
  return { definition, tile, value, unit, more }
})

/** Puts the tiles into the page. */
export function showTiles() {
  byId('tiles').replaceChildren(...tiles.map(({ tile }) => tile))
}

/**
 * @param {Sample} sample
 * @param {string} name of the server
 */
export function fillTiles(sample, name) {
  const server = serverPart(sample, name)
  if (server === undefined) return
  for (const { definition, tile, value, unit, more } of tiles) {
    const figure = definition.value(sample, server)
    value.textContent = figure.value
    unit.textContent = figure.unit
    more.textContent = definition.more(sample, server)
    more.title = more.textContent
    tile.dataset.level = definition.level?.(sample, server) ?? 'good'
  }
}
