#!/bin/bash
# network.sh first|second|policy: lays the network of a node inside the network namespaces of the cluster. It ends with the namespaces, and the
# machine's own addresses, routes and rules are never touched. Addresses come from node.ts in the environment.
set -euo pipefail
bridge=mcphub0

# in NAMESPACE COMMAND...
in_network() { nsenter --net="/run/netns/$1" "${@:2}"; }

forward() {
  in_network "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}

# The first node's address lies on a bridge that the second node's link hangs on. There is no default route: nothing leaves the machine.
first() {
  ip netns add "$NETWORK1"
  in_network "$NETWORK1" ip link set lo up
  in_network "$NETWORK1" ip link add "$bridge" type bridge
  in_network "$NETWORK1" ip addr add "$IP1/24" dev "$bridge"
  in_network "$NETWORK1" ip link set "$bridge" up
  # the address of a pod that is not (or no longer) there is refused at once; a Service's is translated before it is sent
  in_network "$NETWORK1" ip route add unreachable "$POD_RANGE"
  in_network "$NETWORK1" ip route add "$SERVICE_RANGE" dev "$bridge"
  forward "$NETWORK1"
}

second() {
  ip netns add "$NETWORK2"
  in_network "$NETWORK1" ip link add to-node2 type veth peer name to-node1 netns "$NETWORK2"
  in_network "$NETWORK1" ip link set to-node2 master "$bridge" up
  in_network "$NETWORK2" ip link set lo up
  in_network "$NETWORK2" ip addr add "$IP2/24" dev to-node1
  in_network "$NETWORK2" ip link set to-node1 up
  in_network "$NETWORK2" ip route add default via "$IP1"
  in_network "$NETWORK2" ip route add unreachable "$POD_RANGE"
  in_network "$NETWORK2" ip route add "$PODS1" via "$IP1"
  in_network "$NETWORK1" ip route replace "$PODS2" via "$IP2"
  forward "$NETWORK2"
}

# policy NAMESPACE: what starts a connection from or to a pod asks the policy engine (programs/netpold), by queue 100.
policy() {
  local rule=(in_network "$1" iptables -w -t mangle)
  "${rule[@]}" -N MCPHUB-POLICY
  "${rule[@]}" -A MCPHUB-POLICY -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
  # without --queue-bypass: while nobody listens, nothing passes
  "${rule[@]}" -A MCPHUB-POLICY -s "$POD_RANGE" -j NFQUEUE --queue-num 100
  "${rule[@]}" -A MCPHUB-POLICY -d "$POD_RANGE" -j NFQUEUE --queue-num 100
  # the node's own root processes (probes, the API server) are never blocked, as in every implementation of NetworkPolicy
  "${rule[@]}" -A POSTROUTING -m owner --uid-owner 0 -j RETURN
  # after the translation of a Service's address, before that of the sender's
  "${rule[@]}" -A POSTROUTING -j MCPHUB-POLICY
  # pod to the node itself, so also to the API server behind its Service address
  "${rule[@]}" -A INPUT ! -i lo -s "$POD_RANGE" -j MCPHUB-POLICY
}

"$@"
