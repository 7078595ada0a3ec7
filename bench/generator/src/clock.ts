/** The clock of all latencies: nanoseconds, monotonic, with the same beginning in all threads of the process. */

// performance.now() begins with its thread, and is far cheaper than process.hrtime.
const offsetNs = Number(process.hrtime.bigint()) - performance.now() * 1e6

/** Now, in nanoseconds; good to a tenth of a microsecond. */
export function nowNs(): number {
  return performance.now() * 1e6 + offsetNs
}
