// The custom resource definitions as templates of the chart: in `crds/` Helm would never upgrade them.
import { renderCrdFiles } from '../crds/files.ts'

const HEAD = `{{- /* Written by \`npm run docs:chart\` from crds/. Do not edit. */ -}}
{{- if .Values.crds.enabled }}
`
const KEEP = `  annotations:
    mcphub.io/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
    {{- if .Values.crds.keep }}
    {{- include "mcphub.keep" . | nindent 4 }}
    {{- end }}
`

/** Path below the root → text. */
export function renderCrdTemplates(): [string, string][] {
  return [...renderCrdFiles()]
    .filter(([file]) => file.startsWith('crds/'))
    .map(([file, text]) => [`charts/mcphub/templates/${file}`, toTemplate(text)])
}

function toTemplate(text: string): string {
  const body = text
    .replace(/^#.*\n/, '')
    // what Helm would take for its own
    .replaceAll('{{', '{{ "{{" }}')
    .replace(/^metadata:\n {2}name: .*\n/m, (metadata) => metadata + KEEP)
  return `${HEAD}${body}{{- end }}\n`
}
