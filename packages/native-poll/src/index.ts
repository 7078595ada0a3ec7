export * from './binding.js'
export * from './datagrams.js'
export { loadBinding } from './load.js'
export * from './rings.js'
