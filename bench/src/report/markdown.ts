/** docs/benchmarks.md, and its charts as files. */
import { type Chart, standalone } from '../../generator/dist/charts/svg.js'
import type { Content, Part, Table } from './content.js'

export interface Page {
  markdown: string
  /** By their names within the folder `benchmarks`. */
  charts: Map<string, string>
}

export function markdownPage({ title, lead, chapters }: Content): Page {
  const charts = new Map<string, string>()
  const add = (name: string, chart: Chart) => {
    charts.set(`${name}.svg`, standalone(chart))
    return `![${alt(chart.description)}](benchmarks/${name}.svg)`
  }
  const sections = chapters.map((chapter) =>
    [`## ${chapter.title}`, ...chapter.parts.map((part) => partText(part, add))].join('\n\n'),
  )
  const markdown = [
    '# Benchmarks',
    `**${title}.** ${lead}`,
    '*This page is generated from [bench/results](../bench/results) by `npm run bench -- report`: change that, not this.*',
    ...sections,
  ].join('\n\n')
  return { markdown: `${markdown}\n`, charts }
}

function partText(part: Part, add: (name: string, chart: Chart) => string): string {
  if ('text' in part) return part.text
  if ('list' in part) return part.list.map((line) => `- ${cell(line)}`).join('\n')
  if ('table' in part) return table(part.table)
  if ('cards' in part) {
    return part.cards
      .map(({ label, figure }) => `**${label}.** ${figure.title}.\n\n${add(figure.name, figure.wide)}`)
      .join('\n\n')
  }
  return `**${part.label}.** ${part.figure.title}.\n\n${add(part.figure.name, part.figure.wide)}`
}

export function table({ head, rows }: Pick<Table, 'head' | 'rows'>): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** What stands in a cell stays in it. */
function cell(text: string): string {
  return text
    .replace(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
}

function alt(text: string): string {
  return text.replace(/[[\]\n]/g, ' ')
}
