/** Addresses that are not to be talked to (`net.BlockList`). */
import { BlockList } from 'node:net'
import { invalidType } from './arguments.js'

export function checkBlockList(value: unknown, name: string): BlockList {
  const { isBlockList } = BlockList as unknown as { isBlockList?: (value: unknown) => boolean }
  const isOne = isBlockList === undefined ? value instanceof BlockList : isBlockList(value)
  if (!isOne) throw invalidType(name, 'an net.BlockList', value)
  return value as BlockList
}
