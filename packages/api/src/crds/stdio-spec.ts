// The member `stdio` of a McpServer: a program the hub starts, in a sandbox. Its rules in words of the hub are check-stdio.ts.
import { z } from 'zod'
import { listMap, matches, onlyReferences, rules } from './cel.ts'
import type { CelRule } from './cel.ts'
import { CPU, IMAGE_BY_DIGEST, IMAGE_NAME, MEMORY, NPM_NAME, OWN_ENV, PYPI_NAME, PYPI_VERSION } from './patterns.ts'
import { seconds } from './meta.ts'
import { runtimeClassName } from './runtime-class.ts'
import { NO_IMAGE_NAME, RESERVED_ENV } from './sentences.ts'

const NO_NUL: CelRule = { rule: String.raw`!self.contains('\u0000')`, message: 'remove the NUL character' }

const TEMPLATE = onlyReferences('USER', 'ORG', 'WORKDIR')

const exactVersion = z
  .string()
  .max(64)
  .regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/, 'give one exact version such as 1.2.3, no range')
const envName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'use letters, digits and "_"')

const npmPackage = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(214)
    .describe('Name in the registry, such as @scope/name.')
    .meta(
      rules({
        rule: `${matches('self', NPM_NAME)} && !self.startsWith('-')`,
        message: 'not the name of an npm package; give it as the registry does, such as @scope/name',
      }),
    ),
  version: exactVersion.describe('One exact version; never a range or a tag.'),
})

const pypiPackage = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(214)
    .describe('Name on PyPI.')
    .meta(rules({ rule: matches('self', PYPI_NAME), message: 'not the name of a PyPI package' })),
  version: z
    .string()
    .min(1)
    .max(64)
    .describe('One exact version; never a range.')
    .meta(rules({ rule: matches('self', PYPI_VERSION), message: 'give one exact version such as 1.2.3, no range' })),
})

export const packageSpec = z
  .strictObject({
    npm: npmPackage.optional().describe('A package of the npm registry.'),
    pypi: pypiPackage.optional().describe('A package of PyPI.'),
    bin: z.string().max(214).optional().describe("The package's program to start; needed only where it has several."),
    allowScripts: z
      .array(z.string().max(214).describe('Name of a package.'))
      .max(32)
      .default([])
      .describe('Packages whose install scripts may run; those of all others do not.'),
  })
  .meta(
    rules({
      rule: 'has(self.npm) != has(self.pypi)',
      message: 'give npm or pypi, with name and version, not both',
    }),
  )

const env = z.strictObject({
  name: envName
    .describe('Name of the variable.')
    .meta(rules({ rule: `!${matches('self', OWN_ENV)}`, message: RESERVED_ENV })),
  value: z
    .string()
    .max(8192)
    .describe(
      "Its value. ${USER_X} stands for the person's own value, ${ORG_X} for one an administrator set, ${WORKDIR} for the work folder.",
    )
    .meta(rules(NO_NUL, TEMPLATE)),
})

const command = z
  .array(
    z
      .string()
      .max(4096)
      .describe('The program, then its fixed arguments.')
      .meta(
        rules(NO_NUL, {
          rule: "!self.contains('${')",
          message: 'no variable can stand in the command; use args',
        }),
      ),
  )
  .max(16)
  .optional()
  .describe(
    "The image's program, in the form of a list. An image needs it: the hub puts its own program in front of it.",
  )

const egress = z
  .strictObject({
    mode: z
      .enum(['None', 'Internet', 'Cidrs'])
      .default('None')
      .describe('None; Internet: public addresses alone, no private or metadata ones; Cidrs: the networks listed.'),
    cidrs: z
      .array(
        z
          .string()
          .max(64)
          .describe('One network, IPv4 or IPv6.')
          .meta(rules({ rule: 'isCIDR(self)', message: 'not a network; give one such as 10.0.0.0/8 or fd00::/8' })),
      )
      .max(64)
      .optional()
      .describe('Networks that may be reached; only with mode: Cidrs.'),
  })
  .default({ mode: 'None' })
  .describe('What the program may reach on the network. Enforced in a cluster.')
  .meta(
    rules(
      {
        rule: "self.mode != 'Cidrs' || (has(self.cidrs) && size(self.cidrs) > 0)",
        message: 'egress.mode: Cidrs needs at least one network such as 10.0.0.0/8',
        fieldPath: '.cidrs',
      },
      {
        rule: "self.mode == 'Cidrs' || !has(self.cidrs)",
        message: 'networks count only with egress.mode: Cidrs',
        fieldPath: '.cidrs',
      },
    ),
  )

