// Lint rules of the whole tree: the layers (who may import whom, ARCHITECTURE.md), sizes, promises. Each restriction has a bad file in
// lint-fixtures/ that proves it fires (test/lint.int.test.ts). A program, not JSON, because a later override replaces a rule whole: every
// zone's list is put together here from the same named restrictions.
import { defineConfig } from 'oxlint'
import type { OxlintOverride } from 'oxlint'

interface Restriction {
  /** on the module's specifier as it is written */
  readonly regex?: string
  readonly group?: string[]
  readonly message: string
  readonly allowTypeImports?: boolean
}

/** Paths below the root, later ones win. */
interface Zone {
  readonly files: string[]
  readonly deny: readonly Restriction[]
}

const TESTS = ['**/*.test.{ts,tsx}', 'test/**', 'bench/**', 'lint-fixtures/**']

// --- libraries that stay in their room -------------------------------------------------------------------------------------------
const DATABASE: Restriction = {
  regex: '^(typeorm|pg)(/|$)',
  message: 'layers: typeorm and pg live in gateway/src/db, pg-*-store.ts and the launcher',
}
const EXPRESS: Restriction = {
  regex: '^express(/|$)',
  message: 'layers: express lives in *-router.ts, gateway/src/platform and app.ts',
}
const MCP_SDK: Restriction = {
  regex: '^@modelcontextprotocol/',
  message:
    'layers: the MCP SDK lives in gateway/src/mcp/discovery (control plane) and tests; the byte path is raw JSON-RPC',
}
const LIBRARIES = [DATABASE, EXPRESS, MCP_SDK]

/** `createRequire` would load anything past these rules. */
const LOADERS: Restriction = {
  regex: '^(node:)?module$',
  message: 'layers: no second module loader (createRequire); import statically',
}

// --- programs and packages -------------------------------------------------------------------------------------------------------
const ONLY_ZOD: Restriction = {
  // everything that is neither relative nor exactly "zod"; the engine has no look-ahead
  regex: '^([^.z]|z[^o]|zo[^d]|zod.)',
  message: 'layers: packages/api imports zod only; it runs in a browser',
}
const KUBE_ALONE: Restriction = {
  regex: '^(@mcphub/|(\\.\\./)+(api|gateway|cli|launcher|operator)(/|$))',
  message: 'layers: packages/kube knows Kubernetes alone; whoever takes the folder can write another operator with it',
}
const programs = (...names: string[]): Restriction => ({
  regex: `^(@mcphub/|(\\.\\./)+)(${names.join('|')})(/|$)`,
  message: `layers: programs never import each other (${names.join(', ')}); share through @mcphub/api`,
})

// --- the operator ----------------------------------------------------------------------------------------------------------------
const NO_IO: Restriction = {
  regex: '^(node:(fs|net|http|https|child_process|timers)|undici)(/|$)',
  message: 'layers: what the operator decides is decided by pure functions; only gather and execute touch the world',
}
const OTHER_KIND: Restriction = {
  group: [
    '**/mcp-sandbox/**',
    '**/mcp-server/**',
    '**/user-group/**',
    '!**/mcp-sandbox/reasons.ts',
    '!**/mcp-server/checks.ts',
  ],
  message: 'layers: of another kind only why its pods do not serve (reasons.ts) and whether it may be used (checks.ts)',
}
/** What decides: everything of the operator that is neither wiring nor platform. */
const PURE_OF_OPERATOR = ['operator/src/{pods,mcp-sandbox,mcp-server,user-group,policies}/**/*.ts']

// --- rooms of the gateway --------------------------------------------------------------------------------------------------------
const ROOMS = [
  'access',
  'auth',
  'catalog',
  'db',
  'features',
  'mcp',
  'packages',
  'peers',
  'platform',
  'proxy',
  'sandboxes',
  'secrets',
  'trust',
] as const
type Room = (typeof ROOMS)[number]

/** Whose values a room may import. Types of a port may come from any room but features. */
const MAY_IMPORT: Record<Exclude<Room, 'features'>, readonly Room[]> = {
  proxy: [],
  secrets: [],
  db: ['secrets'],
  packages: ['secrets'],
  platform: ['secrets'],
  catalog: ['secrets'],
  auth: ['db', 'secrets'],
  access: ['catalog', 'secrets'],
  trust: ['db', 'secrets'],
  sandboxes: ['db', 'packages', 'secrets'],
  mcp: ['access', 'catalog', 'platform', 'proxy', 'secrets'],
  peers: [],
}

const NOT_UPWARDS: Restriction = {
  regex: '^(\\.\\./)+(app|main|config)\\.ts$',
  message: 'layers: main → app → features → rooms; nobody imports upwards',
}
const NOT_FEATURES: Restriction = {
  group: ['**/features/**', '!**/features/audit.ts'],
  message: 'layers: rooms do not know features; ports lie in the room that needs them',
}
const OTHER_FEATURE: Restriction = {
  regex: '^\\.\\./[a-z-]+/',
  allowTypeImports: true,
  message: "layers: another feature only through its service's type, passed in by app.ts",
}

