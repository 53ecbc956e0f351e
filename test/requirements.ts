// What was promised: id → behaviour → source → how it is proven. A promise is proven by tests whose titles begin with its id
// (`test('SES-3: …')`) or, where a test says it in its own words, by the titles named here. test/requirements.test.ts holds both ways:
// no promise that is due goes without a test, and no test names a promise that is not here. One table, longer than a file
// of code may be (`max-lines` is off for tests): all that is promised is to be found in one place, and a split would only hide what is missing.

export interface Requirement {
  readonly id: string
  readonly behaviour: string
  readonly source: string
  /** 'later': needs a part that is not built yet; tests may already name it */
  readonly due: 'now' | 'later'
  /** [file, text of a title in it]; all must be there */
  readonly proof: readonly Proof[]
  /** what of the behaviour no test shows yet */
  readonly lacks?: string
}
export type Proof = readonly [file: string, title: string]

const promise = (source: string, id: string, behaviour: string, ...proof: Proof[]): Requirement => ({
  id,
  behaviour,
  source,
  due: 'now',
  proof,
})
const story = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 3, story', id, behaviour, ...proof)
const part = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 3, parts', id, behaviour, ...proof)
const done = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 3, done when', id, behaviour, ...proof)
const figure = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 4, figures', id, behaviour, ...proof)
const attack = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 4, under attack and under faults', id, behaviour, ...proof)
const endpoint = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 4, what a person gets', id, behaviour, ...proof)
const threat = (id: string, behaviour: string): Requirement => promise('threat matrix, core', id, behaviour)
const later = (id: string, behaviour: string, lacks?: string): Requirement => ({
  id,
  behaviour,
  source: 'threat matrix',
  due: 'later',
  proof: [],
  ...(lacks !== undefined && { lacks }),
})
/** In a cluster; in part where it lacks something. */
const cluster = (id: string, behaviour: string, proof: readonly Proof[] = [], lacks?: string): Requirement => ({
  ...promise('threat matrix, Kubernetes', id, behaviour, ...proof),
  ...(lacks !== undefined && { lacks }),
})

const LAUNCHER = 'test/launcher/launcher.int.test.ts'
const ACCOUNTS = 'test/launcher/accounts.int.test.ts'
const CLI = 'cli/src/cli.int.test.ts'
const ENDPOINT = 'gateway/src/mcp/downstream/endpoint.int.test.ts'
const NPM = 'gateway/src/packages/npm-packages.int.test.ts'
const SANDBOXES = 'gateway/src/sandboxes/sandboxes.int.test.ts'
const PROCESSES = 'gateway/src/sandboxes/process/process-sandboxes.int.test.ts'
const SEPARATION = 'gateway/src/sandboxes/process/separation.int.test.ts'

const STORY: readonly Requirement[] = [
  story(
    'R3-1a',
    'one command starts database, gateway and samples and prints endpoint, editor blocks and set-up link; the next start keeps the data',
    [LAUNCHER, 'prints what to paste the first time, keeps the data the second time, and Ctrl-C leaves no process'],
    ['launcher/src/screen.test.ts', 'at the first start holds all that is pasted'],
  ),
  story(
    'R3-1b',
    'works as root and as an ordinary user, also in a clone below a closed home; no account is created',
    [ACCOUNTS, 'works in a clone below a home that nobody else enters'],
    [ACCOUNTS, 'works as an ordinary user'],
    ['launcher/src/postgres/account.test.ts', 'never takes an account of a person'],
  ),
  story(
    'R3-1c',
    'a taken port, a folder that cannot be used, a half-finished install and a killed earlier run get one sentence or are mended',
    [LAUNCHER, 'a taken port'],
    [LAUNCHER, 'two launchers on one folder'],
    [LAUNCHER, 'a killed launcher takes the gateway and PostgreSQL with it'],
    [ACCOUNTS, 'read-only: one sentence and its fix'],
    ['launcher/src/install-check.int.test.ts', 'tells absent, whole, incomplete and outdated'],
  ),
  story('R3-1d', 'both loopbacks answer', [
    'gateway/src/platform/listener.int.test.ts',
    'both loopbacks answer on one port',
  ]),
  story('R3-1e', 'any address beyond loopback refuses the demo key', [
    'gateway/src/config.test.ts',
    'an address beyond loopback refuses the demo key',
  ]),
  story('R3-2a', 'the sample manifests are real servers without a fault'),
  story('R3-2b', 'the folder is watched: a change takes effect well below a second'),
  story(
    'R3-2c',
    'a broken manifest is named with file, line and reason; the last good version and the rest keep serving',
  ),
  story(
    'R3-2d',
    'packages are installed beforehand: integrity, a kept lock, progress, never at call time',
    [NPM, 'is installed with progress, once, readable by others and writable by the hub alone'],
    [NPM, 'whose kept lock was edited is refused'],
    [NPM, 'whose download is not what the lock names is refused'],
    [NPM, 'is known to the next start without any install'],
    [PROCESSES, 'a package that is absent or failed is said at once'],
  ),
  story('R3-2e', 'the npm servers in their HTTP and HTTP+SSE modes are real upstreams', [
    'gateway/src/mcp/upstream/real-servers.int.test.ts',
    'lists, calls, progress, prompts, resources',
  ]),
  story(
    'R3-3a',
    'the command line does everything without a browser',
    [CLI, 'add, list, switch, delete, restore'],
    [CLI, 'the key is alone on stdout, once; lists show its end only'],
    [CLI, 'come from stdin, are listed masked, and can be unset'],
    [CLI, 'groups: create, change, switch, delete'],
    [CLI, 'servers: list, all with faults, status, why'],
    [CLI, 'sessions and sandboxes: list, logs, end, stop'],
    [CLI, 'pages, filters, others for administrators'],
    [CLI, 'connect prints a block for each editor'],
  ),
  story('R3-3b', 'explain says why a tool is visible or not, step by step'),
  story(
    'R3-3c',
    'doctor has at least 12 checks, each provoked by a test',
    ['gateway/src/features/doctor/doctor.test.ts', 'every check is provoked by one of these'],
    ['cli/src/doctor/doctor.int.test.ts', 'hub-checks'],
  ),
  story(
    'R3-3d',
    'exit codes and JSON that scripts can trust, shell completion',
    ['cli/src/faults.int.test.ts', 'as JSON on stderr under --json'],
    ['cli/src/commands/completion.int.test.ts', 'bash accepts the script without a word'],
  ),
  story('R3-4a', "each user's filesystem root is their own, used at the same time"),
  story('R3-4b', "each user's memory graph is their own"),
  story('R3-4c', 'two windows of one person: two states where the server is Isolated, one where it is Shared'),
  story('R3-4d', 'a personal group that goes off takes its tools away within a second, on every method'),
  story(
    'R3-4e',
    'clients of SDK 1.32 and 2.4 run the same story',
    ['gateway/src/mcp/downstream/sdk-clients.int.test.ts', 'v1'],
    ['gateway/src/mcp/downstream/sdk-clients.int.test.ts', 'v2 %s'],
  ),
  story(
    'R3-5',
    'a missing variable: no tool is invented, the server is named with it; once set the next call works, no restart',
  ),
  story('R3-5b', 'nothing of a person reaches a server whose manifest does not name it'),
  story(
    'R3-6',
    'the gateway is killed and started again: both clients go on, no call is made twice, nothing is left behind',
  ),
  story(
    'R3-6b',
    'no process outlives the hub: neither a stubborn grandchild nor PostgreSQL, also when the launcher died too',
    [LAUNCHER, 'a launcher and a gateway both killed leave children and PostgreSQL, which the next start ends'],
    ['gateway/src/sandboxes/process/sweep.int.test.ts', 'after a hub was killed nothing of its children is left'],
    [PROCESSES, 'the whole tree goes: a grandchild in its own session that ignores signals'],
  ),
]

