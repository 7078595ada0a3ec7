// A script of pollux-bench: SETs of memcached's protocol.
import { converse } from './memcache.mjs'

export default converse(
  (key, value) => `set ${key} 0 0 ${value.length}\r\n${value}\r\n`,
  () => 'STORED\r\n',
)
