// How the console is built, and served while one works on it (`npm run dev -w console`, against a hub on port 3000 or MCPHUB_URL).
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { budget } from './build/budget.ts'
import { compress } from './build/compress.ts'
import { fieldTrees } from './build/field-trees.ts'
import { hubProxy } from './build/hub-proxy.ts'
import { routeTable } from './build/route-table.ts'
import { themeScript } from './build/theme-script.ts'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [routeTable(), fieldTrees(), themeScript(), react(), tailwindcss(), budget(), compress()],
  server: { proxy: hubProxy(process.env['MCPHUB_URL'] ?? 'http://127.0.0.1:3000') },
  json: { namedExports: false },
  build: {
    // light-dark(), nesting and all the rest as it is written: browsers of May 2024 and later
    target: ['chrome123', 'edge123', 'firefox124', 'safari17.5'],
    sourcemap: false,
    // a data: URL of a script or style is nothing the Content-Security-Policy lets through
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // what every page begins with is one file: of sixteen small ones each costs a slow machine its own reading
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', test: /console\/src\/main\.tsx$/ }] } } },
    reportCompressedSize: false,
  },
})