const PARTS: readonly Requirement[] = [
  part('R3-7a', 'layers, sizes and promises are lint rules, each proven to fire'),
  part('R3-7b', 'a key is checked, a header written, a child started in one file each'),
  part(
    'R3-7c',
    'the contracts import zod alone and bundle for a browser; versions exact, lock without addresses',
    ['packages/api/src/contracts.test.ts', 'the root bundles for a browser and imports zod alone'],
    ['test/workspace/lock-file.test.ts', 'holds no address and an integrity for all that is fetched'],
    ['test/workspace/lock-file.test.ts', 'names exact versions in every workspace'],
  ),
  part(
    'R3-8a',
    'one error type with a closed code set and a face on every edge',
    ['packages/api/src/errors.test.ts', '%s has a face on every edge'],
    ['cli/src/faults.int.test.ts', 'exit codes'],
  ),
  part(
    'R3-9a',
    'configuration by one schema: all faults at once, --help lists it',
    ['gateway/src/config.test.ts', 'all faults are told at once, each with its variable'],
    ['gateway/src/config.test.ts', '--help lists every variable with its default'],
  ),
  part('R3-9b', 'env-templates are computed from the catalogue', [
    'gateway/src/features/variables/variables.int.test.ts',
    'templates are computed from the catalogue',
  ]),
  part('R3-9c', 'isolation: Auto is one pure function with its reason'),
  part('R3-9d', 'personal groups only narrow: none shows all, none active shows nothing, else the union'),
  part(
    'R3-9e',
    'one audit record per call, refused ones too, arguments hashed',
    [ENDPOINT, 'audit: one record per request with a hash of the canonical arguments'],
    ['gateway/src/platform/route.int.test.ts', 'has one record for every change, ok, failed or refused'],
  ),
  part(
    'R3-9f',
    'the audit is batched off the hot path and bounded while the database is slow or away',
    [
      'gateway/src/features/activity/activity.int.test.ts',
      'a record comes back exactly, once, without anybody waiting for it',
    ],
    ['gateway/src/features/activity/activity.int.test.ts', 'beyond the bound records are counted as lost'],
  ),
  part(
    'R3-9g',
    'health, readiness and metrics on their own port',
    ['gateway/src/platform/health.test.ts', 'not ready before the start and after the stop'],
    ['gateway/src/platform/metrics.int.test.ts', 'the scrape shows process metrics'],
  ),
  part(
    'R3-9h',
    'trace context is passed on',
    ['gateway/src/platform/tracing.test.ts', 'a valid context is carried whole'],
    ['gateway/src/mcp/upstream/modern-link.int.test.ts', 'its trace context passes'],
  ),
  part(
    'R3-10',
    'routes are data: the OpenAPI document and the permission matrix are made from them',
    ['gateway/src/platform/openapi.test.ts', 'the document lists every route of the table once, and no other'],
    ['gateway/src/features/api.int.test.ts', 'every route of the table is listed'],
  ),
  part(
    'R3-11a',
    'both eras downstream and upstream',
    [ENDPOINT, 'discover, lists, calls and unknown methods'],
    [ENDPOINT, 'revisions are negotiated, also with a modern header'],
    ['gateway/src/mcp/upstream/modern-link.int.test.ts', 'is found by one probe, needs no session'],
    ['gateway/src/mcp/upstream/modern-link.int.test.ts', 'its result becomes a complete one'],
  ),
  part('R3-11b', 'aggregate, one server and one group are endpoints of their own', [
    'gateway/src/mcp/downstream/lists.int.test.ts',
    'groups are endpoints of their own',
  ]),
  part(
    'R3-11c',
    'a call has its time without progress, then a clear error; progress keeps it alive; a start does not count',
    ['gateway/src/mcp/upstream/http-link.int.test.ts', 'progress keeps a call alive beyond the idle limit'],
    ['gateway/src/mcp/upstream/stdio-link.int.test.ts', 'a silent child is timed out and told'],
  ),
  part(
    'R3-11d',
    'resources of several servers keep apart',
    ['gateway/src/mcp/downstream/lists.int.test.ts', 'unique URIs pass, others name their server'],
    ['gateway/src/mcp/downstream/lists.int.test.ts', 'a URI that several may have, or none, is tried on nobody'],
  ),
  part(
    'R3-12a',
    'a child per user and server, one per session where Isolated, none shared by two owners',
    [SANDBOXES, 'two users, two sessions and a discovery never share a child'],
    ['gateway/src/mcp/upstream/stdio-link.int.test.ts', 'one child per session where the manifest says Isolated'],
  ),
  part(
    'R3-12b',
    "a hostile child gets nothing of another user's, as root and as an ordinary user, or the hub says so",
    [SEPARATION, 'as root it has a uid and a root folder of its own and gets nothing'],
    [SEPARATION, 'as an ordinary user its namespaces keep it out, or the hub says that nothing does'],
  ),
  part(
    'R3-12c',
    'limits of memory, output and lines; ended on idle, deactivation and stop',
    [PROCESSES, 'a tree that outgrows its memory is ended with that reason'],
    [SANDBOXES, 'an idle child is ended, a held one is not'],
    [PROCESSES, 'stop ends all and refuses new ones'],
  ),
]

