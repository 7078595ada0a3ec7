import { STATUS_CODES } from 'node:http'

/** A request that is answered with a status of its own, by the server or by a handler that throws it. */
export class HttpError extends Error {
  override readonly name = 'HttpError'

  constructor(readonly status: number) {
    super(STATUS_CODES[status])
  }
}
