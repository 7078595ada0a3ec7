/**
 * Node's permission model (https://nodejs.org/api/permissions.html): Node holds its own sockets to `--allow-net`, and nobody
 * but us ours.
 */
import type { Remote } from './connecting/dial.js'
import { NODE_MAJOR } from './versions.js'

const CODE = 'ERR_ACCESS_DENIED'
const TEXT = 'Access to this API has been restricted. Use --allow-net to manage permissions.'

/** Older ones have no permission of that name, and let everybody use the network. */
const KNOWS_NET = NODE_MAJOR >= 25

function isDenied(): boolean {
  return KNOWS_NET && process.permission !== undefined && !process.permission.has('net')
}

/** @param resource a path @throws Error ERR_ACCESS_DENIED where the process may not use the network */
export function checkPermission(resource = ''): void {
  if (isDenied()) throw denial(resource)
}

function denial(resource: string): Error {
  return Object.assign(new Error(TEXT), { code: CODE, permission: 'Net', resource })
}

/** What a connection fails with where the process may not use the network. */
export function deniedConnection({ address, port }: Remote): Error | undefined {
  if (!isDenied()) return undefined
  const error = new Error(`connect ${CODE} ${TEXT}`)
  Object.assign(error, { errno: denial(address), code: CODE, syscall: 'connect', address })
  return port ? Object.assign(error, { port }) : error
}
