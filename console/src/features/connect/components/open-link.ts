// Opens an editor by its own scheme. The link holds the key, so it stands in no markup, no address and no history: it is made when somebody clicks,
// and nothing keeps it.
export function openLink(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.rel = 'noreferrer'
  link.click()
}
