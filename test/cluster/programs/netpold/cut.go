package main

import (
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/dataplane"
)

// cutForbidden ends established connections that the policies forbid now: without its conntrack entry the next packet of each is queued.
func cutForbidden(j *judge) {
	flows, err := netlink.ConntrackTableList(netlink.ConntrackTable, unix.AF_INET)
	if err != nil {
		klog.ErrorS(err, "list connections")
		return
	}
	for _, flow := range flows {
		if !isJudged(flow) {
			continue
		}
		packet := dataplane.PacketFromFlow(flow)
		if packet == nil || j.allows(packet) {
			continue
		}
		entries, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, unix.AF_INET, sameFlow{flow})
		klog.V(1).InfoS("cut", "flow", flow.Forward, "entries", entries, "err", err)
	}
}

func isJudged(flow *netlink.ConntrackFlow) bool {
	switch flow.Forward.Protocol {
	case unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_SCTP:
		return !flow.Forward.SrcIP.IsLoopback()
	default:
		return false
	}
}

// sameFlow matches one connection in the table.
type sameFlow struct{ flow *netlink.ConntrackFlow }

func (s sameFlow) MatchConntrackFlow(other *netlink.ConntrackFlow) bool {
	a, b := s.flow.Forward, other.Forward
	return a.Protocol == b.Protocol && a.SrcPort == b.SrcPort && a.DstPort == b.DstPort && a.SrcIP.Equal(b.SrcIP) && a.DstIP.Equal(b.DstIP)
}
