{{/* Names that requests may give as their Host: those of ingress and route, of the Service, and what the administrator adds. */}}
{{- define "mcphub.publicHosts" -}}
{{- $service := include "mcphub.fullname" . -}}
{{- $own := list $service (printf "%s.%s" $service .Release.Namespace) (printf "%s.%s.svc" $service .Release.Namespace) (printf "%s.%s.svc.cluster.local" $service .Release.Namespace) -}}
{{- $given := .Values.gateway.publicHosts -}}
{{- if .Values.ingress.enabled -}}{{- $given = concat $given .Values.ingress.hosts -}}{{- end -}}
{{- if .Values.httpRoute.enabled -}}{{- $given = concat $given .Values.httpRoute.hostnames -}}{{- end -}}
{{- concat $given $own | uniq | join "," -}}
{{- end }}

{{/* Volumes of a gateway; also of `helm test`, which makes its users the way a gateway does. */}}
{{- define "mcphub.gatewayVolumes" -}}
- name: data
  emptyDir: { sizeLimit: 1Gi }
- name: tmp
  emptyDir: { sizeLimit: 256Mi }
- name: keyring
  secret:
    secretName: {{ include "mcphub.keyRingSecret" . }}
    # 0440: its own group reads it (fsGroup), nobody else; the gateway refuses a ring that others may read
    defaultMode: 288
- name: database
  secret:
    secretName: {{ include "mcphub.databaseSecret" . }}
    defaultMode: 288
    items:
      - key: {{ .Values.database.urlKey }}
        path: {{ .Values.database.urlKey }}
{{- include "mcphub.caVolume" . }}
{{- end }}