const DONE: readonly Requirement[] = [
  done(
    'R3-14a',
    '200 users × 500 calls with colliding ids over shared, per-user and per-session servers show no cross-talk',
    ['test/e2e/isolation.test.ts', '200 users × 500 calls'],
  ),
  done('R3-14b', 'that check fails on a map keyed by id alone and on an upstream session shared between users'),
]

const THREATS: readonly Requirement[] = [
  threat(
    'ID-1',
    'every bad or missing key on every route and verb: 401, one body, one class of time, nothing upstream',
  ),
  threat('ID-2', 'only a hash of a key is stored; it is shown in full once, in lists by at most 4 characters'),
  threat('ID-3', 'a key in the query is in no log, trace, metric, referrer, redirect or upstream URL'),
  threat(
    'ID-4',
    'a deactivated user or revoked key: calls refused and streams closed within 5 s on every replica, notify cut',
  ),
  threat('ID-5', 'a re-used login name inherits nothing'),
  threat('ID-6', "a client's X-MCPHub-* headers never pass; a server sees one value made by the hub"),
  threat('SES-1', 'crowds with colliding ids: every reply goes to its own user'),
  threat('SES-2', 'state of one upstream session is never seen by another'),
  threat('SES-3', 'another key with a known session id gets the 404 of an unknown one; a stream is not taken over'),
  threat('SES-4', 'Last-Event-ID replays nothing of another session or stream'),
  threat(
    'SES-5',
    'a request of a server reaches only the call it belongs to; foreign answers and cancels have no effect',
  ),
  threat('SES-7', 'lists are their user’s own, changed within a second; a foreign cursor is refused'),
  threat('SES-8', 'hidden is refused exactly like unknown, on every method'),
  threat('SES-9', 'names map injectively; a collision is refused and reported'),
  threat('SEC-1', 'a ciphertext moved to another place does not open; a dump holds no plain text'),
  threat('SEC-2', 'no secret in any log, trace, metric, event or crash output, at debug level and on failures'),
  threat('SEC-3', 'a saved value is never read back whole; the mask sent back changes nothing'),
  threat('SEC-5', 'values that break headers or lines are refused by name, and stand nowhere'),
  threat('SEC-6', 'only own declared variables resolve, once; a missing one leaves no literal'),
  threat('SEC-7', 'a server gets only the variables its own manifest names'),
  threat('SEC-8', "a child's environment is an allow-list"),
  threat('SEC-9', 'a rotated value is used within 10 s and the old one never after'),
  threat('NET-2', 'redirects of an upstream are not followed'),
  threat('NET-5', 'a variable in a URL only where allowed, encoded, and never chooses the host'),
  threat('BOX-7', 'garbage, endless lines, floods and shell characters of a child harm nobody'),
  threat('BOX-8', 'names of sandboxes are valid and unique for any input'),
  threat('CON-6', 'every route × every role matches the table'),
  threat('CON-1', 'pages of other sites change nothing'),
  threat('CON-8', 'security headers on every answer'),
  threat('CON-7', 'at least one active administrator always remains'),
  threat('GW-1', 'a killed gateway costs only the calls in flight, once, clearly; no wrong reply'),
  threat(
    'GW-3',
    'a database that is down, slow, full or read-only: known identities for their time, then 503; no hang; recovers',
  ),
  threat('GW-4', 'an upstream that hangs, drips, closes or lies: a clear error in time, others unaffected'),
  threat('GW-5', 'an upstream answer that is none is never forwarded'),
  threat('GW-6', 'malformed client messages are refused, the process lives, nothing goes upstream'),
  threat('GW-7', 'too large bodies, headers and URLs are refused without buffering'),
  threat('GW-8', 'slow sockets are closed in time while others are served'),
  threat('GW-9', 'idle sessions cost little and are freed'),
  threat('GW-12', 'tools/call is never sent twice'),
  threat('GW-13', 'calls race one cold start; a child that dies fails its calls clearly and the next works'),
  threat('GW-16', 'foreign Origin or Host is refused'),
  threat('DAT-1', 'migrations go up and down with data, by one migrator, and roll back'),
  threat('DAT-3', 'the key ring rotates online; a wrong one refuses to start'),
  threat('ID-7', 'credentials of the hub are never forwarded; tokens of a provider are kept and sent nowhere'),
  threat('ID-8', 'floods of bad keys cost little and others are served'),
  threat('SES-6', 'a request state is bound to its user, arguments and time, and that of a parked call is used once'),
  threat('SES-10', 'headers and body that disagree are refused'),
  // which addresses a pod may reach is for the cluster; on one machine the manifest alone says whom the hub talks to
  threat('NET-1', 'no value and no way to write an address leads to another host than the manifest names'),
  later('NET-3', 'an address that changes between check and connect is not connected to'),
  threat('NET-4', 'URLs an upstream names are not fetched'),
  later('NET-6', 'nobody but an administrator tests a connection'),
  threat('CON-2', 'hostile texts are inert in the console, wherever something can be called by one'),
  threat('CON-3', 'a login that was tampered with makes no session'),
  threat('CON-4', 'return addresses stay on the own origin'),
  threat('CON-5', 'session cookies are fixed at login and ended on every replica'),
  threat('CON-9', 'a changed tool definition is held or flagged'),
  threat('GW-2', 'any replica serves any session'),
  threat('GW-10', 'a client that stops reading holds nothing else up'),
  threat('GW-11', 'a client that leaves is cleaned up after'),
  threat('GW-14', 'a stop drains'),
  threat('GW-15', 'one flooding user does not hold others up'),
  later('GW-17', 'a day of load leaks nothing'),
  later('DAT-2', 'a restored backup revives no revoked key'),
  later('DAT-4', 'concurrent edits lose nothing'),
  later('DAT-5', 'any text is kept exactly or refused'),
]

