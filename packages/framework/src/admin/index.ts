/** The admin server: entry point of `@pollux/framework/admin`. */
export { Admin, type AdminOptions, createAdmin } from './admin.js'
export type { MetricsSource } from './routes.js'
