/** When connections were opened, without a time stamp on each of them. */

/** Past so many marks every second one is forgotten, the newest excepted. */
const MOST_MARKS = 4096

/**
 * Connections are numbered in the order in which they open. Who notes from time to time which number was the last one
 * knows of every connection between which two notes it was opened; a hundred thousand idle connections pay nothing for it.
 */
export class Births {
  private ids: number[] = [0]
  private times: number[]

  /** @param nowMs older than this is nothing that will be asked for, as far as is known */
  constructor(nowMs: number) {
    this.times = [nowMs]
  }

  /** At this time the newest connection had this number. */
  note(newestId: number, nowMs: number): void {
    const last = this.ids.length - 1
    if (newestId <= this.ids[last]) return
    this.ids.push(newestId)
    this.times.push(nowMs)
    if (this.ids.length > MOST_MARKS) this.thin()
  }

  /**
   * When the connection of this number was opened, at the latest: by the first note that knew of it. Undefined for one that
   * is newer than all notes.
   */
  timeOf(id: number): number | undefined {
    const { ids, times } = this
    let low = 0
    let high = ids.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ids[middle] < id) low = middle + 1
      else high = middle
    }
    return times[low]
  }

  private thin(): void {
    const stays = (_: number, i: number) => i % 2 === 0 || i > MOST_MARKS / 2
    this.ids = this.ids.filter(stays)
    this.times = this.times.filter(stays)
  }
}
