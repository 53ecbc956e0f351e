#!/bin/bash
# certificates.sh FOLDER API_SERVICE_IP NODE=IP...: the cluster's authorities, certificates and keys (P-256: twenty in under a second), valid for 30 days.
set -euo pipefail
folder=$1 api_service_ip=$2
shift 2
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null; }

new_authority() {
  new_key "$1"
  openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 30 -out "$1.crt" \
    -addext 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign' 2>/dev/null
}

# new_certificate FILE AUTHORITY SUBJECT clientAuth|serverAuth [SUBJECT_ALT_NAMES]
new_certificate() {
  new_key "$1"
  {
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' "$4"
    if [ -n "${5:-}" ]; then echo "subjectAltName=$5"; fi
  } >"$1.ext"
  openssl req -new -key "$1.key" -subj "$3" 2>/dev/null |
    openssl x509 -req -CA "$2.crt" -CAkey "$2.key" -set_serial "0x$(openssl rand -hex 12)" -days 30 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm "$1.ext"
}

new_authority ca
new_authority front-proxy-ca
# tokens of ServiceAccounts: RSA, as every cluster's
openssl genrsa -out sa.key 2048 2>/dev/null
openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null

names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost
new_certificate apiserver ca /CN=kube-apiserver serverAuth "$names,IP:127.0.0.1,IP:${1#*=},IP:$api_service_ip"
new_certificate apiserver-kubelet-client ca /O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client clientAuth
new_certificate front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
new_certificate admin ca /O=system:masters/CN=kubernetes-admin clientAuth
new_certificate controller-manager ca /CN=system:kube-controller-manager clientAuth
new_certificate scheduler ca /CN=system:kube-scheduler clientAuth
new_certificate kube-proxy ca /CN=system:kube-proxy clientAuth
new_certificate network-policies ca /CN=kube-network-policies clientAuth
for node in "$@"; do
  name=${node%%=*} ip=${node#*=}
  new_certificate "kubelet-$name" ca "/O=system:nodes/CN=system:node:$name" clientAuth
  new_certificate "kubelet-$name-server" ca "/O=system:nodes/CN=system:node:$name" serverAuth "DNS:$name,IP:$ip"
done
