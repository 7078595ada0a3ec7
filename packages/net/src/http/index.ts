/** `node:http`, `node:https` and `node:http2` on sockets of this package. */
export { Agent, HttpsAgent } from './agent.js'
export { attach } from './attach.js'