const OUTAGE = 'operator/src/mcp-sandbox/outage.int.test.ts'
const SHORT_LISTS = 'operator/src/mcp-sandbox/short-lists.int.test.ts'
const KILLED = 'operator/src/mcp-sandbox/perturbations.int.test.ts'
const CONTROLLER = 'operator/src/mcp-sandbox/sandbox-controller.int.test.ts'
const SERVERS = 'operator/src/mcp-server/mcp-server.int.test.ts'
const RUNTIME = 'packages/kube/src/perturbations.int.test.ts'
/** the same on a real API server, where that can be done */
const REAL_RUNTIME = 'packages/kube/src/perturbations-real.int.test.ts'
const LEADER = 'packages/kube/src/leader-elector.int.test.ts'
const FAULTS = 'test/e2e-cluster/stories/8-faults.story.ts'
const CYCLES = 'test/e2e-cluster/stories/8b-cycles.story.ts'

const CLUSTER: readonly Requirement[] = [
  cluster('SEC-4', 'no value in any Kubernetes object, nor in any key of etcd'),
  cluster('BOX-1', 'pods meet the restricted standard, whatever a manifest says, and any other is refused'),
  cluster('BOX-2', 'a resource cannot override the security of its pod'),
  cluster('BOX-3', 'a forged label draws no traffic'),
  cluster('BOX-4', 'a pod reaches only what it may', [
    ['test/e2e-cluster/stories/2-install.story.ts', '`helm test` proves that people are shut off from one another'],
    ['test/chart/helm-test.int.test.ts', 'all shut off: ends with 0, says what was proven'],
  ]),
  cluster('BOX-5', 'no pod before its policy'),
  cluster('BOX-6', "a pod's shim takes only its own gateway, and a gateway only the shim of that very pod"),
  cluster(
    'BOX-9',
    "one user's sandboxes cost nobody else theirs",
    [
      [CONTROLLER, 'many at once: never more than the limit'],
      ['test/e2e-cluster/stories/9-attack.story.ts', 'a full disk is its own'],
      ['test/e2e-cluster/stories/9-attack.story.ts', 'a fork bomb stays in its pod'],
    ],
    "that the p95 of others' starts stays the same while one person spawns many",
  ),
  cluster(
    'OPR-1',
    'killed at every call, or any write conflicting, failing or unanswered: the same end, nothing twice',
    [
      [KILLED, 'at every call in turn, %s it is done, with %s: the same end'],
      [KILLED, 'one fault, always the same end'],
      [SERVERS, 'the operator dies at every call in turn'],
      [RUNTIME, 'one fault, always the same end'],
      [REAL_RUNTIME, 'killed at every call in turn, %s it is done: the same end'],
      [FAULTS, 'somebody else writes to the sandbox all the time'],
    ],
  ),
  cluster('OPR-2', 'whatever happens to a watch or a list, it converges', [
    [KILLED, 'watches cut and history forgotten, over and over'],
    [KILLED, 'an API server that is away while somebody waits'],
    [KILLED, 'a cache of %s that is behind: not one write more'],
    [RUNTIME, 'a list that expires in its middle'],
    [REAL_RUNTIME, 'a history that is forgotten in the middle of a list'],
    ['packages/kube/src/http.int.test.ts', 'a watch that falls silent ends with an error'],
    [SHORT_LISTS, '%s comes back empty, over and over'],
    [SHORT_LISTS, '%s comes back empty once'],
    [SHORT_LISTS, 'a group that is really deleted'],
    [SHORT_LISTS, 'a group that is in no list and of which the API server says nothing'],
    ['gateway/src/app-edges.int.test.ts', 'empty lists end no sandbox'],
    ['gateway/src/catalog/resources/resource-catalog.int.test.ts', 'the first one: what something names is asked for'],
    ['gateway/src/sandboxes/pods/pod-sandboxes.int.test.ts', 'a catalogue that comes back short takes nothing'],
    [OUTAGE, '%s: a lease that is extended within seconds of the return keeps its pod'],
    [OUTAGE, '%s: a lease that nobody extends ends its pod'],
    // for five minutes in CI, OUTAGE_MINUTES
    [FAULTS, 'the API server is away for'],
  ]),
  cluster('OPR-3', 'one leads; a dead or silent leader is followed, one that lost its lease writes nothing', [
    [LEADER, 'a leader that cannot renew gives up before another may begin'],
    [LEADER, 'a holder that fell silent is followed after its lease'],
    [KILLED, "this machine's clock is off by %i ms"],
    [FAULTS, 'the leading operator is killed'],
    [CYCLES, 'cycles with random kills and a paused leader'],
    ['operator/src/operator.int.test.ts', 'once its lease is over nothing of it is written'],
  ]),
  cluster('OPR-4', 'what somebody edits or deletes by hand is put right', [
    [CONTROLLER, 'a pod that somebody deletes is replaced, and the status names the new one'],
    [SERVERS, 'a policy that was changed by hand comes back'],
    ['gateway/src/trust/trust.int.test.ts', 'what somebody wrote into the ConfigMap is put right'],
  ]),
  cluster('OPR-5', 'a removed operator leaves nothing stuck'),
  cluster(
    'OPR-6',
    'a resource that is wrong is refused or says so, and harms no other',
    [
      ['test/crds/corpus.test.ts', 'is refused by the hub, naming the same field'],
      ['test/crds/api-server.int.test.ts', 'refuses $name with its sentence'],
      ['gateway/src/catalog/resources/resource-catalog.int.test.ts', 'the last good version serves on'],
      ['operator/src/read-server.test.ts', 'a server with any member replaced by anything'],
      ['operator/src/read-group.test.ts', 'a group with any member replaced by anything'],
      ['operator/src/slim-sandbox.test.ts', 'a sandbox with any member replaced by anything'],
      ['packages/kube/src/reflector.int.test.ts', 'is left out of a list, with a fault that names it'],
      ['test/e2e-cluster/stories/3-manifests.story.ts', 'the API server refuses %s and names the fix'],
    ],
    'random schemas',
  ),
  cluster('OPR-7', 'nothing is reached in another namespace'),
  cluster('OPR-8', 'rights are a table, without wildcard or Secret; every one is used and none is missed'),
  cluster(
    'OPR-9',
    'a deleted user leaves nothing',
    [
      ['gateway/src/features/users/users.int.test.ts', 'hard deletion leaves no row anywhere'],
      [
        'gateway/src/sandboxes/pods/pod-sandboxes.int.test.ts',
        'deleted while the API server is away is gone soon after',
      ],
      ['gateway/src/sandboxes/pods/pod-sandboxes.int.test.ts', 'who was erased while no gateway lived is swept'],
    ],
    'a crash at any point of it (in part: sandbox-controller and pod-sandboxes, `forget`)',
  ),
  later('OPR-10', 'tens of thousands of users and objects', 'no bench of it is committed'),
  cluster('OPR-11', 'image, crash loop, no room, quota: a clear condition and a back-off, no loop', [
    [CONTROLLER, '%s: the reason, a back-off, no pod; a client that goes on asking starts nothing'],
    [CONTROLLER, 'no room: the pod waits, the reason is told, and it runs when there is room'],
    [CONTROLLER, "the namespace's quota is full, then freed"],
    [SERVERS, 'a wrong image is no loop'],
    ['test/e2e-cluster/stories/4-calls.story.ts', 'nobody can hammer through the back-off'],
  ]),
]

