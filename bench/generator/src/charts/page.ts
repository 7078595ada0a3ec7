/** One page that needs nothing else: no script, no font, no picture from elsewhere. */
import { shades } from './colors.js'
import { escapeHtml } from './escape.js'
import { type Chart, FONT } from './svg.js'

const STYLE = `
:root{color-scheme:light dark;${shades('light')};--panel:#f7f8fa}
@media (prefers-color-scheme:dark){:root{${shades('dark')};--panel:#1d2027}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ${FONT}}
main{max-width:920px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 8px;letter-spacing:-.01em}
h2{font-size:1.3rem;line-height:1.3;margin:48px 0 8px;letter-spacing:-.005em}
h3{font-size:1rem;line-height:1.35;margin:0 0 8px}
h3.chart{margin:32px 0 0}
p,ul{margin:8px 0;max-width:70ch}
.lead{font-size:1.06rem;color:var(--muted)}
.note{color:var(--muted);font-size:.9rem}
a{color:inherit}
code{font:.9em ui-monospace,'SF Mono',Menlo,Consolas,monospace;overflow-wrap:anywhere}
figure{margin:16px 0 0}
figure svg{display:block;width:100%;height:auto}
figcaption{color:var(--muted);font-size:.875rem;margin-top:6px}
.narrow{display:none}
@media (max-width:560px){.wide{display:none}.narrow{display:block}main{padding:20px 14px 48px}}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 0}
.tile{background:var(--panel);border-radius:10px;padding:12px 14px}
.tile b{display:block;font-size:1.4rem;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
.tile span{color:var(--muted);font-size:.85rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(380px,100%),1fr));gap:16px;margin-top:16px}
.card{background:var(--panel);border-radius:10px;padding:14px 14px 10px}
.card figure{margin:0}
.warnings{border-left:4px solid var(--accent);background:var(--panel);border-radius:0 8px 8px 0;padding:8px 16px;margin:20px 0}
.warnings li{margin:4px 0}
.scroll{overflow-x:auto;margin:12px 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:6px 14px 6px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid);vertical-align:top}
th{color:var(--muted);font-weight:600;vertical-align:bottom}
th:first-child,td:first-child{text-align:left}
table.text td,table.text th{text-align:left;white-space:normal}
table.text td:first-child{min-width:6.5em}
table.wrapped td,table.wrapped th{white-space:normal}
table.wrapped td:first-child{min-width:9em}
.loses{color:var(--accent);font-weight:650}
@media print{main{max-width:none}.card,figure{break-inside:avoid}}
`

/** @param body HTML */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`
}

/** A chart in both widths: the reader's screen chooses. */
export function figure(charts: { wide: Chart; narrow: Chart }, caption = ''): string {
  const note = caption === '' ? '' : `\n<figcaption>${escapeHtml(caption)}</figcaption>`
  return `<figure>
<div class="wide">${charts.wide.svg}</div>
<div class="narrow">${charts.narrow.svg}</div>${note}
</figure>`
}

/** @param kind of figures, which stand to the right; the same, in cells that may take several lines; or of text */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  kind: 'figures' | 'wrapped' | 'text' = 'figures',
): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`
  return `<div class="scroll"><table class="${kind}">
<thead>${row(head, 'th')}</thead>
<tbody>
${rows.map((cells) => row(cells, 'td')).join('\n')}
</tbody>
</table></div>`
}

export function tiles(entries: readonly (readonly [figure: string, what: string])[]): string {
  const one = ([value, what]: readonly [string, string]) =>
    `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(what)}</span></div>`
  return `<div class="tiles">${entries.map(one).join('')}</div>`
}
