/** The bytes that a call sends or fills: any ArrayBufferView. */
import { isDataView } from 'node:util/types'
import { invalidArgType, invalidArgValue } from '../errors.js'
import { checkArray } from '../validate.js'

// The intrinsic getters: a subclass may have one of its own, which would run in the midst of a call.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype)
const typedArrayLength = getter(typedArray, 'byteLength')
const dataViewLength = getter(DataView.prototype, 'byteLength')

/**
 * How many bytes `value` has.
 *
 * @throws TypeError where it is no ArrayBufferView, or its memory was detached or shrunk
 */
export function byteLengthOf(value: unknown, name: string): number {
  if (!ArrayBuffer.isView(value)) {
    throw invalidArgType(name, 'an ArrayBufferView (Buffer, Uint8Array, DataView, …)', value)
  }
  try {
    if (isDataView(value)) return Reflect.apply(dataViewLength, value, [])
    const length = Reflect.apply(typedArrayLength, value, [])
    // Without memory it has length 0; this, which finds nothing in what is empty, throws then.
    if (length === 0) Reflect.apply(typedArray.indexOf, value, [0])
    return length
  } catch {
    throw invalidArgValue(name, 'must have its memory, which was detached or shrunk', value)
  }
}

/** `value` if it is an ArrayBufferView with its memory. @throws TypeError */
export function checkView(value: unknown, name: string): ArrayBufferView {
  byteLengthOf(value, name)
  return value as ArrayBufferView
}

/** The views of an array, which may be changed while the call waits, and the length of each. */
export interface Views {
  views: ArrayBufferView[]
  lengths: number[]
  total: number
}

/** @throws TypeError */
export function checkViews(value: unknown, name: string): Views {
  const lengths: number[] = []
  const views = checkArray(value, name, 'an array of ArrayBufferViews', (view, nameOfView) => {
    lengths.push(byteLengthOf(view, nameOfView))
    return view as ArrayBufferView
  })
  return { views, lengths, total: lengths.reduce((sum, length) => sum + length, 0) }
}

function getter(prototype: object, name: string): () => number {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as () => number
}
