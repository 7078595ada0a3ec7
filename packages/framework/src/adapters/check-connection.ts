/** What users hand to an adapter. */
import { invalidArgType } from '@pollux/core'
import { Connection } from '../connection/connection.js'

/** @throws TypeError for anything but a connection */
export function checkConnection(connection: unknown): void {
  if (!(connection instanceof Connection)) {
    throw invalidArgType('connection', 'an instance of Connection', connection)
  }
}
