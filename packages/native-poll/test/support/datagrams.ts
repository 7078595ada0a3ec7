// Datagram sockets of a raw reactor: opened, and their batches taken apart while they are valid.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  DATAGRAM_HEAD_BYTES,
  DATAGRAM_HEADER_BYTES,
  DatagramWord,
  RECORD_ADDRESS_BYTES,
} from '@pollux/native-poll'
import { afterEach } from 'vitest'
import { binding, constants, type RawReactor, type SeenEvent } from './raw_reactor.js'
import { ok, portOf } from './server.js'

const peers = new Set<Socket>()

/** Closes the node:dgram sockets of each test. To be called after checkFds(): hooks run in the reverse order. */
export function closeDatagramPeers() {
  afterEach(() => {
    for (const peer of peers) peer.close()
    peers.clear()
  })
}

/** A node:dgram socket on this machine. */
export async function datagramPeer(): Promise<{ socket: Socket; port: number; received: Buffer[] }> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
  peers.add(socket)
  const received: Buffer[] = []
  socket.on('message', (bytes) => received.push(bytes))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { socket, port: socket.address().port, received }
}

/** The sockaddr of an IPv4 address. */
export function encoded(address: string, port: number): Uint8Array<ArrayBuffer> {
  const memory = new ArrayBuffer(RECORD_ADDRESS_BYTES)
  return new Uint8Array(memory, 0, ok(binding.encodeAddress(memory, 0, address, port, 0)))
}

/** The way back. */
export function decoded(sockaddr: Uint8Array) {
  return binding.decodeAddress(sockaddr.buffer as ArrayBuffer, sockaddr.byteOffset, sockaddr.byteLength)
}

export interface OpenOptions {
  maxBytes?: number
  maxQueued?: number
  gro?: boolean
  gso?: boolean
}

/** A UDP socket of the reactor on 127.0.0.1. */
export function openUdp(reactor: RawReactor, options: OpenOptions = {}) {
  const { maxBytes = 2048, maxQueued = 1 << 20, gro = false, gso = false } = options
  const socket = ok(reactor.native.socket(constants.AF_INET, constants.SOCK_DGRAM, 0))
  ok(reactor.native.bindIp(socket, '127.0.0.1', 0, 0))
  const stride = ok(reactor.native.openDatagrams(socket, maxBytes, maxQueued, gro, gso))
  return { socket, stride, port: portOf(reactor, socket) }
}

export interface SeenDatagram {
  /** Offset of its header. */
  header: number
  bytes: Buffer
  sockaddr: Buffer
  segmentBytes: number
  flags: number
}

/** The datagrams of a DATAGRAMS event, copied; only inside the dispatch that brought it. */
export function datagramsOf(reactor: RawReactor, event: SeenEvent, stride: number): SeenDatagram[] {
  return Array.from({ length: event.b }, (_, i) => {
    const header = event.a + i * stride
    const words = new Int32Array(reactor.slab.slice(header, header + DATAGRAM_HEADER_BYTES))
    const at = header + DATAGRAM_HEAD_BYTES
    const address = header + DATAGRAM_HEADER_BYTES
    return {
      header,
      bytes: Buffer.from(reactor.slab.slice(at, at + words[DatagramWord.BYTES])),
      sockaddr: Buffer.from(reactor.slab.slice(address, address + words[DatagramWord.ADDRESS_BYTES])),
      segmentBytes: words[DatagramWord.SEGMENT_BYTES],
      flags: words[DatagramWord.FLAGS],
    }
  })
}
