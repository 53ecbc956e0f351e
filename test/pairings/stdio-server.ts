// The probe server as a stdio program; bundled into one file and served as a package by the test registry.
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { buildLegacyServer } from './legacy-server.ts'
import { createSurface } from './surface.ts'

await buildLegacyServer(createSurface()).connect(new StdioServerTransport())
