// The server a call was for; a dash where it was for the hub itself.
import { TextLink } from '../../../ui/text-link.tsx'

export function ServerLink({ name }: { readonly name: string | null }) {
  if (name === null) return '–'
  return (
    <TextLink to={`/servers/${encodeURIComponent(name)}`}>
      <bdi>{name}</bdi>
    </TextLink>
  )
}
