// A server in a process of its own: told what to do line by line, and what it says is JSON, a line each.
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Child, patiently } from '../support/raw.js'

export const fixtureOf = (name: string) => fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url))

/** What a program answers. */
export type Answer = Record<string, unknown> & { port: number }

export class Program {
  private readonly answers: Answer[] = []
  private awaiting: ((answer: Answer) => void)[] = []

  constructor(readonly child: Child) {
    createInterface({ input: child.process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const answer = JSON.parse(line)
      const next = this.awaiting.shift()
      if (next === undefined) this.answers.push(answer)
      else next(answer)
    })
  }

  static start(fixture: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
    return new Program(Child.node([fixtureOf(fixture), ...args], env))
  }

  /** How many descriptors it has, as the kernel counts. */
  get fds(): number {
    return readdirSync(`/proc/${this.child.process.pid}/fd`).length
  }

  /** The next that it says. */
  next(): Promise<Answer> {
    const there = this.answers.shift()
    if (there !== undefined) return Promise.resolve(there)
    const said = new Promise<Answer>((resolve) => this.awaiting.push(resolve))
    return patiently(said, () => `an answer of the program: ${this.child.errors}`)
  }

  /** Tells it a word, and waits for the answer. */
  tell(word: string): Promise<Answer> {
    this.child.process.stdin?.write(`${word}\n`)
    return this.next()
  }
}
