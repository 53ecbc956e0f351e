// netpold enforces NetworkPolicy on one node. Policies, pods and verdicts are those of sigs.k8s.io/kube-network-policies, used as a library;
// only the way packets get here is ours. Upstream's needs the nftables "queue" expression (CONFIG_NFT_QUEUE), which some kernels lack that
// have the NFQUEUE target of iptables. The rules of network.sh queue every packet from or to a pod that belongs to no established connection.
//
// It fails closed: while nobody listens, for a packet that cannot be read, and for a local pod address that no pod is known for, the packet is
// dropped. So a new pod is at no moment open.
package main

import (
	"context"
	"flag"
	"net/netip"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	nfqueue "github.com/florianl/go-nfqueue/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo/nri"
)

const (
	// the number in network.sh
	queueNumber = 100
	// headers are enough for a verdict
	packetBytes = 128
	// how soon a changed policy cuts the connections it forbids
	cutInterval = 250 * time.Millisecond
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig file")
	node := flag.String("node", "", "name of this node")
	pods := flag.String("pods", "", "addresses of this node's pods, as a CIDR")
	klog.InitFlags(nil)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	judge := newJudge(ctx, *kubeconfig, *node, netip.MustParsePrefix(*pods))
	var changed atomic.Bool
	judge.engine.SetDataplaneSyncCallbacks(func() { changed.Store(true) })
	queue := listen(ctx, judge)
	defer queue.Close()
	// the harness waits for this word
	klog.InfoS("enforcing", "node", *node)

	for ticker := time.NewTicker(cutInterval); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if changed.Swap(false) {
				cutForbidden(judge)
			}
		}
	}
}

// judge says whether a packet may pass.
type judge struct {
	ctx    context.Context
	engine *networkpolicy.PolicyEngine
	info   api.PodInfoProvider
	local  netip.Prefix
}

// newJudge returns when everything it decides by is known.
func newJudge(ctx context.Context, kubeconfig, node string, local netip.Prefix) *judge {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(err)
	factory := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 0)
	namespaces, policies, pods := factory.Core().V1().Namespaces(), factory.Networking().V1().NetworkPolicies(), factory.Core().V1().Pods()
	must(pods.Informer().SetTransform(dropManagedFields))

	byInformer, err := podinfo.NewInformerResolver(pods.Informer())
	must(err)
	// containerd names a pod's address before its containers start; the API server tells it only afterwards
	byRuntime, err := nri.NewNRIResolver(ctx, node, nil)
	must(err)
	info := podinfo.NewInformerProvider(pods, namespaces, nil, []podinfo.IPResolver{byInformer, byRuntime})
	standard := networkpolicy.NewStandardNetworkPolicy(node, namespaces, pods, policies)
	engine := networkpolicy.NewPolicyEngine(info, []api.PolicyEvaluator{standard})

	factory.Start(ctx.Done())
	cache.WaitForCacheSync(ctx.Done(), namespaces.Informer().HasSynced, pods.Informer().HasSynced, policies.Informer().HasSynced)
	for !engine.Ready() && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	return &judge{ctx: ctx, engine: engine, info: info, local: local}
}

// nobody here reads them, and they are half of a pod
func dropManagedFields(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}

func (j *judge) allows(packet *network.Packet) bool {
	source, sourceIsAddress := netip.AddrFromSlice(packet.SrcIP)
	target, targetIsAddress := netip.AddrFromSlice(packet.DstIP)
	if !sourceIsAddress || !targetIsAddress || !j.knows(source.Unmap()) || !j.knows(target.Unmap()) {
		return false
	}
	allowed, err := j.engine.EvaluatePacket(j.ctx, packet)
	return err == nil && allowed
}

// knows is true of every address but a local pod's of which no pod is known. The first address is the node's own end of every pod's link.
func (j *judge) knows(address netip.Addr) bool {
	if !j.local.Contains(address) || address == j.local.Masked().Addr().Next() {
		return true
	}
	_, known := j.info.GetPodInfoByIP(address.String())
	return known
}

func listen(ctx context.Context, j *judge) *nfqueue.Nfqueue {
	queue, err := nfqueue.Open(&nfqueue.Config{
		NfQueue:      queueNumber,
		Flags:        nfqueue.NfQaCfgFlagGSO,
		MaxPacketLen: packetBytes,
		MaxQueueLen:  1024,
		Copymode:     nfqueue.NfQnlCopyPacket,
		WriteTimeout: 100 * time.Millisecond,
	})
	must(err)
	onPacket := func(attribute nfqueue.Attribute) int {
		verdict := nfqueue.NfDrop
		packet, err := network.ParsePacket(*attribute.Payload)
		if err == nil && j.allows(&packet) {
			verdict = nfqueue.NfAccept
		}
		klog.V(2).InfoS("packet", "from", packet.SrcIP, "to", packet.DstIP, "port", packet.DstPort, "accept", verdict == nfqueue.NfAccept, "err", err)
		if err := queue.SetVerdict(*attribute.PacketID, verdict); err != nil {
			klog.ErrorS(err, "verdict")
		}
		return 0
	}
	// a read that failed is tried again: what is lost was dropped
	onError := func(error) int { return 0 }
	must(queue.RegisterWithErrorFunc(ctx, onPacket, onError))
	return queue
}

func must(err error) {
	if err != nil {
		klog.Fatal(err)
	}
}
