/** Every option that has a name here, and the types that follow from it. What an option is stands in this table only. */
import { IPPROTO_IP, IPPROTO_IPV6 } from './ip-level.js'
import type { OptionType } from './option-type.js'
import { SOL_SOCKET } from './socket-level.js'
import { IPPROTO_TCP, IPPROTO_UDP } from './transport-level.js'

/** The options by level, under the system's own names. */
export const SOCKET_OPTIONS = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP }

/** The same as a type. */
export type OptionTable = typeof SOCKET_OPTIONS

/** Which protocol an option belongs to. */
export type OptionLevel = keyof OptionTable

/** The value that reading an option gives; `never` where it can only be set. */
export type OptionValue<Level extends OptionLevel, Name> = Name extends keyof OptionTable[Level]
  ? OptionTable[Level][Name] extends OptionType<never, infer Get>
    ? Get
    : never
  : never

/** The value that an option is set to; `never` where it can only be read. */
export type OptionInput<Level extends OptionLevel, Name> = Name extends keyof OptionTable[Level]
  ? OptionTable[Level][Name] extends OptionType<infer Set, unknown>
    ? Set
    : never
  : never

/** The options of a level that can be read. */
export type ReadableOption<Level extends OptionLevel> = {
  [Name in keyof OptionTable[Level]]: [OptionValue<Level, Name>] extends [never] ? never : Name
}[keyof OptionTable[Level]]

/** The options of a level that can be set. */
export type SettableOption<Level extends OptionLevel> = {
  [Name in keyof OptionTable[Level]]: [OptionInput<Level, Name>] extends [never] ? never : Name
}[keyof OptionTable[Level]]
