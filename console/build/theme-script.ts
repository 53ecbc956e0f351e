// Puts theme.js (which must run before anything is painted) into the page as a file of its own with its hash in the name: no inline
// script is allowed, and a file without a hash would be asked for at every visit.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HtmlTagDescriptor, Plugin } from 'vite'

const FILE = join(import.meta.dirname, '../src/theme.js')
const tag = (src: string): HtmlTagDescriptor => ({ tag: 'script', attrs: { src }, injectTo: 'head-prepend' })

export function themeScript(): Plugin {
  return {
    name: 'mcphub-theme-script',
    buildStart() {
      if (this.meta.watchMode) return
      this.emitFile({ type: 'asset', name: 'theme.js', source: withoutComments(readFileSync(FILE, 'utf8')) })
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle }) => {
        if (bundle === undefined) return [tag('/src/theme.js')]
        const file = Object.values(bundle).find((one) => one.type === 'asset' && one.names.includes('theme.js'))
        if (file === undefined) throw new Error('theme.js is not among what was built')
        return [tag(`/${file.fileName}`)]
      },
    },
  }
}

const withoutComments = (code: string): string => code.replace(/^\s*\/\/.*\n/gm, '')
