export * from './binding.js'
export { loadBinding } from './load.js'
export * from './names.js'
export * from './rings.js'
