/** Bytes for values, as the run's pattern. */
export function testValues(longest: number) {
  const bytes = Buffer.from(Array.from({ length: 251 + longest }, (_, i) => ((i % 251) * 7 + 3) & 0xff))
  return { bytes, startOf: (key: number) => (key * 7919) % 251 }
}
