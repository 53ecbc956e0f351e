// A text of the catalogue with its addresses as links: where a token is made, one click away. Set apart, as
// whatever others wrote; the page learns nothing of where it led.
import { Fragment } from 'react'
import { splitLinks } from '../lib/text-links.ts'

export function LinkedText({ text }: { readonly text: string }) {
  return (
    <bdi>
      {splitLinks(text).map((part, at) =>
        part.href === null ? (
          <Fragment key={at}>{part.text}</Fragment>
        ) : (
          <a
            key={at}
            href={part.href}
            target="_blank"
            rel="noreferrer noopener"
            className="break-all text-accent underline underline-offset-2 hover:no-underline"
          >
            {part.text}
          </a>
        ),
      )}
    </bdi>
  )
}
