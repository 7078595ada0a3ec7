/** What a server takes and tells. */
import type { ServerOpts } from 'node:net'

/** What the constructor takes. */
export interface ServerOptions extends ServerOpts {
  captureRejections?: boolean
}

/** What `drop` tells of a connection that was one too many. */
export interface DropArgument {
  localAddress?: string
  localPort?: number
  localFamily?: string
  remoteAddress?: string
  remotePort?: number
  remoteFamily?: string
}
