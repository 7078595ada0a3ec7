/**
 * Colours by what they are for. A chart is drawn with stand-ins, which become CSS variables in the SVG: so one drawing is
 * right on light and on dark paper, and nothing has to run for that.
 */

interface Shade {
  light: string
  dark: string
}

const SHADES = {
  paper: { light: '#ffffff', dark: '#16181d' },
  ink: { light: '#1c2330', dark: '#e8eaf0' },
  muted: { light: '#5d6675', dark: '#9aa3b2' },
  grid: { light: '#e3e6ec', dark: '#2b303a' },
  /** Pollux, and nobody else. */
  accent: { light: '#d9480f', dark: '#ff8a4c' },
  /** Its other bars and lines: owned beside borrowed, a p50 beside a p99. */
  'accent-soft': { light: '#f08c5a', dark: '#c9652f' },
  'accent-pale': { light: '#f5b08c', dark: '#8f4a26' },
  bar: { light: '#aab3c2', dark: '#566072' },
  /** Lines of peers, to be told apart by people who see few colours too: they differ in lightness. */
  peer1: { light: '#1f4e9c', dark: '#82b1ff' },
  peer2: { light: '#12876f', dark: '#3fd0b0' },
  peer3: { light: '#7b52c4', dark: '#b798f5' },
  peer4: { light: '#8a6d00', dark: '#e3c34a' },
  peer5: { light: '#0b7fab', dark: '#59c7ee' },
  peer6: { light: '#7d4a5b', dark: '#d9a1b4' },
  peer7: { light: '#5d6675', dark: '#9aa3b2' },
} satisfies Record<string, Shade>

export type ColorName = keyof typeof SHADES

const NAMES = Object.keys(SHADES) as ColorName[]

/** What a chart is drawn with. */
export const COLORS = Object.fromEntries(NAMES.map((name, index) => [name, standIn(index)])) as Record<
  ColorName,
  string
>

export const PEER_COLORS = NAMES.filter((name) => name.startsWith('peer')).map((name) => COLORS[name])

/** Declarations of the variables, for a style sheet. */
export function shades(scheme: keyof Shade): string {
  return NAMES.map((name) => `--${name}:${SHADES[name][scheme]}`).join(';')
}

/** The variables in place of the stand-ins. */
export function withVariables(svg: string): string {
  return NAMES.reduce((text, name, index) => text.replaceAll(standIn(index), `var(--${name})`), svg)
}

function standIn(index: number): string {
  return `#00f${String(index).padStart(3, '0')}`
}