const story5 = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 5, what a person can do', id, behaviour, ...proof)
const part5 = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 5, parts', id, behaviour, ...proof)

const S = 'test/e2e-cluster/stories'
const CALLS = `${S}/4-calls.story.ts`
const WAKES = `${S}/4b-wakes.story.ts`
const GROUPS = `${S}/7-groups.story.ts`
const END = `${S}/12-long-chart.story.ts`
const LIFECYCLE = 'test/chart/lifecycle.int.test.ts'
const RENDER = 'test/chart/render.int.test.ts'
const API_SERVER = 'test/chart/api-server.int.test.ts'
const REPLICAS = 'test/e2e/cluster-replicas.test.ts'
const SHIM = 'test/sandbox/shim.int.test.ts'
const IMAGES = 'test/images/images.check.ts'

const CLUSTER_STORY: readonly Requirement[] = [
  story5(
    'R5-1a',
    'a real cluster from package registries alone, in a network of its own, that enforces NetworkPolicies',
    [`${S}/1-cluster.story.ts`, 'the cluster enforces NetworkPolicies'],
    [`${S}/1-cluster.story.ts`, 'it is a real one'],
    ['test/cluster/checks/network-policy.check.ts', 'without a policy everything is open'],
    ['test/cluster/checks/pods.check.ts', 'nothing outside the cluster is reachable'],
  ),
  story5('R5-1b', 'or the one KUBECONFIG points to, with named probes for what it can prove', [
    'test/cluster/harness.test.ts',
    'a KUBECONFIG of somebody else is used',
  ]),
  story5(
    'R5-2a',
    '`helm install` brings gateways, operators, definitions, a database, and notes with the one command for the set-up link',
    [`${S}/2-install.story.ts`, 'two gateways, two operators and a database are ready'],
    [`${S}/2-install.story.ts`, 'one operator leads, and only one'],
    [`${S}/2-install.story.ts`, 'the one-time set-up link worked once and is spent'],
    [LIFECYCLE, 'the first packaged chart, with no values'],
    [RENDER, 'the notes print the one command that shows the set-up link'],
  ),
  story5(
    'R5-2b',
    '`helm test` makes two people, proves what neither reaches, and takes them away',
    [`${S}/2-install.story.ts`, '`helm test` proves that people are shut off from one another'],
    ['test/chart/helm-test.int.test.ts', 'two users in one pod make it fail'],
    ['test/chart/helm-test.int.test.ts', 'what does not answer at all proves nothing'],
  ),
  story5(
    'R5-2c',
    'upgrade from the first packaged chart, rollback, uninstall: secrets, people, sessions and custom resources stay',
    [END, 'an upgrade from the first packaged chart keeps secrets, people, sessions and running pods'],
    [END, 'a rollback takes it back'],
    [END, 'uninstalled, custom resources, database and key ring are still there'],
    [LIFECYCLE, 'leaves the keys of now, not those of then'],
    [LIFECYCLE, 'takes up what stayed'],
  ),
  story5(
    'R5-3a',
    '`kubectl get` and `kubectl explain` read like a good API; conditions say what to do',
    [`${S}/3-manifests.story.ts`, '`kubectl get` shows type, readiness and counts'],
    [`${S}/3-manifests.story.ts`, '`kubectl explain` says what every field is for'],
    [`${S}/3-manifests.story.ts`, 'a group that names a server that is not there says which'],
    [CALLS, '`kubectl get msb` tells server, readiness, reason and until when'],
    ['test/crds/crds.test.ts', 'is structural, bounded and described'],
  ),
  story5(
    'R5-3b',
    'a wrong manifest is refused by the API server in a sentence that names the field and the fix',
    [`${S}/3-manifests.story.ts`, 'the API server refuses %s and names the fix'],
    ['test/crds/corpus.test.ts', 'every rule of the CRDs has a manifest that breaks it'],
    ['test/crds/api-server.int.test.ts', 'refuses $name with its sentence'],
  ),
  story5(
    'R5-3c',
    'a server by package; the same YAML on one machine',
    [`${S}/3b-packages.story.ts`, 'a package is installed and answers, with the same manifest as on one machine'],
    [`${S}/3b-packages.story.ts`, 'a package that is not there is said so at once, with the reason'],
    ['test/crds/corpus.test.ts', '$name is taken'],
    ['test/crds/api-server.int.test.ts', 'takes $name'],
  ),
  story5(
    'R5-4a',
    'a first call brings a sandbox, a pod and the answer; another person has another pod; two calls meet one program',
    [CALLS, "Alice's first call brings an McpSandbox, a pod of hers and the answer"],
    [CALLS, "Bob's call goes to another pod, with his own secret"],
    [CALLS, 'two calls at once meet one program'],
  ),
  story5('R5-4b', 'idle: pods vanish, lists answer, the next call wakes one, once', [
    CALLS,
    'idle: pods vanish, lists still answer',
  ]),
  story5(
    'R5-4c',
    'a call during draining, a deleted pod, a killed child, a lost node: answered, or failed once with the reason',
    [CALLS, 'a pod that is deleted under a call: it drains'],
    [CALLS, 'a pod that is deleted without any grace'],
    [CALLS, 'a child that ends under a call'],
    [`${S}/6l-long-node.story.ts`, 'that node lost'],
  ),
  story5(
    'R5-4d',
    'a permanent fault is answered at once with its reason and a back-off that nobody can hammer through',
    [CALLS, 'an image that is not there is answered at once'],
    [WAKES, 'a full namespace is answered at once with that reason'],
    [WAKES, 'a program that ends as soon as it starts is answered at once'],
  ),
  story5(
    'R5-5a',
    'a warm pool: a newcomer takes a waiting pod with secrets of his own; it never comes back; the pool refills',
    [`${S}/5-warm-pool.story.ts`, "a newcomer's first call takes a waiting pod"],
    [`${S}/5-warm-pool.story.ts`, 'two newcomers at once get two pods'],
    [`${S}/5-warm-pool.story.ts`, 'a pod that was taken never comes back'],
    [`${S}/5-warm-pool.story.ts`, '`kubectl scale` sets how many wait'],
  ),
  story5('R5-5b', 'a folder that is kept is there after a sleep, for its person alone, and goes with the sandbox', [
    `${S}/5b-kept.story.ts`,
    'what a person’s server wrote is there after its sleep',
  ]),
  story5(
    'R5-6a',
    'gVisor for a server or for a group: first calls, sleep, wake, pool and attacks as everywhere',
    [`${S}/6-runtimes.story.ts`, 'a server under gVisor'],
    [`${S}/6-runtimes.story.ts`, 'a group names the runtime for its people alone'],
    [`${S}/6b-gvisor.story.ts`, "a newcomer's first call takes a waiting pod"],
    [`${S}/6b-gvisor.story.ts`, 'idle: pods vanish, lists still answer'],
    [`${S}/6b-gvisor.story.ts`, 'from inside nothing is reached'],
  ),
  story5(
    'R5-6b',
    'two nodes: a sandbox on the other one, policies across both, and that node lost',
    [`${S}/6l-long-node.story.ts`, 'a sandbox on the other node answers'],
    [`${S}/6l-long-node.story.ts`, 'that node lost'],
  ),
  story5(
    'R5-7a',
    "a group's limits, runtime, idle time and startup take effect, also under running pods",
    [GROUPS, 'CPU and memory of the group are the pod’s'],
    [GROUPS, 'sandboxes of one person: one more than the group allows is refused'],
    [GROUPS, 'calls per minute: one more is refused'],
    [GROUPS, 'startup: Always'],
    [GROUPS, 'the idle time of the group holds'],
  ),
  story5(
    'R5-7b',
    'whoever leaves the group loses pods and streams within 5 s, the database cut off too',
    [GROUPS, 'whoever is removed from the group loses pods and streams within 5 s'],
    [REPLICAS, 'loses calls and streams at both gateways within 5 s, the database cut off'],
  ),
  story5('R5-7c', 'a changed server drains the old pods and kills no call', [
    GROUPS,
    'a changed server drains the old pod, kills no call',
  ]),
  story5(
    'R5-8a',
    'any gateway or operator is killed: sessions go on, on the other replica too, and nothing is made twice',
    [FAULTS, 'a gateway is killed: sessions survive on the other'],
    [FAULTS, 'the leading operator is killed'],
    [FAULTS, 'a cancel that comes to the other replica reaches the program'],
    [FAULTS, 'a call that asks is answered though the answer comes to the other replica'],
    [FAULTS, 'a push reaches a session whose stream is held by the other replica'],
    [REPLICAS, 'a cancel and an answer that reach the other gateway reach the call'],
    [REPLICAS, 'a parked call is taken up again through the other gateway'],
  ),
  story5(
    'R5-8c',
    'cycles of create, wake, idle and delete with random kills: no orphan, no duplicate pod, no byte of another person',
    [CYCLES, 'cycles with random kills and a paused leader'],
    [CYCLES, 'no pod was without a sandbox, no sandbox had two'],
    [CYCLES, 'no byte of one person reached another'],
  ),
  story5('R5-8b', 'orphans are reaped even if every gateway is gone', [
    FAULTS,
    'orphans are reaped though every gateway is gone',
  ]),
]

