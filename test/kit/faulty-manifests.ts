// A catalogue where much goes wrong: a server that does not answer, one that cannot be installed, manifests with faults of every kind.

const server = (name: string, spec: string): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata: { name: ${name} }\nspec:\n${spec.replace(/^(?=.)/gm, '  ')}`

export const FAULTY_MANIFESTS = {
  'away.yaml': server('away', 'type: Remote\nremote: { url: http://127.0.0.1:9/mcp }\naccess: Everyone\n'),
  'python.yaml': server(
    'python',
    'type: Stdio\nstdio: { package: { pypi: { name: thing, version: 1.0.0 } } }\naccess: Everyone\n',
  ),
  'typo.yaml': server('typo', 'type: Remote\nremote: { urll: http://127.0.0.1:9/mcp }\n'),
  'both.yaml': server('both', 'type: Remote\nremote: { url: "ftp://files.example" }\nstdio: { args: [] }\n'),
  'broken.yaml': 'kind: [',
}
