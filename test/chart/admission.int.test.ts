// Who the admission policies let make a pod or a McpSandbox, as rendered; what they do with it a real API server says (api-server.int.test.ts).
import { beforeAll, describe, expect, test } from 'vitest'
import { HELM, at, render } from './helm.ts'
import type { Rendered } from './helm.ts'

interface Rule {
  readonly expression: string
  readonly message: string
}

describe.skipIf(!HELM)('admission', () => {
  let chart: Rendered
  const policy = (name: string) => chart.one('ValidatingAdmissionPolicy', `mcphub-hub-${name}`)
  const ruleOf = (name: string, message: string): string =>
    at<Rule[]>(policy(name), 'spec.validations').find((rule) => rule.message.startsWith(message))?.expression ?? ''
  const variableOf = (name: string, wanted: string): string =>
    at<{ name: string; expression: string }[]>(policy(name), 'spec.variables').find((one) => one.name === wanted)
      ?.expression ?? ''

  beforeAll(async () => {
    chart = await render({ 'serviceAccounts.operator.name': 'boxer', 'admissionPolicies.connect': false })
  })

  test('pods are made by the operator of this release, or in an emergency', () => {
    const rule = ruleOf('sandbox-pods', 'pods of this namespace are made by the operator alone')
    expect(rule).toBe("request.operation != 'CREATE' || variables.byOperator || variables.inEmergency")
    const account = at<string>(chart.one('Deployment', 'mcphub-operator'), 'spec.template.spec.serviceAccountName')
    expect(variableOf('sandbox-pods', 'byOperator')).toBe(
      `request.userInfo.username == "system:serviceaccount:hub:${account}"`,
    )
    expect(variableOf('sandbox-pods', 'inEmergency')).toContain('["mcphub:break-glass"]')
  })

  test.each(['labels', 'annotations', 'owner'])('%s of a pod are changed by nobody else', (member) => {
    const rule = at<Rule[]>(policy('sandbox-pods'), 'spec.validations').find(
      ({ message }) => message.includes(member) && message.endsWith('changed by the operator alone'),
    )
    expect(rule?.expression).toMatch(/^request\.operation == 'CREATE' \|\| variables\.byOperator \|\| /)
  })

  test('a container is not added, nor one resized, also where the policy of connections is left out', () => {
    expect(at(policy('sandbox-pods'), 'spec.matchConstraints.resourceRules.0.resources')).toEqual([
      'pods',
      'pods/ephemeralcontainers',
      'pods/resize',
    ])
    const rule = ruleOf('sandbox-pods', 'nobody adds a container')
    expect(rule).toBe(
      "!(request.?subResource.orValue('') in ['ephemeralcontainers', 'resize']) || variables.inEmergency",
    )
    expect(ruleOf('sandbox-pods', 'no resourceClaims')).toContain('resourceClaims')
  })

  test('a McpSandbox is made by the hub alone', () => {
    const rule = ruleOf('reserved-labels', 'sandboxes are made by the hub alone')
    expect(rule).toContain("request.resource.resource != 'mcpsandboxes' || variables.byHub")
    expect(variableOf('reserved-labels', 'byHub')).toContain('system:serviceaccount:hub:boxer')
  })
})