const CLUSTER_PARTS: readonly Requirement[] = [
  part5(
    'R5-10a',
    'the definitions are generated, bounded and described; ratcheting and immutability before a real API server',
    ['test/crds/crds.test.ts', 'is what `npm run docs:crds` writes'],
    ['test/crds/api-server.int.test.ts', 'a rule that tightens leaves alone what is there and unchanged'],
    ['test/crds/corpus.test.ts', 'the corpus is as large as it looks'],
  ),
  part5(
    'R5-10b',
    'packages/kube stands by itself: packed, an operator is built with it elsewhere and carried through the faults; its README says how in 40 lines',
    ['test/kube-package.int.test.ts', 'what is built is of that folder alone'],
    ['test/kube-package.int.test.ts', 'killed in the middle'],
    ['packages/kube/src/testing/example-operator.int.test.ts', 'the README shows it, in 40 lines at most'],
  ),
  part5(
    'R5-10c',
    'the operator at rest writes nothing; its metrics have the names of controller-runtime',
    [KILLED, 'at rest nothing is written'],
    ['operator/src/operator.int.test.ts', 'measured by the names dashboards know'],
  ),
  part5(
    'R5-10d',
    'an admission policy holds even the operator’s own pods to the list',
    [RENDER, 'every rule of the policy of pods has a pod that only it refuses'],
    [API_SERVER, "takes the operator's own pod of %s"],
  ),
  part5(
    'R5-11a',
    'the shim: late start, several replicas, claims, bounds, drain; race detector, fuzzed frames',
    [SHIM, 'go vet and its own tests pass'],
    [SHIM, 'its frames and its reader of messages stand what is random'],
    [SHIM, 'two replicas share a child; what one left unanswered the other claims'],
  ),
  part5(
    'R5-11b',
    'it works in front of any image: runner images, a Go program on an empty one, one of Alpine’s kind; by image volume and by init container',
    [`${S}/6c-foreign.story.ts`, "GitHub's own server, a Go program on an empty image"],
    [`${S}/6c-foreign.story.ts`, 'a program of musl behind a shell'],
    [END, 'where the cluster has no image volumes, an init container brings the shim'],
    [IMAGES, 'the shim of %s starts a child and passes a line'],
  ),
  part5(
    'R5-12a',
    'images: ordinary user, read-only root, no shell, a bill of materials; packages prepared; compose for one host',
    [IMAGES, '%s runs as an ordinary user and has no shell'],
    [IMAGES, '%s lists what is in it, %s too'],
    [IMAGES, '%s answers without network, its code compiled beforehand'],
    ['cli/src/image/image.int.test.ts', 'a Dockerfile, the lock with integrity'],
    ['test/images/compose.check.ts', 'the hub is ready and refuses strangers'],
  ),
  part5(
    'R5-12b',
    'the chart: values with a schema, everything optional apart, every object taken by a real API server',
    [RENDER, 'passes `helm lint --strict`, with no values and with many'],
    [API_SERVER, 'takes every object of: %s'],
    ['test/chart/files.test.ts', 'is what `npm run docs:chart` writes'],
    ['test/chart/files.test.ts', 'the dashboard and the alerts ask for metrics that exist'],
    ['test/chart/fits.int.test.ts', '%s: its own project knows every field'],
    ['test/chart/fits.int.test.ts', 'monitors find their Services and ports'],
    [RENDER, 'with existing ones none is made, and those are mounted'],
    [REPLICAS, 'a gateway whose key ring is not the database’s refuses to start'],
  ),
  part5('R5-12c', 'every shell block of the guides is run', [
    `${S}/11b-guides.story.ts`,
    'most of what the guides say to type was typed',
  ]),
  part5(
    'R5-13',
    'figures of first calls, each beside its floor and cut into stages; writes of a wake and of sleep',
    [`${S}/11-figures.story.ts`, 'cold: tool call to first result'],
    [`${S}/11-figures.story.ts`, 'warm pool: tool call to first result'],
    [`${S}/11-figures.story.ts`, 'a wake writes at most 4 times to the API server'],
    [`${S}/11-figures.story.ts`, 'sleeping sandboxes write nothing'],
  ),
]

