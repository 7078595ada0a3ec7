/** Numbers as people read them: three digits that matter. */

/** `4.71 M`, `309 k`, `39.5 k`, `395`. */
export function count(value: number): string {
  if (value >= 999.5e6) return `${digits(value / 1e9)} G`
  if (value >= 999.5e3) return `${digits(value / 1e6)} M`
  if (value >= 9999.5) return `${digits(value / 1e3)} k`
  return value >= 1000 ? grouped(value) : digits(value)
}

/** `47 B`, `1,781 B`, `18.4 KiB`, `2.10 MiB`. */
export function bytes(value: number): string {
  if (Math.abs(value) >= 2 ** 30) return `${digits(value / 2 ** 30)} GiB`
  if (Math.abs(value) >= 2 ** 20) return `${digits(value / 2 ** 20)} MiB`
  if (Math.abs(value) >= 9999.5) return `${digits(value / 2 ** 10)} KiB`
  return `${grouped(value)} B`
}

/** Of microseconds: `0.56 µs`, `171 µs`, `1.20 ms`, `2.50 s`. */
export function time(us: number): string {
  if (us >= 999.5e3) return `${digits(us / 1e6)} s`
  if (us >= 999.5) return `${digits(us / 1e3)} ms`
  return `${digits(us)} µs`
}

/** `0.56`, `1.20`, `17.1`, `171`, and no more than three digits of what is below 1,000. */
export function digits(value: number): string {
  const size = Math.abs(value)
  if (value === 0) return '0'
  return size >= 99.95 ? value.toFixed(0) : size >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}

/** As `digits`, without zeros at the end: for ticks of an axis. */
export function tick(value: number, format: (value: number) => string = count): string {
  return format(value)
    .replace(/(\.\d*?)0+(?= |$)/, '$1')
    .replace(/\.(?= |$)/, '')
}

/** `18,000`. */
export function grouped(value: number): string {
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',')
}
