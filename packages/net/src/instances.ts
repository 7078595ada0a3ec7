/**
 * Has `instanceof` of a class of ours hold for those of Node's as well: with the register hook a program's `net` is ours,
 * and what `node:http` hands it is Node's. A class that inherits from ours asks as ever.
 */
export function countNodesToo(ours: object, nodes: abstract new (...args: never[]) => object): void {
  const isOne = Function.prototype[Symbol.hasInstance]
  Object.defineProperty(ours, Symbol.hasInstance, {
    value(this: unknown, value: unknown) {
      return isOne.call(this as never, value) || (this === ours && value instanceof nodes)
    },
  })
}