const FIGURES: readonly Requirement[] = [
  figure('R4-20', 'the official conformance suites pass at /mcp/{server} in front of every kind of upstream'),
  figure('R4-21', 'and at /mcp, with the prefixes of names taken off'),
  figure('R4-22', 'the server they run against passes them without a hub'),
]

const ENDPOINTS: readonly Requirement[] = [
  endpoint(
    'R4-1',
    'clients of the field as they are: TypeScript SDK 1.10, 1.32, 2.4, mcp-remote, the Inspector, the Python SDK',
  ),
  endpoint('R4-1b', 'the newest Inspector and the Python SDK at the hub that one command starts'),
  endpoint('R4-1c', 'an editor that looks for OAuth finds nothing that would make it forget its key'),
  endpoint('R4-1d', 'openings that are nearly right are answered so that the client goes on'),
  endpoint('R4-1e', 'methods a server never declared are answered harmlessly'),
  endpoint('R4-1f', 'streams that are cut come back, with what changed meanwhile, each message once'),
  endpoint('R4-2', 'every feature in every pairing of eras and transports, or the answer the specification has for it'),
  endpoint('R4-2g', 'the tables of the protocol guide are those of the tests'),
  endpoint('R4-2h', 'same names and URIs of several servers are told apart and each is reached'),
  endpoint('R4-5', 'an idle stream is kept alive through proxies'),
]

const LISTEN = 'gateway/src/mcp/downstream/listen.int.test.ts'

const HEARD: readonly Requirement[] = [
  endpoint(
    'R4-2a',
    'what a client subscribes to is subscribed to upstream in the way of its era, again after every loss',
  ),
  endpoint('R4-2b', 'a newer server is listened to for changes of its lists, without anybody’s values where it can be'),
  endpoint('R4-2c', 'subscriptions/listen: the filter that is honoured first, then what it names, in the end a result'),
  endpoint('R4-2d', 'what nobody listens to any more is given back, and a user listens to only so much', [
    LISTEN,
    'one user has only so many of them',
  ]),
  endpoint(
    'R4-4a',
    'a list comes at the pace of the healthy servers, from the last discovery, names the missing ones and tells of their return',
  ),
  endpoint('R4-4b', 'nobody is shown what was learned with another person’s values, unless the manifest says so'),
  endpoint('R4-4c', 'a call of what was never discovered waits for that within its limits, and ends with the reason'),
  endpoint(
    'R4-5a',
    'a long call, a session’s stream and a listen request live through proxies that cut what is silent',
  ),
  endpoint(
    'R4-5b',
    'progress comes in order and none after the result, and a call nobody waits for is ended, over every transport',
  ),
  endpoint('R4-5c', 'cache hints stand on every result that needs them, and are never for more than one person'),
  endpoint('R4-2e', 'tasks of both eras pass between those who know them, under ids that are of no use to others'),
]

