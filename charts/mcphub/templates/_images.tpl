{{/* References of images. */}}

{{/* (dict "root" $ "image" .Values.images.gateway) */}}
{{- define "mcphub.image" -}}
{{- $images := .root.Values.images -}}
{{- $base := printf "%s/%s" (default $images.registry .image.registry) .image.repository -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $base .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $base (coalesce .image.tag $images.tag .root.Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{- define "mcphub.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Prefixes of images that may run in sandboxes, as a comma list; empty: all. The hub's own are among them. */}}
{{- define "mcphub.allowedImages" -}}
{{- $prefixes := .Values.sandboxes.allowedImages -}}
{{- if $prefixes -}}
{{- range list "sandboxNode" "sandboxPython" "shim" -}}
{{- $prefixes = append $prefixes (include "mcphub.image" (dict "root" $ "image" (index $.Values.images .))) -}}
{{- end -}}
{{- end -}}
{{- $prefixes | uniq | join "," -}}
{{- end }}

{{/* Secrets that sandboxes' pods may use, as a comma list: what the administrator named, and what the chart itself gives them. */}}
{{- define "mcphub.allowedSecrets" -}}
{{- $names := concat .Values.sandboxes.allowedSecrets .Values.images.pullSecrets -}}
{{- with .Values.sandboxes.registry.existingSecret -}}
{{- $names = append $names . -}}
{{- end -}}
{{- $names | uniq | join "," -}}
{{- end }}
