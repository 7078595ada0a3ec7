import { getSystemErrorName } from 'node:util'

/** 'ECONNRESET' for 104 or -104. */
export function errnoName(errno: number): string {
  return getSystemErrorName(-Math.abs(errno))
}
