/** From a protocol's name to its conversations. */

import type { Options } from '../options.js'
import { PATTERN_STARTS, Pattern } from '../pattern.js'
import { prepareEcho } from './echo.js'
import { prepareHttp } from './http.js'
import { prepareNumbered } from './numbered.js'
import type { OpenConversation } from './protocol.js'
import { prepareResp } from './resp.js'
import { loadScript } from './script.js'
import type { Values } from './template.js'

/** @throws UsageError for flags that the protocol cannot take */
export async function prepareProtocol(options: Options): Promise<OpenConversation> {
  const { protocol, script, sizes, keys, verify, seed } = options
  if (script !== undefined) return loadScript(script, protocol)
  switch (protocol) {
    case 'tcp':
    case 'unix':
      return prepareEcho(options)
    case 'udp':
      return prepareNumbered(options)
    case 'http':
      return prepareHttp({
        ...options.http,
        host: hostOf(options),
        sizes,
        keys,
        values: valuesOf(options),
        verify,
        seed,
      })
    case 'resp':
      return prepareResp({ ...options.resp, sizes, keys, values: valuesOf(options), verify, seed })
  }
}

/** What `{size}` is filled with: pieces of the pattern. */
function valuesOf({ sizes }: Options): Values {
  const pattern = new Pattern(sizes.largest)
  return { bytes: pattern.bytes, startOf: (key) => pattern.offset(key % PATTERN_STARTS) }
}

/** For the header `host`, without the scheme and the path that a target may have. */
function hostOf({ endpoint }: Options): string {
  if ('path' in endpoint) return 'localhost'
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`
}