const ASKING = 'test/e2e/asking.int.test.ts'
const PARKED = 'gateway/src/mcp/downstream/parked-calls.int.test.ts'
const ROUNDS = 'gateway/src/mcp/downstream/input-rounds.int.test.ts'
const QUESTIONS = 'gateway/src/mcp/downstream/session-questions.int.test.ts'

const ASKED: readonly Requirement[] = [
  endpoint(
    'R4-3',
    'an older server that asks in the middle of a call: the call stays parked, a newer client is answered input_required, its retry goes on',
    [PARKED, 'input_required, then the retry goes on with the very same call'],
    [PARKED, 'a URL to open, a sample and roots are asked at once'],
    [PARKED, 'progress before parking has the first token'],
    [ASKING, 'server-everything over %s asks for a form, a sample, a URL and roots'],
  ),
  endpoint(
    'R4-3b',
    'a parked call is bounded in time, counts against its user, and ends with its child, its key and its hub',
    [PARKED, 'it counts against the calls in flight of its user until it is over'],
    [PARKED, 'its child ends: the retry is told why'],
    [PARKED, 'a revoked key ends it (%s)'],
    [PARKED, 'the bound is published'],
    [PARKED, 'after the hub was started anew the call is gone, and that is said'],
    [ASKING, 'ends with its child, and the retry is told so'],
    [ASKING, 'ends with its person'],
  ),
  endpoint(
    'R4-3c',
    'a newer server that answers input_required: an older client is asked on the stream of its call, in bounded rounds',
    [ROUNDS, 'is asked on the stream of its call; the call is sent again with the answers and the state'],
    [ROUNDS, 'rounds are bounded'],
    [ROUNDS, 'a client with %s is not asked: -32021 names what is lacking'],
    [ASKING, 'a server of the newer era asks in two rounds, three questions in the first'],
  ),
  endpoint(
    'R4-3e',
    'an older server that wants a page opened first (-32042): a newer client is asked to, its retry makes the call anew',
    [PARKED, 'the client is asked to have them opened; its retry makes the same call anew'],
    [ASKING, 'server-everything over %s refuses until a page is opened: a newer client is asked to, and goes on'],
  ),
  endpoint(
    'R4-3f',
    'what an older server asks outside any call goes to the one session it can concern, on its own stream',
    [QUESTIONS, 'a session that ends answers what it was asked'],
    [ASKING, 'an older client whose roots change: server-everything over %s asks for them outside any call'],
  ),
  endpoint(
    'R4-3d',
    'log lines reach a client by the level it named; a newer one that names none hears none',
    ['gateway/src/mcp/downstream/log-filter.test.ts', 'other notifications pass, whatever they talk about'],
    [ROUNDS, "log lines on a call's own stream follow the level of the session"],
  ),
]

const ATTACKED: readonly Requirement[] = [
  attack(
    'R4-30',
    'at least 2,000 random sequences of messages, behaviours and faults show nothing that may not be seen',
  ),
  attack('R4-31', 'each of the planted faults is found by those sequences'),
  attack('R4-32', '10,000 requests a minute without a key leave the p99 of people at work within twice'),
  attack('R4-33', 'a client that does not read costs no memory and nobody else anything'),
  attack('R4-34', 'whatever a server does to one call, the calls of others are answered'),
  attack(
    'R4-35',
    '60 s without a database: sessions and known keys go on, audit is kept to its bound and says what it lost',
  ),
  attack('R4-36', 'beyond their published time known keys are refused with 503, and come back with the database'),
  attack(
    'R4-37',
    '1,000 kills of upstreams and children while 50 people work: one answer or one error each, none made twice',
  ),
  attack('R4-38', 'the same with real processes, as many as a run has time for'),
  attack(
    'R4-39',
    '`make soak`: a crowd of mixed eras for half an hour: no cross-talk, no lost progress, nothing leaks',
  ),
]

const console6 = (id: string, behaviour: string, ...proof: Proof[]): Requirement =>
  promise('issue 6', id, behaviour, ...proof)

// --- the console -----------------------------------------------------------------------------------------------------------------
const CONSOLE: readonly Requirement[] = [
  console6(
    'R6-1',
    'the set-up link makes the first administrator in the browser, and dies; a provider is set up there',
  ),
  console6('R6-2', 'people log in by password, by one-time link, with GitHub and OpenID Connect'),
  console6('R6-3', 'an editor is connected from the page that made its key, and a light says when it has called'),
  console6('R6-4', 'servers, their values, their tools in a form, and why one is missing'),
  console6('R6-5', 'groups are made, filled and turned on and off, with the count of tools an editor will get'),
  console6('R6-6', 'sandboxes, sessions and calls as they are, live'),
  console6('R6-7', 'people, servers, groups, tools and the audit are administered'),
  console6('R6-8', 'English and Korean are complete: no key is missing, unused or said in one language only'),
  console6(
    'R6-9',
    'the first page costs a visitor at most 150 kB of script and 20 kB of styles, gzip; pages come when one goes there',
  ),
  console6(
    'R6-10',
    'a first visit: nothing jumps (layout shift ≤ 0.05); largest paint ≤ 1.5 s and blocking ≤ 200 ms are measured by `make bench-console`',
  ),
  console6(
    'R6-11',
    'of long lists a page holds what one sees; answers ≤ 300 ms and no frame over 50 ms are measured by `make bench-console`',
  ),
  console6(
    'R6-12',
    'axe finds nothing on any page, in both themes, both languages, on a phone and on a desk; nothing is to be scrolled sideways',
  ),
  console6('R6-13', 'nothing secret comes to a page or stays in a browser: storage, address, title, history, fields'),
  console6(
    'R6-14',
    'what happens elsewhere shows without a reload, by one stream for all tabs; without the hub pages say so and lose nothing',
  ),
]

export const REQUIREMENTS: readonly Requirement[] = [
  ...CONSOLE,
  ...CLUSTER_STORY,
  ...CLUSTER_PARTS,
  ...CLUSTER,
  ...ATTACKED,
  ...ASKED,
  ...STORY,
  ...PARTS,
  ...DONE,
  ...ENDPOINTS,
  ...FIGURES,
  ...HEARD,
  ...THREATS,
]
