export { UsageError } from '../generator/dist/usage-error.js'
