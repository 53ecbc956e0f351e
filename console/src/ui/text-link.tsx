// A link in the run of a text: underlined, since colour alone says nothing.
import { Link, type LinkProps } from 'react-router'

export function TextLink(props: Omit<LinkProps, 'className'>) {
  return <Link {...props} className="text-accent underline underline-offset-2 hover:no-underline" />
}
