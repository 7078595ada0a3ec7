export * from './binding.js'
export { loadBinding } from './load.js'
export * from './messages.js'
export * from './rings.js'
