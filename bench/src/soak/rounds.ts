/** What one round of the soak test does: which server, which clients, which misfortunes. */
import { Random } from './random.js'

export const FRAMINGS = ['raw', 'lines', 'delimited', 'lengthPrefixed', 'fixed', 'netstring', 'json'] as const
export type Framing = (typeof FRAMINGS)[number]

/** What becomes of a message. */
export const HANDLERS = ['answer', 'answer later', 'throw now and then', 'tell everyone'] as const
export type Handler = (typeof HANDLERS)[number]

/** What is between the clients and the server. */
export const FRONTS = ['nothing', 'a proxy', 'tls'] as const
export type Front = (typeof FRONTS)[number]

/** What befalls the server beside its clients. */
export const MISFORTUNES = ['none', 'no descriptors', 'failing calls', 'dying workers'] as const
export type Misfortune = (typeof MISFORTUNES)[number]

/** How clients behave. The first one sends, wants everything back, and ends. */
export const BEHAVIOURS = [
  'polite',
  'half-closing',
  'resetting',
  'slow to read',
  'dripping',
  'garbage',
  'leaving',
] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

export interface Round {
  seed: number
  unix: boolean
  front: Front
  framing: Framing
  handler: Handler
  borrow: boolean
  guards: 'none' | 'limits' | 'overload' | 'timeouts'
  misfortune: Misfortune
  clients: number
  seconds: number
}

export function planRound(seed: number, seconds: number, fronts: readonly Front[]): Round {
  const random = new Random(seed)
  const misfortune = random.chance(0.4) ? random.pick(MISFORTUNES) : 'none'
  return {
    seed,
    unix: random.chance(0.3),
    front: misfortune !== 'dying workers' && random.chance(0.4) ? random.pick(fronts) : 'nothing',
    framing: random.pick(FRAMINGS),
    handler: random.pick(HANDLERS),
    borrow: random.chance(0.5),
    guards: random.pick(['none', 'none', 'limits', 'overload', 'timeouts']),
    misfortune,
    clients: random.between(10, 60),
    seconds,
  }
}

/** Whether a polite client must get everything back: nothing in this round closes its connection. */
export function isGentle({ handler, guards, misfortune }: Round): boolean {
  return misfortune === 'none' && guards === 'none' && (handler === 'answer' || handler === 'answer later')
}

export function describeRound(round: Round): string {
  const { unix, front, framing, handler, borrow, guards, misfortune, clients } = round
  const words = [unix ? 'unix' : 'tcp', borrow ? `${framing} (borrowed)` : framing, handler]
  if (front !== 'nothing') words.push(`behind ${front}`)
  if (guards !== 'none') words.push(guards)
  if (misfortune !== 'none') words.push(misfortune)
  return `${words.join(', ')}, ${clients} clients`
}
