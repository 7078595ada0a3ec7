/** A set that can name a member at random without going through all of them. */
export class MemberSet {
  private readonly members: string[] = []
  private readonly places = new Map<string, number>()

  get size(): number {
    return this.members.length
  }

  has(member: string): boolean {
    return this.places.has(member)
  }

  /** Whether it is new. */
  add(member: string): boolean {
    if (this.places.has(member)) return false
    this.places.set(member, this.members.length)
    this.members.push(member)
    return true
  }

  /** Whether it was there. The last member takes its place. */
  delete(member: string): boolean {
    const place = this.places.get(member)
    if (place === undefined) return false
    const last = this.members.pop() as string
    this.places.delete(member)
    if (last !== member) {
      this.members[place] = last
      this.places.set(last, place)
    }
    return true
  }

  /** Some member of a set that is not empty. */
  random(): string {
    return this.members[Math.floor(Math.random() * this.members.length)]
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.members.values()
  }
}
