/** The bytes that a call sends or fills: any ArrayBufferView. */
import { invalidArgType } from '../errors.js'

// The intrinsic getters: a subclass may have one of its own, which would run in the midst of a call.
const typedArrayLength = getter(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength')
const dataViewLength = getter(DataView.prototype, 'byteLength')

/**
 * How many bytes `value` has.
 *
 * @throws TypeError where it is no ArrayBufferView, or a DataView whose memory was detached
 */
export function byteLengthOf(value: unknown, name: string): number {
  if (!ArrayBuffer.isView(value)) {
    throw invalidArgType(name, 'an ArrayBufferView (Buffer, Uint8Array, DataView, …)', value)
  }
  return Reflect.apply(value instanceof DataView ? dataViewLength : typedArrayLength, value, [])
}

/** The views of an array, which may be changed while the call waits, and the length of each. */
export interface Views {
  views: ArrayBufferView[]
  lengths: number[]
  total: number
}

/** @throws TypeError */
export function checkViews(value: unknown, name: string): Views {
  if (!Array.isArray(value)) throw invalidArgType(name, 'an array of ArrayBufferViews', value)
  const views: ArrayBufferView[] = Array.from(value)
  const lengths = views.map((view, index) => byteLengthOf(view, `${name}[${index}]`))
  return { views, lengths, total: lengths.reduce((sum, length) => sum + length, 0) }
}

function getter(prototype: object, name: string): () => number {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as () => number
}