function roomZone(room: Exclude<Room, 'features'>): Zone {
  const closed = ROOMS.filter((other) => other !== room && other !== 'features' && !MAY_IMPORT[room].includes(other))
  const siblings: Restriction = {
    regex: `^(\\.\\./)+(${closed.join('|')})/`,
    allowTypeImports: true,
    message: `layers: gateway/src/${room} may not import values of this room`,
  }
  return {
    files: [`gateway/src/${room}/**/*.ts`],
    deny: [siblings, NOT_FEATURES, NOT_UPWARDS, programs('cli', 'launcher', 'operator'), ...librariesOf(room)],
  }
}

function librariesOf(room: Room): Restriction[] {
  if (room === 'db') return [EXPRESS, MCP_SDK]
  return room === 'platform' ? [DATABASE, MCP_SDK] : LIBRARIES
}

const FEATURES = [OTHER_FEATURE, NOT_UPWARDS, programs('cli', 'launcher', 'operator')]

// --- the console: lib and ui → features → app ------------------------------------------------------------------------------------
const IN_A_BROWSER: Restriction = {
  regex: '^(node:|vite$)',
  message: 'layers: the console runs in a browser',
}
const ONLY_TYPES: Restriction = {
  regex: '^@mcphub/api$',
  allowTypeImports: true,
  message: 'layers: of the contracts the console takes types; the table comes by virtual:routes, without the schemas',
}
const BELOW_FEATURES: Restriction = {
  regex: '^(\\.\\./)+(app|features)/',
  message: 'layers: what all pages share knows no page',
}
const BELOW_UI: Restriction = {
  regex: '^(\\.\\./)+ui/',
  message: 'layers: lib knows nothing of how it is shown',
}
const OTHER_PAGES: Restriction = {
  group: [
    '../**',
    ...['api', 'components', 'pages', 'schema-form'].flatMap((own) => [`!../${own}/**`, `!../../${own}/**`]),
    ...['lib', 'ui'].flatMap((below) => ['../..', '../../..', '../../../..'].map((up) => `!${up}/${below}/**`)),
    // of a folder of its own folders
    '!../*.ts',
    '!../*.tsx',
  ],
  message: 'layers: a feature of the console knows lib and ui, never another feature',
}
const CONSOLE_FILES = 'console/src/**/*.{ts,tsx}'
const NO_PROGRAM = programs('gateway', 'cli', 'launcher', 'operator')
const CONSOLE = [IN_A_BROWSER, ONLY_TYPES, NO_PROGRAM, ...LIBRARIES]

const CONSOLE_PLUGINS: OxlintOverride['plugins'] = [
  'typescript',
  'import',
  'unicorn',
  'oxc',
  'promise',
  'react',
  'jsx-a11y',
]
const CONSOLE_RULES: OxlintOverride['rules'] = {
  'max-lines': ['error', 250],
  'react/rules-of-hooks': 'error',
  'react/exhaustive-deps': 'error',
  'react/no-danger': 'error',
  'react/jsx-no-target-blank': 'error',
  // a script: URL is refused by the policy of the page, too
  'react/jsx-no-script-url': 'error',
  'react/button-has-type': 'error',
  // not compiled by the compiler these speak for
  'react/incompatible-library': 'off',
  // a role says in the code what a reader hears; axe looks at the result
  'jsx-a11y/prefer-tag-over-role': 'off',
  // a table laid out as cards is none to a reader any more, unless its roles are written out
  'jsx-a11y/no-redundant-roles': 'off',
  'jsx-a11y/no-interactive-element-to-noninteractive-role': 'off',
  // what scrolls must be reached by keyboard
  'jsx-a11y/no-noninteractive-tabindex': 'off',
  // the options of a combobox take clicks, its field takes the keys
  'jsx-a11y/click-events-have-key-events': 'off',
}

