/** Classes that are functions, as Node's are: programs call them without `new`, and by `call` in constructors of their own. */

type Class = abstract new (...args: never[]) => object

/** Makes a function the constructor of a class's instances. */
export function makeClass(name: string, construct: object, methods: Class, base: Class): void {
  const { prototype } = methods
  Object.setPrototypeOf(construct, base)
  Object.defineProperties(construct, {
    name: { value: name },
    prototype: { value: prototype, writable: false },
  })
  Object.defineProperty(prototype, 'constructor', { value: construct, writable: true, configurable: true })
}

/**
 * Has `instanceof` hold for instances of Node's class as well: with the register hook a program's `net` is ours, and what
 * `node:http` hands it is Node's. A class that inherits from ours asks as ever.
 */
export function takeForOurs(construct: object, nodes: Class): void {
  const isOne = Function.prototype[Symbol.hasInstance]
  Object.defineProperty(construct, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      return isOne.call(this as never, value) || (this === construct && value instanceof nodes)
    },
  })
}
