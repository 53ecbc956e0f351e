// What of the chart no API server of ours can judge: objects of other projects by the fields those know, and that everything which names
// something else, a selector, a port, a target, a job, names what is there.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { COMBINATIONS } from './combinations.ts'
import { CHART, HELM, at, nameOf, render } from './helm.ts'
import type { Manifest, Rendered } from './helm.ts'

const texts = z.record(z.string(), z.string())
const duration = z.string().regex(/^(\d+(ms|[smhd]))+$/)
const name = z.string().min(1).max(63)

/** monitoring.coreos.com/v1 and gateway.networking.k8s.io/v1: of their fields those the chart uses, and no other. */
const SPECS: Readonly<Record<string, z.ZodType>> = {
  ServiceMonitor: z.strictObject({
    selector: z.strictObject({ matchLabels: texts }),
    namespaceSelector: z.strictObject({ matchNames: z.array(name).min(1) }),
    endpoints: z.array(z.strictObject({ port: name, interval: duration })).min(1),
  }),
  PrometheusRule: z.strictObject({
    groups: z.array(
      z.strictObject({
        name,
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^[A-Z]\w+$/),
            expr: z.string(),
            for: duration.optional(),
            labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
            annotations: z.strictObject({ summary: z.string().regex(/\.$/) }),
          }),
        ),
      }),
    ),
  }),
  HTTPRoute: z.strictObject({
    parentRefs: z.array(z.strictObject({ name, namespace: name.optional(), sectionName: name.optional() })).min(1),
    hostnames: z.array(z.string().max(253)).optional(),
    rules: z.array(
      z.strictObject({
        matches: z.array(
          z.strictObject({ path: z.strictObject({ type: z.literal('PathPrefix'), value: z.literal('/') }) }),
        ),
        timeouts: z.strictObject({ request: duration }),
        backendRefs: z.array(z.strictObject({ name, port: z.int() })),
      }),
    ),
  }),
}

const panel = z.strictObject({
  id: z.int(),
  title: z.string().min(1),
  description: z.string().optional(),
  type: z.enum(['timeseries', 'stat', 'table', 'gauge', 'bargauge']),
  datasource: z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') }),
  gridPos: z.strictObject({
    x: z.int().min(0),
    y: z.int().min(0),
    w: z.int().min(1).max(24),
    h: z.int().min(1),
  }),
  fieldConfig: z.strictObject({ defaults: z.record(z.string(), z.unknown()), overrides: z.array(z.unknown()) }),
  options: z.record(z.string(), z.unknown()).optional(),
  targets: z
    .array(
      z.strictObject({
        refId: z.string(),
        expr: z.string(),
        legendFormat: z.string().optional(),
        instant: z.boolean().optional(),
      }),
    )
    .min(1),
})

const dashboard = JSON.parse(readFileSync(path.join(CHART, 'files/dashboard.json'), 'utf8')) as {
  readonly panels: readonly z.infer<typeof panel>[]
}

const FUNCTIONS = new Set(
  'sum max min avg count rate increase irate histogram_quantile absent clamp_min time by le without'.split(' '),
)

