/** Decimal numbers, added without rounding: 0.1 and 0.2 is 0.3, as with the wide floats of Redis. */

const FLOAT = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?$/

/** As many digits behind the point as Redis gives. */
const DIGITS = 17

/** What a long double holds; farther numbers are infinite, and too long to write out. */
const MAX_EXPONENT = 4932

/** In units of 10^-17; undefined if it is no number. */
export function parseDecimal(text: string): bigint | undefined {
  const found = FLOAT.exec(text)
  if (found === null || (found[2] === '' && found[3] === '')) return undefined
  const [, sign, whole, fraction, exponent = '0'] = found
  const shift = DIGITS + Number(exponent) - fraction.length
  if (shift + whole.length + fraction.length > MAX_EXPONENT) return undefined
  let value = BigInt(whole + fraction)
  if (shift >= 0) value *= 10n ** BigInt(shift)
  else value = (value + 10n ** BigInt(-shift) / 2n) / 10n ** BigInt(-shift)
  return sign === '-' ? -value : value
}

export function formatDecimal(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(DIGITS + 1, '0')
  const fraction = digits.slice(-DIGITS).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -DIGITS)}${fraction === '' ? '' : `.${fraction}`}`
}
