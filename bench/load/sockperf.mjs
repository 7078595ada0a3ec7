// A script of pollux-bench: what sockperf's client says to its server, over tcp and udp. A message is its number (8 bytes),
// flags (2), its length (4), all of the network's order, and data up to 64 bytes. The server clears the flag that says
// that a client has sent it.
const LENGTH = 64
const FROM_CLIENT = 1
const ANSWER_WANTED = 2

export default (_connection, replied) => {
  const message = Buffer.alloc(LENGTH, 'x')
  message.writeUInt16BE(FROM_CLIENT | ANSWER_WANTED, 8)
  message.writeInt32BE(LENGTH, 10)
  let sent = 0
  let received = 0
  // Of a reply that came in pieces.
  let rest = Buffer.alloc(0)
  return {
    request(out) {
      message.writeBigUInt64BE(BigInt(++sent))
      out.write(message)
      return LENGTH
    },
    receive(bytes) {
      let all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      for (; all.length >= LENGTH; all = all.subarray(LENGTH)) {
        const number = Number(all.readBigUInt64BE())
        if (number !== ++received) throw new Error(`message ${number} in place of ${received}`)
        if (all.readUInt16BE(8) !== ANSWER_WANTED) throw new Error(`flags ${all.readUInt16BE(8)}`)
        replied()
      }
      rest = Buffer.from(all)
    },
  }
}
