/** A database: keys with values of four types, and their expiry. */
import { type Entry, Keyspace, type Value } from './keyspace.js'
import { List } from './list.js'
import { MemberSet } from './member-set.js'
import { ReplyError } from './reply.js'
import type { Request } from './request.js'

const WRONG_TYPE = new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value')

/** How often keys that nobody asks for are looked through, how many at a time, and how long that may take. */
export const EXPIRY_INTERVAL_MS = 100
const SAMPLE = 20
const MAX_EXPIRY_MS = 5

export type TypeName = 'string' | 'hash' | 'list' | 'set'

export function typeName(value: Value): TypeName {
  if (typeof value === 'string') return 'string'
  if (value instanceof Map) return 'hash'
  return value instanceof List ? 'list' : 'set'
}

export class Database {
  readonly keys = new Keyspace()
  /** When entries are over, in ms since 1970. */
  readonly expiring = new Map<Entry, number>()
  private sampled: Iterator<Entry> = this.expiring.keys()

  /** The entry of a request's argument, unless it has expired. */
  find(request: Request, index: number): Entry | undefined {
    return this.alive(this.keys.findArgument(request, index))
  }

  findKey(key: string): Entry | undefined {
    return this.alive(this.keys.find(key))
  }

  /** The string at a request's argument. Throws what the client is to be told of another type. */
  string(request: Request, index: number): string | undefined {
    const value = this.find(request, index)?.value
    if (value === undefined || typeof value === 'string') return value
    throw WRONG_TYPE
  }

  hash(request: Request, index: number): Map<string, string> | undefined {
    const value = this.find(request, index)?.value
    if (value === undefined || value instanceof Map) return value
    throw WRONG_TYPE
  }

  list(request: Request, index: number): List | undefined {
    const value = this.find(request, index)?.value
    if (value === undefined || value instanceof List) return value
    throw WRONG_TYPE
  }

  set(request: Request, index: number): MemberSet | undefined {
    const value = this.find(request, index)?.value
    if (value === undefined || value instanceof MemberSet) return value
    throw WRONG_TYPE
  }

  /** Gives a key a value, whatever it had; it does not expire any more. */
  put(request: Request, index: number, value: Value): Entry {
    const entry = this.keys.findArgument(request, index)
    if (entry === undefined) return this.keys.add(request.text(index), value)
    entry.value = value
    if (entry.expires) this.expireAt(entry, 0)
    return entry
  }

  /** Gives a key another value; when it expires stays as it is. */
  update(request: Request, index: number, value: Value): void {
    const entry = this.find(request, index)
    if (entry === undefined) this.keys.add(request.text(index), value)
    else entry.value = value
  }

  delete(entry: Entry): void {
    this.keys.delete(entry)
    if (entry.expires) this.expiring.delete(entry)
  }

  /** Empty hashes, lists and sets are no values. */
  deleteIfEmpty(request: Request, index: number, size: number): void {
    const entry = size === 0 ? this.find(request, index) : undefined
    if (entry !== undefined) this.delete(entry)
  }

  /** @param atMs in ms since 1970; 0: never */
  expireAt(entry: Entry, atMs: number): void {
    entry.expires = atMs !== 0
    if (entry.expires) this.expiring.set(entry, atMs)
    else this.expiring.delete(entry)
  }

  /** When an entry is over, in ms since 1970; 0: never. */
  endOf(entry: Entry): number {
    return this.expiring.get(entry) ?? 0
  }

  clear(): void {
    this.keys.clear()
    this.expiring.clear()
  }

  /**
   * Deletes keys that are over, some at a time: as long as more than a quarter of those it looks at are, there are
   * likely to be more. Goes round all that end, where the last call stopped.
   */
  expireSome(): void {
    const startedMs = performance.now()
    let expired = SAMPLE
    while (expired > SAMPLE >> 2 && performance.now() - startedMs < MAX_EXPIRY_MS) {
      expired = 0
      for (let i = 0; i < SAMPLE; i++) {
        const { value: entry, done } = this.sampled.next()
        if (done) {
          this.sampled = this.expiring.keys()
          return
        }
        if (this.alive(entry) === undefined) expired++
      }
    }
  }

  private alive(entry: Entry | undefined): Entry | undefined {
    if (entry === undefined || !entry.expires || this.endOf(entry) > Date.now()) return entry
    this.delete(entry)
    return undefined
  }
}
