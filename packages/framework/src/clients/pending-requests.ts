/** Requests that were sent and whose answers are to come: which answer is whose. */
import { invalidArgType, invalidArgValue } from '@pollux/core'
import { Fifo } from './fifo.js'
import type { Request } from './request.js'

/** What a protocol names its requests by. */
export type RequestId = string | number | bigint

/** Where requests wait for their answers. */
export interface PendingRequests<In, Out> {
  /** How many the peer is believed to be at work on. */
  readonly length: number
  /** @throws TypeError for a request that can't be told from others */
  check(request: Request<In, Out>): void
  add(request: Request<In, Out>): void
  /**
   * Whose answer it is, and takes that request out.
   *
   * @returns undefined: nobody waits for it any more; null: nobody ever asked for it
   */
  take(answer: In): Request<In, Out> | undefined | null
  /** Its caller waits no more, though the answer may still come. */
  giveUp(request: Request<In, Out>): void
  /** Takes one out, for its failure; undefined if none is left. */
  shift(): Request<In, Out> | undefined
}

/** Answers come in the order of the requests, so that a request keeps its place until its answer has come. */
export class InOrder<In, Out> implements PendingRequests<In, Out> {
  private readonly requests = new Fifo<Request<In, Out>>()

  get length(): number {
    return this.requests.length
  }

  check(): void {}

  add(request: Request<In, Out>): void {
    this.requests.push(request)
  }

  take(): Request<In, Out> | undefined | null {
    const request = this.requests.shift()
    if (request === undefined) return null
    return request.isSettled ? undefined : request
  }

  giveUp(): void {}

  shift(): Request<In, Out> | undefined {
    return this.requests.shift()
  }
}

/** So many requests that were given up are remembered, so that their late answers are known for what they are. */
const MAX_REMEMBERED = 1024

/** Answers name their requests, and come in any order. */
export class ById<In, Out> implements PendingRequests<In, Out> {
  private readonly requests = new Map<RequestId, Request<In, Out>>()
  /** Bounded, and not counted: a peer that leaves requests unanswered is not to block others. */
  private readonly givenUp = new Set<RequestId>()
  private readonly idOf: (message: In | Out) => RequestId | undefined

  constructor(idOf: (message: In | Out) => RequestId | undefined) {
    this.idOf = idOf
  }

  get length(): number {
    return this.requests.size
  }

  check(request: Request<In, Out>): void {
    const id = this.idOf(request.message)
    if (id === undefined) throw invalidArgType('id', 'of a request, by `idOf`', id)
    if (this.requests.has(id) || this.givenUp.has(id)) {
      throw invalidArgValue('id', 'must be another one: the answer to an earlier request may still come', id)
    }
    request.id = id
  }

  add(request: Request<In, Out>): void {
    this.requests.set(request.id as RequestId, request)
  }

  take(answer: In): Request<In, Out> | undefined | null {
    const id = this.idOf(answer)
    if (id === undefined) return null
    const request = this.requests.get(id)
    if (request === undefined) return this.givenUp.delete(id) ? undefined : null
    this.requests.delete(id)
    return request
  }

  giveUp(request: Request<In, Out>): void {
    const id = request.id as RequestId
    if (!this.requests.delete(id)) return
    this.givenUp.add(id)
    if (this.givenUp.size <= MAX_REMEMBERED) return
    const [oldest] = this.givenUp
    this.givenUp.delete(oldest)
  }

  shift(): Request<In, Out> | undefined {
    const [request] = this.requests.values()
    if (request !== undefined) this.requests.delete(request.id as RequestId)
    return request
  }
}
