// What is said of a set-up token that opens nothing, wherever it is looked at.
import { HubError, because } from '@mcphub/api'

/** One text for every bad token: wrong, used, expired, or no longer needed. */
export const setupRefused = (): HubError =>
  new HubError(
    'forbidden',
    'This set-up link is not valid (any more); while there is no administrator, each start of the hub prints a new one',
    because('setupLinkNotValid'),
  )
