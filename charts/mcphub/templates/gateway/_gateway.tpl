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
{{- if .Values.login.providers }}
- name: login
  projected:
    defaultMode: 288
    sources:
      - configMap:
          name: {{ include "mcphub.fullname" . }}-login
      {{- $secrets := include "mcphub.loginSecrets" . | fromYamlArray }}
      {{- if $secrets }}
      - secret:
          name: {{ .Values.login.existingSecret }}
          items:
            {{- range $secrets }}
            - { key: {{ . }}, path: secrets/{{ . }} }
            {{- end }}
      {{- end }}
{{- end }}
{{- include "mcphub.caVolume" . }}
{{- end }}

{{/* Ids of the providers whose secret lies in login.existingSecret: all that name no file of their own. */}}
{{- define "mcphub.loginSecrets" -}}
{{- $ids := list -}}
{{- range .Values.login.providers -}}
{{- if not (hasKey . "clientSecretFile") -}}
{{- if $.Values.login.existingSecret -}}
{{- $ids = append $ids .id -}}
{{- else if eq .kind "github" -}}
{{- fail (printf "login.existingSecret: name the Secret that holds the client secret of %q under the key %s" .id .id) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $ids -}}
{{- end }}

{{/* The list as the gateway reads it. */}}
{{- define "mcphub.loginProviders" -}}
{{- $secrets := include "mcphub.loginSecrets" . | fromYamlArray -}}
{{- $providers := list -}}
{{- range .Values.login.providers -}}
{{- $file := ternary (dict "clientSecretFile" (printf "secrets/%s" .id)) dict (has .id $secrets) -}}
{{- $providers = append $providers (merge (dict) . $file) -}}
{{- end -}}
{{- toYaml $providers -}}
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
- name: MCPHUB_TRUSTED_PROXIES
  value: {{ .Values.gateway.trustedProxies | quote }}
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
- name: MCPHUB_CONSOLE
  value: {{ ternary "on" "off" .Values.console.enabled | quote }}
- name: MCPHUB_CONSOLE_IDLE_SECONDS
  value: {{ .Values.console.idleSeconds | int64 | quote }}
- name: MCPHUB_CONSOLE_MAX_SECONDS
  value: {{ .Values.console.maxSeconds | int64 | quote }}
- name: MCPHUB_LOGIN_LOCAL
  value: {{ ternary "on" "off" .Values.login.local.enabled | quote }}
- name: MCPHUB_CLAIMS_DAYS
  value: {{ .Values.login.claimsDays | quote }}
- name: MCPHUB_LOGIN_DAYS
  value: {{ .Values.login.loginDays | quote }}
{{- if .Values.login.providers }}
- name: MCPHUB_LOGIN_FILE
  value: /etc/mcphub/login/providers.yaml
{{- end }}
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
{{- if .Values.login.providers }}
- name: login
  mountPath: /etc/mcphub/login
  readOnly: true
{{- end }}
{{- include "mcphub.caMount" . | nindent 0 }}
{{- end }}