const resources = z
  .strictObject({
    cpu: z
      .string()
      .max(16)
      .optional()
      .describe('CPUs, such as 500m or 2; a pod has 10m at least.')
      .meta(rules({ rule: matches('self', CPU), message: 'give CPUs such as 500m or 2' })),
    memory: z
      .string()
      .max(16)
      .optional()
      .describe('Bytes, such as 256Mi or 1Gi; a pod has 16Mi at least.')
      .meta(rules({ rule: matches('self', MEMORY), message: 'give bytes such as 256Mi or 1Gi' })),
  })
  .default({})
  .describe('The most that one sandbox may use.')

const warmPool = z
  .strictObject({
    replicas: z
      .int32()
      .min(0)
      .max(100)
      .default(0)
      .describe('How many pods wait for a person. Also set by `kubectl scale` and autoscalers.'),
  })
  .default({ replicas: 0 })
  .describe(
    "Pods that are started before anybody calls; a person's first call takes one, which never returns. Cluster only.",
  )

export const stdioSpec = z
  .strictObject({
    package: packageSpec
      .optional()
      .describe('The program as a package: installed beforehand on one machine, into the runner image in a cluster.'),
    image: z
      .string()
      .max(512)
      .optional()
      .describe('The program as a container image, by digest: registry/name@sha256:… . Cluster only.')
      .meta(
        rules(
          {
            rule: matches('self', IMAGE_BY_DIGEST),
            message: 'name the image by digest: registry/name@sha256:… (a tag may change under you)',
          },
          {
            rule: `!${matches('self', IMAGE_BY_DIGEST)} || ${matches('self', IMAGE_NAME)}`,
            message: NO_IMAGE_NAME,
          },
        ),
      ),
    command,
    args: z
      .array(
        z
          .string()
          .max(8192)
          .describe('One argument. ${USER_X}, ${ORG_X} and ${WORKDIR} are replaced.')
          .meta(rules(NO_NUL, TEMPLATE)),
      )
      .max(64)
      .default([])
      .describe('Arguments of the program.'),
    env: z
      .array(env.describe('One variable.'))
      .max(128)
      .default([])
      .describe('Environment of the program; it has no other but what the hub sets.')
      .meta(listMap('name')),
    workdir: z
      .string()
      .max(1024)
      .optional()
      .describe('Folder the program starts in; default: its work folder, ${WORKDIR}.')
      .meta(rules(NO_NUL)),
    resources,
    runtimeClassName: runtimeClassName
      .optional()
      .describe('RuntimeClass of the pods, such as gvisor. Cluster only; a UserGroup may name another.'),
    startupTimeoutSeconds: seconds
      .optional()
      .describe('How long a call waits for the sandbox to start; the start itself goes on. Default: 45.'),
    idleTimeoutSeconds: seconds
      .optional()
      .describe('How long a sandbox stays without a call. Default: 300; a UserGroup may give another.'),
    maxLifetimeSeconds: z
      .int32()
      .min(60)
      .max(2_592_000)
      .optional()
      .describe('How long a sandbox may run at all before it is drained.'),
    persistence: z
      .strictObject({
        mode: z
          .enum(['None', 'Retain'])
          .default('None')
          .describe('None: the work folder goes with the sandbox. Retain: it is kept for its person.'),
      })
      .default({ mode: 'None' })
      .describe('What is kept of the work folder.'),
    egress,
    warmPool,
    sessions: z
      .enum(['Shared', 'Isolated'])
      .default('Shared')
      .describe(
        'Shared: one program for all MCP sessions of a person. Isolated: one for each session, in the same sandbox, for servers that keep state.',
      ),
  })
  .meta(
    rules(
      {
        rule: 'has(self.__package__) != has(self.image)',
        message: 'give a package (npm or pypi: name and version) or an image, not both',
      },
      {
        rule: '!has(self.image) || (has(self.command) && size(self.command) > 0)',
        message: 'an image needs its command: the hub puts its own program in front of it',
        fieldPath: '.command',
      },
      {
        rule: '!has(self.__package__) || !has(self.command)',
        message: 'a package brings its own command; use args, and stdio.package.bin where it has several',
        fieldPath: '.command',
      },
      {
        rule: "self.warmPool.replicas == 0 || self.persistence.mode == 'None'",
        message: 'a warm pool needs persistence.mode: None; a kept folder belongs to one user from the start',
        fieldPath: '.warmPool.replicas',
      },
    ),
  )

export type StdioSpec = z.infer<typeof stdioSpec>
export type PackageSpec = z.infer<typeof packageSpec>
