/** The socket's side of TLS: ciphertext, as the Duplex that Node's TLS wants. */
import { Duplex } from 'node:stream'
import type { AnyConnection } from '../connection/connection.js'

type WriteDone = (error?: Error | null) => void

export class Wire extends Duplex {
  private readonly connection: AnyConnection
  /** A write that waits for the socket's queue. */
  private writing: WriteDone | undefined = undefined

  constructor(connection: AnyConnection) {
    super()
    this.connection = connection
  }

  /** Nothing to do: TLS takes whatever comes, and the connection stops reading where somebody holds it. */
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    if (this.connection.rawWrite(chunk)) done()
    else this.writing = done
  }

  override _writev(chunks: { chunk: Buffer }[], done: WriteDone): void {
    let flows = true
    for (const { chunk } of chunks) flows = this.connection.rawWrite(chunk)
    if (flows) done()
    else this.writing = done
  }

  override _final(done: WriteDone): void {
    this.connection.rawEnd()
    done()
  }

  /** The socket's queue has drained. */
  drained(): void {
    const done = this.writing
    this.writing = undefined
    done?.()
  }
}
