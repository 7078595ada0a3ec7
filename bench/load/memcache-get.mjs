// A script of pollux-bench: GETs of memcached's protocol. Every key is there.
import { converse } from './memcache.mjs'

export default converse(
  (key) => `get ${key}\r\n`,
  (key, value) => `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`,
)
