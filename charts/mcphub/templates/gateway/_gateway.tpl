{{/* Names that requests may give as their Host: those of ingress and route, of the Service, and what the administrator adds. */}}
{{- define "mcphub.publicHosts" -}}
{{- $service := include "mcphub.fullname" . -}}
{{- $own := list $service (printf "%s.%s" $service .Release.Namespace) (printf "%s.%s.svc" $service .Release.Namespace) (printf "%s.%s.svc.cluster.local" $service .Release.Namespace) -}}
{{- $given := .Values.gateway.publicHosts -}}
{{- if .Values.ingress.enabled -}}{{- $given = concat $given .Values.ingress.hosts -}}{{- end -}}
{{- if .Values.httpRoute.enabled -}}{{- $given = concat $given .Values.httpRoute.hostnames -}}{{- end -}}
{{- concat $given $own | uniq | join "," -}}
{{- end }}

{{- define "mcphub.publicUrl" -}}
{{- if .Values.gateway.publicUrl -}}{{- .Values.gateway.publicUrl -}}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts -}}https://{{ first .Values.ingress.hosts }}
{{- else if and .Values.httpRoute.enabled .Values.httpRoute.hostnames -}}https://{{ first .Values.httpRoute.hostnames }}
{{- else -}}http://localhost:3000
{{- end -}}
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

{{/* Environment of a gateway; `helm test` reads the same. */}}
{{- define "mcphub.gatewayEnv" -}}
{{- $fullname := include "mcphub.fullname" . -}}
- name: MCPHUB_MODE
  value: kubernetes
- name: MCPHUB_HOST
  value: 0.0.0.0
- name: MCPHUB_PORT
  value: '3000'
- name: MCPHUB_METRICS_PORT
  value: '9090'
- name: MCPHUB_DATA_DIR
  value: /data
- name: MCPHUB_KEYRING_FILE
  value: /etc/mcphub/keyring/{{ .Values.keyRing.key }}
- name: MCPHUB_DATABASE_URL_FILE
  value: /etc/mcphub/database/{{ .Values.database.urlKey }}
- name: MCPHUB_DATABASE_POOL
  value: {{ .Values.database.pool | quote }}
- name: MCPHUB_PUBLIC_URL
  value: {{ include "mcphub.publicUrl" . | quote }}
- name: MCPHUB_PUBLIC_HOSTS
  value: {{ include "mcphub.publicHosts" . | quote }}
{{- include "mcphub.podName" . | nindent 0 }}
- name: MCPHUB_POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: MCPHUB_NAMESPACE
  value: {{ .Release.Namespace }}
- name: MCPHUB_SANDBOX_NAMESPACE
  value: {{ include "mcphub.sandboxNamespace" . }}
- name: MCPHUB_PEERS_SERVICE
  value: {{ $fullname }}-peers.{{ .Release.Namespace }}.svc
- name: MCPHUB_INTERNAL_NAME
  value: {{ $fullname }}-internal.{{ .Release.Namespace }}.svc
- name: MCPHUB_SANDBOXES_PER_USER
  value: {{ .Values.sandboxes.perUser | quote }}
- name: MCPHUB_LOG_LEVEL
  value: {{ .Values.gateway.logLevel }}
{{- include "mcphub.outwardEnv" . | nindent 0 }}
{{- end }}

{{- define "mcphub.gatewayMounts" -}}
- name: data
  mountPath: /data
- name: tmp
  mountPath: /tmp
- name: keyring
  mountPath: /etc/mcphub/keyring
  readOnly: true
- name: database
  mountPath: /etc/mcphub/database
  readOnly: true
{{- include "mcphub.caMount" . | nindent 0 }}
{{- end }}
