{{/* What the hub's own pods have in common. */}}

{{/* (dict "uid" 65532 "over" .Values.gateway.podSecurityContext) */}}
{{- define "mcphub.podSecurityContext" -}}
{{- $own := dict "runAsNonRoot" true "runAsUser" .uid "runAsGroup" .uid "fsGroup" .uid "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- mergeOverwrite $own (default dict .over) | toYaml -}}
{{- end }}

{{- define "mcphub.containerSecurityContext" -}}
{{- $own := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- mergeOverwrite $own (default dict .over) | toYaml -}}
{{- end }}

{{/* Where a pod may run: (dict "root" $ "component" "gateway" "values" .Values.gateway) */}}
{{- define "mcphub.placement" -}}
{{- with coalesce .values.priorityClassName (include "mcphub.hubPriorityClass" .root) }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "mcphub.spread" -}}
{{- if kindIs "slice" .values.topologySpreadConstraints }}
{{- with .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- else }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "mcphub.selector" $ | nindent 8 }}
    # the pods of one revision among themselves, else those that are leaving count
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{/* Proxy and certificate authorities, as environment. */}}
{{- define "mcphub.outwardEnv" -}}
{{- if .Values.proxy.httpsProxy }}
- name: HTTPS_PROXY
  value: {{ .Values.proxy.httpsProxy | quote }}
- name: NO_PROXY
  value: {{ prepend (without (list .Values.proxy.noProxy) "") "localhost,127.0.0.1,.svc,.cluster.local" | join "," | quote }}
{{- end }}
{{- if include "mcphub.caSource" . }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/mcphub/ca/{{ .Values.caBundle.key }}
{{- end }}
{{- end }}

{{- define "mcphub.caSource" -}}
{{- with .Values.caBundle -}}
{{- if and .existingConfigMap .existingSecret -}}
{{- fail "caBundle: name existingConfigMap or existingSecret, not both" -}}
{{- end -}}
{{- if .existingConfigMap -}}
{{- dict "configMap" (dict "name" .existingConfigMap) | toYaml -}}
{{- else if .existingSecret -}}
{{- dict "secret" (dict "secretName" .existingSecret) | toYaml -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "mcphub.caMount" -}}
{{- if include "mcphub.caSource" . }}
- name: ca
  mountPath: /etc/mcphub/ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "mcphub.caVolume" -}}
{{- with include "mcphub.caSource" . }}
- name: ca
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "mcphub.podName" -}}
- name: MCPHUB_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
