/**
 * Joins a multicast group on one interface, and prints what comes:
 * multicast-receive.js --group G --port P --interface ADDRESS
 */
import { AF_INET, isUnix, SOCK_DGRAM, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const flags = readFlags({ group: '239.1.2.3', port: 7000, interface: '127.0.0.1' })
const receiver = socket(AF_INET, SOCK_DGRAM)
receiver.setsockopt('SOL_SOCKET', 'SO_REUSEADDR', true) // other receivers on this host may have the port as well
// To the group, so that datagrams to the port's other addresses don't come.
receiver.bind({ host: flags.group, port: flags.port })
receiver.setsockopt('IPPROTO_IP', 'IP_ADD_MEMBERSHIP', {
  group: flags.group,
  interfaceAddress: flags.interface,
})
const bound = receiver.getsockname()
if (!isUnix(bound)) console.log(`listening on port ${bound.port}`)
const buffer = Buffer.alloc(65536)
for (;;) {
  const { bytes, address } = await receiver.recvfrom(buffer)
  if (address && !isUnix(address)) console.log(`${address.host}: ${buffer.toString('utf8', 0, bytes)}`)
}
