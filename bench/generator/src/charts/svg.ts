/** Charts as SVG, drawn by ECharts without a browser. */
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components'
import * as echarts from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { SVGRenderer } from 'echarts/renderers'
import { COLORS, shades, withVariables } from './colors.js'
import { escapeHtml } from './escape.js'

echarts.use([
  BarChart,
  CustomChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  LabelLayout,
  SVGRenderer,
])

export interface Size {
  width: number
  height: number
}

/** A drawing, for a page that has the variables of `colors.ts`. */
export interface Chart extends Size {
  svg: string
  /** What it shows, for those who don't see it. */
  description: string
}

export const FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"

/**
 * Draws.
 *
 * @param name of its own within a page: ids within the drawing begin with it
 */
export function draw(
  name: string,
  description: string,
  size: Size,
  option: echarts.EChartsCoreOption,
): Chart {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size })
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: FONT, color: COLORS.ink },
      ...option,
    })
    return { ...size, description, svg: tidy(chart.renderToSVGString(), name, description, size) }
  } finally {
    chart.dispose()
  }
}

/** The drawing as a file of its own, which follows the reader's colour scheme wherever it is shown. */
export function standalone({ svg }: Chart): string {
  const style =
    `<style>svg{${shades('light')};background:var(--paper)}` +
    `@media (prefers-color-scheme:dark){svg{${shades('dark')}}}</style>`
  return `${svg.replace(/<svg[^>]*>/, (head) => `${head}\n${style}`)}\n`
}

/**
 * ECharts counts its drawings, in ids and in classes, which are for a pointer that hovers: the same drawing shall be the
 * same text every time.
 */
function tidy(svg: string, name: string, description: string, { width, height }: Size): string {
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${escapeHtml(description)}">`
  return withVariables(svg)
    .replace(/<svg[^>]*>/, head)
    .replace(/\bzr\d+-/g, `${name}-`)
    .replace(/<style[^>]*>[\s\S]*?<\/style>/g, '')
    .replace(/ (class|pointer-events)="[^"]*"/g, '')
    .replace(/ ecmeta_\w+="[^"]*"/g, '')
    .replace(/<rect width="\d+" height="\d+" x="0" y="0" fill="none"><\/rect>/, '')
}
