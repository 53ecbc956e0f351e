{{/* Names and labels. */}}
{{- define "mcphub.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* At most 40 characters: the longest thing put behind it, "-gateway-metrics" or a pod's hash, still fits into 63. */}}
{{- define "mcphub.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "mcphub.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "mcphub.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "mcphub.sandboxNamespace" -}}
{{- $name := default (printf "%s-sandboxes" .Release.Name) .Values.sandboxes.namespace.name -}}
{{- if eq $name .Release.Namespace -}}
{{- fail "sandboxes.namespace.name must not be the hub's own namespace: whoever may create pods there could read the hub's Secrets" -}}
{{- end -}}
{{- $name -}}
{{- end }}

{{/* (dict "root" $ "component" "gateway") */}}
{{- define "mcphub.selector" -}}
app.kubernetes.io/name: mcphub
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "mcphub.labels" -}}
{{ include "mcphub.selector" . }}
app.kubernetes.io/part-of: mcphub
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The whole metadata but the name: (dict "root" $ "component" "gateway" "annotations" dict "namespace" "…" | "cluster" true) */}}
{{- define "mcphub.metadata" -}}
{{- if not .cluster }}
namespace: {{ default .root.Release.Namespace .namespace }}
{{- end }}
labels:
  {{- include "mcphub.labels" . | nindent 2 }}
{{- with merge (dict) (default dict .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "mcphub.keep" -}}
{{- dict "helm.sh/resource-policy" "keep" | toYaml -}}
{{- end }}

{{- define "mcphub.gatewayAccount" -}}
{{- $account := .Values.serviceAccounts.gateway -}}
{{- if $account.create -}}
{{- default (printf "%s-gateway" (include "mcphub.fullname" .)) $account.name -}}
{{- else -}}
{{- required "serviceAccounts.gateway.name: name the ServiceAccount, since create is false" $account.name -}}
{{- end -}}
{{- end }}

{{- define "mcphub.operatorAccount" -}}
{{- $account := .Values.serviceAccounts.operator -}}
{{- if $account.create -}}
{{- default (printf "%s-operator" (include "mcphub.fullname" .)) $account.name -}}
{{- else -}}
{{- required "serviceAccounts.operator.name: name the ServiceAccount, since create is false" $account.name -}}
{{- end -}}
{{- end }}

{{- define "mcphub.keyRingSecret" -}}
{{- default (printf "%s-keyring" (include "mcphub.fullname" .)) .Values.keyRing.existingSecret -}}
{{- end }}

{{/* A URL given as a value has a Secret of its own: that of the bundled database stays, and belongs to no release. */}}
{{- define "mcphub.databaseSecret" -}}
{{- $own := ternary "database-url" "database" (ne .Values.database.url "") -}}
{{- default (printf "%s-%s" (include "mcphub.fullname" .) $own) .Values.database.existingSecret -}}
{{- end }}

{{- define "mcphub.sandboxPriorityClass" -}}
{{- if .Values.priorityClasses.create -}}
{{- default (printf "%s-sandbox" (include "mcphub.fullname" .)) .Values.priorityClasses.sandboxName -}}
{{- else -}}
{{- .Values.priorityClasses.sandboxName -}}
{{- end -}}
{{- end }}

{{- define "mcphub.hubPriorityClass" -}}
{{- if .Values.priorityClasses.create -}}
{{- default (printf "%s-hub" (include "mcphub.fullname" .)) .Values.priorityClasses.hubName -}}
{{- else -}}
{{- .Values.priorityClasses.hubName -}}
{{- end -}}
{{- end }}