const ZONES: readonly Zone[] = [
  { files: ['**/*.ts'], deny: LIBRARIES },
  { files: ['console/build/**/*.ts'], deny: [NO_PROGRAM, ...LIBRARIES] },
  { files: [CONSOLE_FILES], deny: CONSOLE },
  { files: ['console/src/lib/**/*.{ts,tsx}'], deny: [BELOW_UI, BELOW_FEATURES, ...CONSOLE] },
  { files: ['console/src/ui/**/*.{ts,tsx}'], deny: [BELOW_FEATURES, ...CONSOLE] },
  { files: ['console/src/features/**/*.{ts,tsx}'], deny: [OTHER_PAGES, ...CONSOLE] },
  // it makes the blocks a person pastes into an editor from what all of MCPHub knows of editors
  {
    files: ['console/src/features/connect/**/*.{ts,tsx}'],
    deny: [OTHER_PAGES, ...CONSOLE.filter((one) => one !== ONLY_TYPES)],
  },
  { files: ['packages/api/**/*.ts'], deny: [ONLY_ZOD, programs('gateway', 'cli', 'launcher', 'operator')] },
  { files: ['packages/kube/**/*.ts'], deny: [KUBE_ALONE, ...LIBRARIES] },
  { files: ['cli/**/*.ts'], deny: [programs('gateway', 'launcher', 'operator'), ...LIBRARIES] },
  { files: ['launcher/**/*.ts'], deny: [programs('gateway', 'cli', 'operator'), EXPRESS, MCP_SDK] },
  { files: ['operator/**/*.ts'], deny: [programs('gateway', 'cli', 'launcher'), ...LIBRARIES] },
  { files: PURE_OF_OPERATOR, deny: [NO_IO, OTHER_KIND, programs('gateway', 'cli', 'launcher'), ...LIBRARIES] },
  { files: ['gateway/src/*.ts'], deny: [programs('cli', 'launcher', 'operator'), DATABASE, EXPRESS, MCP_SDK] },
  { files: ['gateway/src/app.ts'], deny: [programs('cli', 'launcher', 'operator'), DATABASE, MCP_SDK] },
  ...(Object.keys(MAY_IMPORT) as (keyof typeof MAY_IMPORT)[]).map(roomZone),
  { files: ['gateway/src/features/**/*.ts'], deny: [...FEATURES, ...LIBRARIES] },
  { files: ['gateway/src/features/**/*-router.ts'], deny: [...FEATURES, DATABASE, MCP_SDK] },
  { files: ['gateway/src/features/**/pg-*-store.ts'], deny: [...FEATURES, EXPRESS, MCP_SDK] },
  {
    files: ['gateway/src/{auth,sandboxes/pods,trust}/pg-*-store.ts'],
    deny: [NOT_FEATURES, NOT_UPWARDS, EXPRESS, MCP_SDK],
  },
  { files: ['gateway/src/mcp/discovery/**/*.ts'], deny: [...roomZone('mcp').deny].filter((one) => one !== MCP_SDK) },
  // features/api.ts puts the routes of all features together
  { files: ['gateway/src/features/*.ts'], deny: [NOT_UPWARDS, DATABASE, EXPRESS, MCP_SDK] },
  { files: TESTS, deny: [] },
]

/** Reading the environment anywhere else hides configuration; importing it from node:process is the same thing by another name. */
const ENVIRONMENT = [
  'gateway/src/{config,main}.ts',
  'cli/src/{config,main}.ts',
  'launcher/src/{config,main}.ts',
  'operator/src/{config,main}.ts',
  'scripts/**',
  'images/**',
  'charts/**',
  'console/vite.config.ts',
  ...TESTS,
]
const envMessage = 'process.env is read in config.ts alone'

function importRule(deny: readonly Restriction[]): NonNullable<OxlintOverride['rules']> {
  const paths = [{ name: 'node:process', importNames: ['env', 'default'], message: envMessage }]
  return { 'no-restricted-imports': ['error', { paths, patterns: [LOADERS, ...deny] }] }
}

export default defineConfig({
  plugins: ['typescript', 'import', 'node', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error' },
  ignorePatterns: ['**/node_modules/**', 'lint-fixtures/**', '.mcphub/**'],
  rules: {
    // sizes: small by rule
    complexity: ['error', { max: 10, variant: 'modified' }],
    'max-depth': ['error', 3],
    'max-params': ['error', 4],
    'max-lines': ['error', 400],
    // promises
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    // types: `import('x').T` would slip through the layers
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: true, prefer: 'type-imports' }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-require-imports': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/only-throw-error': 'error',
    // layers that are no matter of a folder
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'no-restricted-properties': [
      'error',
      { object: 'process', property: 'env', message: envMessage },
      { object: 'process', property: 'getBuiltinModule', message: LOADERS.message },
      { object: 'globalThis', property: 'process', message: envMessage },
    ],
    // habits
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    // services are closures, not classes: their methods may be passed on
    'typescript/unbound-method': 'off',
    // `for (const x of [...set])` copies on purpose: the loop changes the set
    'unicorn/no-useless-spread': 'off',
    'promise/no-callback-in-promise': 'off',
    'no-control-regex': 'off',
    'no-console': 'error',
    'no-eval': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    eqeqeq: 'error',
  },
  overrides: [
    ...ZONES.map(({ files, deny }) => ({ files, rules: importRule(deny) })),
    {
      files: ['cli/**', 'launcher/**', 'scripts/**', 'images/**', 'charts/**', ...TESTS],
      rules: { 'no-console': 'off' },
    },
    { files: [CONSOLE_FILES], plugins: CONSOLE_PLUGINS, rules: CONSOLE_RULES },
    { files: ENVIRONMENT, rules: { 'no-restricted-properties': 'off' } },
    {
      files: TESTS,
      rules: { 'max-lines': 'off', 'max-params': 'off', complexity: 'off', 'import/no-default-export': 'off' },
    },
    { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
})
