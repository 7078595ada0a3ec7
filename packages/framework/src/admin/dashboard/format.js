// Numbers as people read them: three digits and a unit.

/** @typedef {{ value: string, unit: string }} Figure */

const NONE = { value: '–', unit: '' }

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const THOUSANDS = ['', 'k', 'M', 'G', 'T']

/**
 * @param {number} value below about a thousand
 * @returns {string}
 */
function threeDigits(value) {
  if (Number.isInteger(value) || value >= 100) return String(Math.round(value))
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/**
 * @param {number} value
 * @param {number} step from one unit to the next
 * @param {readonly string[]} units
 * @returns {Figure}
 */
function scaled(value, step, units) {
  let place = 0
  // What would round to the next unit is given in it.
  while (value >= step - step / 2000 && place < units.length - 1) {
    value /= step
    place++
  }
  return { value: threeDigits(value), unit: units[place] }
}

/** @type {(value: number | null | undefined) => Figure} */
export function bytes(value) {
  if (value == null) return NONE
  return scaled(value < 1 ? 0 : value < 1024 ? Math.round(value) : value, 1024, BINARY)
}

/** @type {(value: number | null | undefined) => Figure} */
export function bytesPerSecond(value) {
  const { value: text, unit } = bytes(value)
  return { value: text, unit: unit && `${unit}/s` }
}

/** @type {(value: number | null | undefined) => Figure} */
export function count(value) {
  return value == null ? NONE : scaled(value, 1000, THOUSANDS)
}

/** @type {(value: number | null | undefined) => Figure} */
export function perSecond(value) {
  const { value: text, unit } = count(value)
  return value == null ? NONE : { value: text, unit: `${unit}/s` }
}

/** @type {(seconds: number | null | undefined) => Figure} */
export function duration(seconds) {
  if (seconds == null) return NONE
  if (seconds === 0) return { value: '0', unit: 'ms' }
  if (seconds < 0.9995e-3) return { value: threeDigits(seconds * 1e6), unit: 'µs' }
  if (seconds < 0.9995) return { value: threeDigits(seconds * 1e3), unit: 'ms' }
  return { value: threeDigits(seconds), unit: 's' }
}

/** @type {(part: number | null | undefined) => Figure} */
export function percent(part) {
  return part == null ? NONE : { value: threeDigits(part * 100), unit: '%' }
}

/**
 * How long something has lasted: '4 s', '3 min 20 s', '2 h 5 min', '3 d 4 h'.
 *
 * @param {number} ms
 */
export function age(ms) {
  const seconds = Math.max(Math.floor(ms / 1000), 0)
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${minutes} min`
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`
  return `${seconds} s`
}

/** @type {(figure: Figure) => string} */
export function text({ value, unit }) {
  return unit.startsWith('/') || unit === '' ? value + unit : `${value} ${unit}`
}