/** Why a query cannot be right: brackets that do not close, a word that is no function, a rate of nothing over time. */
function faultsOf(expr: string): string[] {
  const plain = expr.replaceAll(/"[^"]*"/g, '""')
  const open: string[] = []
  for (const sign of plain.replaceAll(/[^()[\]{}]/g, '')) {
    if ('([{'.includes(sign)) open.push(sign)
    else if (`${open.pop() ?? ''}${sign}`.search(/^(\(\)|\[\]|\{\})$/) < 0) return [`brackets: ${expr}`]
  }
  const called = [...plain.matchAll(/\b([a-z_]+)\s*\(/g)].map(([, word]) => word!)
  const unknown = called.filter((word) => !FUNCTIONS.has(word))
  const instant = [...plain.matchAll(/\b(?:rate|increase|irate)\(([^()]*)\)/g)].filter(
    ([, inner]) => !/\[\w+\]$/.test(inner!),
  )
  return [...(open.length > 0 ? [`brackets: ${expr}`] : []), ...[...unknown, ...instant.map(([all]) => all)]]
}

test('the check of queries finds what is wrong', () => {
  expect(faultsOf('sum by (a) (rate(x_total{n="$n"}[5m])) > 0')).toEqual([])
  expect(faultsOf('sum(rate(x_total[5m])')).toEqual(['brackets: sum(rate(x_total[5m])'])
  expect(faultsOf('smu(x)')).toEqual(['smu'])
  expect(faultsOf('rate(x_total)')).toEqual(['rate(x_total)'])
})

describe('the dashboard', () => {
  const { panels } = dashboard

  test.each(panels.map((one) => [one.title, one] as const))('%s is a panel that Grafana takes', (_, one) => {
    expect(panel.safeParse(one).error?.issues ?? []).toEqual([])
    expect(one.targets.flatMap(({ expr }) => faultsOf(expr))).toEqual([])
    expect(one.gridPos.x + one.gridPos.w).toBeLessThanOrEqual(24)
  })

  test('no id twice, no panel above another', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})

type Labels = Readonly<Record<string, string>>
const covers = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value)

describe.skipIf(!HELM)('everything on', () => {
  let chart: Rendered
  beforeAll(async () => {
    chart = await render(COMBINATIONS['everything on'])
  })
  const podLabels = (): Labels[] =>
    [...chart.kind('Deployment'), ...chart.kind('StatefulSet')].map((each) =>
      at<Labels>(each, 'spec.template.metadata.labels'),
    )

  test.each(Object.keys(SPECS))('%s: its own project knows every field', (kind) => {
    const found = chart.kind(kind)
    expect(found.length).toBeGreaterThan(0)
    for (const each of found) expect(SPECS[kind]!.safeParse(each['spec']).error?.issues ?? [], nameOf(each)).toEqual([])
  })

  test('each selector selects a pod of the chart: of Services, disruption budgets, spread, and policies of the hub', () => {
    const selectors = [
      ...chart.kind('Service').map((each): [Manifest, Labels] => [each, at<Labels>(each, 'spec.selector')]),
      ...chart
        .kind('PodDisruptionBudget')
        .map((each): [Manifest, Labels] => [each, at<Labels>(each, 'spec.selector.matchLabels')]),
    ]
    expect(selectors.length).toBeGreaterThan(6)
    const none = selectors.filter(([, wanted]) => !podLabels().some((labels) => covers(labels, wanted)))
    expect(none.map(([each]) => nameOf(each))).toEqual([])
  })

  test('the autoscaler scales a Deployment that is there, between sizes that fit', () => {
    const [scaler] = chart.kind('HorizontalPodAutoscaler')
    const target = at<{ kind: string; name: string }>(scaler, 'spec.scaleTargetRef')
    expect(() => chart.one(target.kind, target.name)).not.toThrow()
    expect(at<number>(scaler, 'spec.minReplicas')).toBeLessThanOrEqual(at<number>(scaler, 'spec.maxReplicas'))
    // two masters of one number
    expect(at(chart.one(target.kind, target.name), 'spec.replicas')).toBeUndefined()
  })

  test('monitors find their Services and ports, alerts the jobs of those, the route its backend', () => {
    const services = chart.kind('Service')
    const jobs = chart.kind('ServiceMonitor').flatMap((monitor) => {
      const wanted = at<Labels>(monitor, 'spec.selector.matchLabels')
      const [{ port } = { port: '' }] = at<{ port: string }[]>(monitor, 'spec.endpoints')
      const found = services.filter(
        (each) =>
          covers(each.metadata.labels ?? {}, wanted) &&
          at<{ name: string }[]>(each, 'spec.ports').some((one) => one.name === port),
      )
      expect(found.length, nameOf(monitor)).toBe(1)
      return found.map(({ metadata }) => metadata.name)
    })
    const rules = JSON.stringify(chart.kind('PrometheusRule'))
    const asked = [...rules.matchAll(/job=\\"([^"\\]+)\\"/g)].map(([, job]) => job!)
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.filter((job) => !jobs.includes(job))).toEqual([])
    const backend = at<{ name: string; port: number }>(chart.kind('HTTPRoute')[0], 'spec.rules.0.backendRefs.0')
    const ports = at<{ port: number }[]>(chart.one('Service', backend.name), 'spec.ports')
    expect(ports.map(({ port }) => port)).toContain(backend.port)
  })

  test('no alert has a query that cannot be right', () => {
    const groups = at<{ rules: { expr: string }[] }[]>(chart.kind('PrometheusRule')[0], 'spec.groups')
    expect(groups.flatMap(({ rules }) => rules).flatMap(({ expr }) => faultsOf(expr))).toEqual([])
  })
})
