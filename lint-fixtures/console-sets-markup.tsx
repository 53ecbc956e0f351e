// file: console/src/ui/bad-markup.tsx
// fires: react(no-danger)
export const Markup = ({ html }: { readonly html: string }) => <div dangerouslySetInnerHTML={{ __html: html }} />
