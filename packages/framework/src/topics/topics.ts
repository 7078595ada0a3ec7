/** Who has subscribed to what, on one server. */
import { invalidArgType } from '@pollux/core'
import type { Connection } from '../connection/connection.js'

const NOBODY: ReadonlySet<never> = new Set<never>()

/**
 * ```
 *   members:  topic ─▶ connections      for publish
 *   joined:   connection ─▶ topics      for its close
 * ```
 *
 * Only what is in use takes memory: a topic without members is forgotten, and so is a connection without topics.
 */
export class Topics<State, In, Out> {
  /** The members of each topic that has some. */
  readonly members = new Map<string, Set<Connection<State, In, Out>>>()
  private readonly joined = new Map<Connection<State, In, Out>, string[]>()

  join(topic: string, connection: Connection<State, In, Out>): void {
    checkTopic(topic)
    let members = this.members.get(topic)
    if (members === undefined) {
      members = new Set()
      this.members.set(topic, members)
    }
    if (members.has(connection)) return
    members.add(connection)
    const topics = this.joined.get(connection)
    if (topics === undefined) this.joined.set(connection, [topic])
    else topics.push(topic)
  }

  /** Whether it was a member. */
  leave(topic: string, connection: Connection<State, In, Out>): boolean {
    checkTopic(topic)
    if (!this.removeMember(topic, connection)) return false
    const topics = this.joined.get(connection) as string[]
    if (topics.length === 1) this.joined.delete(connection)
    else topics.splice(topics.indexOf(topic), 1)
    return true
  }

  /** It has closed. */
  leaveAll(connection: Connection<State, In, Out>): void {
    const topics = this.joined.get(connection)
    if (topics === undefined) return
    this.joined.delete(connection)
    for (const topic of topics) this.removeMember(topic, connection)
  }

  /** Those who get what is published there. */
  membersOf(topic: string): ReadonlySet<Connection<State, In, Out>> {
    return this.members.get(topic) ?? NOBODY
  }

  of(connection: Connection<State, In, Out>): readonly string[] {
    return [...(this.joined.get(connection) ?? [])]
  }

  private removeMember(topic: string, connection: Connection<State, In, Out>): boolean {
    const members = this.members.get(topic)
    if (members === undefined || !members.delete(connection)) return false
    if (members.size === 0) this.members.delete(topic)
    return true
  }
}

export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic !== 'string') throw invalidArgType('topic', 'of type string', topic)
}
