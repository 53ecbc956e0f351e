// The conformance fixture as a stdio server of 2025-11-25: the entry of the bundle a sandbox runs.
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { buildFixture } from './fixture-server.ts'
import { FixtureWorld } from './fixture-world.ts'

await buildFixture(new FixtureWorld(), true).connect(new StdioServerTransport())
