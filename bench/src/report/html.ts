/** The report as one page that needs nothing else. */
import { escapeHtml } from '../../generator/dist/charts/escape.js'
import { figure, htmlTable, page } from '../../generator/dist/charts/page.js'
import type { Content, Part } from './content.js'

export function htmlPage({ title, lead, chapters }: Content): string {
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="lead">${escapeHtml(lead)}</p>`,
    ...chapters.flatMap((chapter) => [
      `<h2>${escapeHtml(chapter.title)}</h2>`,
      ...chapter.parts.map(partHtml),
    ]),
  ].join('\n')
  return page('Pollux: benchmarks', body)
}

function partHtml(part: Part): string {
  if ('text' in part) return `<p${part.isNote ? ' class="note"' : ''}>${inline(part.text)}</p>`
  if ('list' in part) return `<ul>${part.list.map((line) => `<li>${inline(line)}</li>`).join('')}</ul>`
  if ('table' in part) {
    const { head, rows, kind } = part.table
    // A ratio and its interval stay in one line.
    const whole = rows.map((cells) =>
      cells.map((cell) => cell.replaceAll(/ (?=[(▼?])/g, '\u00a0').replaceAll('–', '\u2060–\u2060')),
    )
    return htmlTable(head, whole, kind).replaceAll(/<td>([^<]*▼[^<]*)<\/td>/g, '<td class="loses">$1</td>')
  }
  if ('cards' in part) {
    const cards = part.cards.map(
      ({ label, figure: { title, wide } }) =>
        `<div class="card"><h3>${escapeHtml(label)}</h3><figure>${wide.svg}<figcaption>${escapeHtml(title)}</figcaption></figure></div>`,
    )
    return `<div class="cards">${cards.join('\n')}</div>`
  }
  return `<h3 class="chart">${escapeHtml(part.figure.title)}</h3>\n${figure(part.figure, part.label)}`
}

/** Text with Markdown's links, of which the page has no use: it stands alone. */
function inline(text: string): string {
  return escapeHtml(text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))
}
