// What a manifest is of.
import type { ManifestResponse } from '@mcphub/api'

export type Kind = ManifestResponse['kind']
