/** Bytes for values, as the run's pattern. */
export function testValues(longest: number) {
  const bytes = Buffer.from(Array.from({ length: 251 + longest }, (_, i) => ((i % 251) * 7 + 3) & 0xff))
  return { bytes, startOf: (key: number) => (key * 7919) % 251 }
}

export function sizes(...all: number[]) {
  let at = 0
  const next = () => all[at++ % all.length] as number
  return all.length === 1 ? { next, fixed: all[0] as number } : { next }
}
