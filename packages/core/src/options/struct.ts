/** Values of C structs, packed and read by the names of their members. Where those stand the addon says. */
import { endianness } from 'node:os'
import type { NativeField, NativeLayout } from '@pollux/native-poll'
import { native } from '../native.js'

const LITTLE_ENDIAN = endianness() === 'LE'

/** The layout of a C struct, or undefined where this platform does not have it. */
export function layoutOf(struct: string): NativeLayout | undefined {
  return native.optionLayouts[struct]
}

/** The bytes of one value of a C struct. */
export class Struct {
  private readonly view: DataView

  private constructor(
    private readonly layout: NativeLayout,
    readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** All zero. */
  static make(layout: NativeLayout): Struct {
    return new Struct(layout, new Uint8Array(layout.bytes))
  }

  /** What the kernel filled, which may be less than the whole struct. */
  static read(layout: NativeLayout, bytes: Uint8Array): Struct {
    return new Struct(layout, bytes)
  }

  /** Whether the headers have the member and the kernel filled it. */
  has(member: string): boolean {
    const field = this.layout.fields[member]
    return field !== undefined && field.offset + field.bytes <= this.bytes.byteLength
  }

  /** A number; exact up to 2^53. */
  get(member: string): number {
    const { offset, bytes, signed, shift, bits } = this.field(member)
    const { view } = this
    switch (bytes) {
      case 1:
        return bits === 0 ? view.getUint8(offset) : (view.getUint8(offset) >> shift) & ((1 << bits) - 1)
      case 2:
        return signed ? view.getInt16(offset, LITTLE_ENDIAN) : view.getUint16(offset, LITTLE_ENDIAN)
      case 4:
        return signed ? view.getInt32(offset, LITTLE_ENDIAN) : view.getUint32(offset, LITTLE_ENDIAN)
      default:
        return Number(
          signed ? view.getBigInt64(offset, LITTLE_ENDIAN) : view.getBigUint64(offset, LITTLE_ENDIAN),
        )
    }
  }

  /** Sets a number, which the caller has checked to fit. */
  set(member: string, value: number): this {
    const { offset, bytes } = this.field(member)
    if (bytes === 4) this.view.setInt32(offset, value, LITTLE_ENDIAN)
    else if (bytes === 8) this.view.setBigInt64(offset, BigInt(value), LITTLE_ENDIAN)
    else if (bytes === 2) this.view.setInt16(offset, value, LITTLE_ENDIAN)
    else this.view.setInt8(offset, value)
    return this
  }

  /** Sets an address; one that is shorter than the member leaves the rest zero. */
  place(member: string, address: Uint8Array): this {
    this.bytes.set(address, this.field(member).offset)
    return this
  }

  private field(member: string): NativeField {
    const field = this.layout.fields[member]
    if (field === undefined) throw new Error(`no member ${member}`)
    return field
  }
}

/** A 64-bit number without a struct around it. */
export function readUint64(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, LITTLE_ENDIAN)
}
