/** Yes or no, for each connection: bits of one number. */

/** `open` was called, or would have been: `close` will be. */
export const OPENED = 1
/** The user called `end`. */
export const USER_ENDED = 2
/** The reactor was told to stop reading. */
export const READ_PAUSED = 4
/** `write` returned false, and `drain` is to come. */
export const AWAITS_DRAIN = 8
/** `error` was called. */
export const FAILED = 16
/** The peer is to see a reset. */
export const WANTS_RESET = 32
/** The codec is at work on what was received, further down the stack. */
export const DECODING = 64
/** The peer has ended, and what it sent before is not delivered yet. */
export const END_WAITS = 128
/** A microtask will deliver what waits. */
export const DELIVERY_DUE = 256
/** The plugins let it in: their `close` will be called. */
export const ADMITTED = 512
/** `open` waits until `finishOpening`. */
export const OPENING_HELD = 1024
/** A message has come; without a codec, bytes. */
export const HAD_MESSAGE = 16384
/** A filter has ended the socket's sending half. */
export const RAW_ENDED = 2048
/** A filter is at work (a TLS handshake, the header of a proxy) and reads, whatever waits for its result. */
export const FILTER_READS = 4096
/** A handler's promise is not settled, which holds nothing back: an iterator or a stream takes the messages. */
export const HANDLER_RUNS = 8192
