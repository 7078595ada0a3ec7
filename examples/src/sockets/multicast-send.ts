/**
 * Sends a datagram to a multicast group through one interface:
 * multicast-send.js --group G --port P --interface ADDRESS --message M
 */
import { AF_INET, SOCK_DGRAM, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const flags = readFlags({ group: '239.1.2.3', port: 7000, interface: '127.0.0.1', message: 'hello' })
using sender = socket(AF_INET, SOCK_DGRAM)
sender.setsockopt('IPPROTO_IP', 'IP_MULTICAST_IF', { interfaceAddress: flags.interface })
sender.setsockopt('IPPROTO_IP', 'IP_MULTICAST_TTL', 1) // not past the first router
sender.setsockopt('IPPROTO_IP', 'IP_MULTICAST_LOOP', true) // members on this host get it too
await sender.sendto(Buffer.from(flags.message), 0, { host: flags.group, port: flags.port })
