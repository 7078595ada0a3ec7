/** From a protocol's name to its conversations. */
import type { Options } from '../options.js'
import { UsageError } from '../usage-error.js'
import { prepareEcho } from './echo.js'
import type { OpenConversation } from './protocol.js'

/** @throws UsageError for flags that the protocol cannot take */
export async function prepareProtocol(options: Options): Promise<OpenConversation> {
  switch (options.protocol) {
    case 'tcp':
    case 'unix':
      return prepareEcho(options)
    default:
      throw new UsageError(`${options.protocol} is not spoken yet`)
  }
}
