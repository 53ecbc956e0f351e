// Where a provider sends people back to. Each has an address of its own, so that what one provider was asked for cannot be brought back as the
// answer of another (RFC 9700 §4.4.2.2).
import { ROUTES } from '@mcphub/api'

/** `id` null: with `:id` in its place, for whoever knows the id later. */
export const redirectUriOf = (origin: string, id: string | null): string =>
  origin + (id === null ? ROUTES.finishLogin.path : ROUTES.finishLogin.path.replace(':id', id))
