// The console begins here: the one-time token leaves the address, the words are fetched, then everything is shown at once.
import { createRoot } from 'react-dom/client'
import { App, prepare } from './app/providers.tsx'
import { loadWords } from './lib/i18n/load.ts'
import { followLinkTokens } from './lib/link-token.ts'
import { readPrefs } from './lib/prefs.ts'
import './ui/tokens.css'

/** so long the first picture waits to be whole, in milliseconds */
const PATIENCE = 400

followLinkTokens()
const { language } = readPrefs()
const root = createRoot(document.getElementById('root')!)
const patience = new Promise((resolve) => window.setTimeout(resolve, PATIENCE))
await Promise.allSettled([
  // without the words the console still starts, and its error page says what is wrong
  loadWords(language, 'common'),
  loadWords(language, 'errors'),
  Promise.race([prepare(location.pathname), patience]),
])
root.render(<App />)
