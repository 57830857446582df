// Command oracle says of each file whether the programs that consume it take it.
//
// It reads one JSON object a line: {"kind": …, "paths": […]}, and answers each with one line:
// {"ok": …, "error": …, "certificates": …, "read": […]}, what it read of each certificate. The kinds are
//
//	pair        crypto/tls.LoadX509KeyPair: one file with both, or a certificate and a key
//	certs       client-go's util/cert.CertsFromFile, which most CA files of Kubernetes go through
//	client-ca   --client-ca-file of the API server and clientCAFile of the kubelet
//	etcd-ca     etcd's tlsutil.NewCertPool: --trusted-ca-file of etcd, --etcd-cafile of the API server
//	kubeconfig  client-go's clientcmd and rest, as the kubelet and the static pods load one
//	store       client-go's FileStore.Current(): a directory and the prefix of its pair
//	client      how the API server verifies a client: its CAs, and the client's pair, at "time" (Unix seconds)
//	pem         encoding/pem.Decode, call after call, on each text of "texts": {"blocks": [[…], …]}
package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"

	"go.etcd.io/etcd/client/pkg/v3/tlsutil"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"
	certificates "k8s.io/client-go/util/certificate"
)

type question struct {
	Kind  string   `json:"kind"`
	Paths []string `json:"paths"`
	Texts [][]byte `json:"texts"`
	Time  int64    `json:"time"`
}

type answer struct {
	OK           bool          `json:"ok"`
	Error        string        `json:"error"`
	Certificates int           `json:"certificates"`
	Read         []certificate `json:"read"`
	Blocks       [][]block     `json:"blocks,omitempty"`
}

// What encoding/pem decodes of one text.
type block struct {
	Type    []byte `json:"type"`
	Headers int    `json:"headers"`
	SHA256  string `json:"sha256"`
}

// What Go reads of one certificate; times are Unix seconds.
type certificate struct {
	Fingerprint string `json:"fingerprint"`
	NotBefore   int64  `json:"not_before"`
	NotAfter    int64  `json:"not_after"`
	Serial      string `json:"serial"`
	Constrained bool   `json:"constrained"`
	CA          bool   `json:"ca"`
	Signs       bool   `json:"signs"`
	Client      bool   `json:"client"`
	Server      bool   `json:"server"`
}

const longestLine = 1 << 24

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, "oracle: not a question:", err)
			os.Exit(2)
		}
		found, err := judge(asked)
		said := answer{OK: err == nil, Certificates: len(found), Read: read(found)}
		for _, text := range asked.Texts {
			said.Blocks = append(said.Blocks, blocks(text))
		}
		if err != nil {
			said.Error = err.Error()
		}
		if err := answers.Encode(said); err != nil {
			fmt.Fprintln(os.Stderr, "oracle:", err)
			os.Exit(1)
		}
	}
}

func judge(asked question) (found []*x509.Certificate, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	if asked.Kind == "pem" {
		return nil, nil
	}
	first, last := asked.Paths[0], asked.Paths[len(asked.Paths)-1]
	switch asked.Kind {
	case "pair":
		pair, err := tls.LoadX509KeyPair(first, last)
		return presented(&pair), err
	case "certs":
		return cert.CertsFromFile(first)
	case "client-ca":
		return clientCA(first)
	case "etcd-ca":
		if _, err := tlsutil.NewCertPool([]string{first}); err != nil {
			return nil, err
		}
		return pooled(first)
	case "kubeconfig":
		return kubeconfig(first)
	case "client":
		return client(first, last, asked.Time)
	case "store":
		store, err := certificates.NewFileStore(last, first, first, "", "")
		if err != nil {
			return nil, err
		}
		pair, err := store.Current()
		return presented(pair), err
	}
	return nil, fmt.Errorf("no such kind: %q", asked.Kind)
}

// As newCABundleAndVerifier and newTLSContent of k8s.io/apiserver/pkg/server/dynamiccertificates, which would bring
// the whole client with it.
func clientCA(path string) ([]*x509.Certificate, error) {
	bundle, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(bundle) == 0 {
		return nil, fmt.Errorf("missing content for CA bundle %q", path)
	}
	if _, err := cert.NewPoolFromBytes(bundle); err != nil {
		return nil, err
	}
	return cert.ParseCertsPEM(bundle)
}

// What etcd's reader has put into its pool, which does not give it back.
func pooled(path string) (found []*x509.Certificate, err error) {
	data, err := os.ReadFile(path)
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		found = append(found, parsed)
	}
	return found, err
}

func blocks(data []byte) []block {
	found := []block{}
	for decoded, rest := pem.Decode(data); decoded != nil; decoded, rest = pem.Decode(rest) {
		digest := sha256.Sum256(decoded.Bytes)
		found = append(found, block{[]byte(decoded.Type), len(decoded.Headers), hex.EncodeToString(digest[:])})
	}
	return found
}

func kubeconfig(path string) ([]*x509.Certificate, error) {
	loaded, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	if err := clientcmd.ResolveLocalPaths(loaded); err != nil {
		return nil, err
	}
	config, err := clientcmd.NewDefaultClientConfig(*loaded, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, err
	}
	settings, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	if _, _, err := rest.DefaultServerUrlFor(config); err != nil {
		return nil, err
	}
	if err := rest.LoadTLSFiles(config); err != nil {
		return nil, err
	}
	found := trusted(config.CAData)
	if settings == nil || settings.GetClientCertificate == nil {
		return found, nil
	}
	// What the handshake would ask for.
	pair, err := settings.GetClientCertificate(&tls.CertificateRequestInfo{})
	return append(found, presented(pair)...), err
}

// Those that crypto/tls passes on without reading them may be none.
func presented(pair *tls.Certificate) (found []*x509.Certificate) {
	if pair == nil {
		return nil
	}
	for _, encoded := range pair.Certificate {
		if parsed, err := x509.ParseCertificate(encoded); err == nil {
			found = append(found, parsed)
		}
	}
	return found
}

// What AppendCertsFromPEM would put into a pool.
func trusted(data []byte) (found []*x509.Certificate) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			continue
		}
		if parsed, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, parsed)
		}
	}
	return found
}

func read(found []*x509.Certificate) []certificate {
	values := make([]certificate, 0, len(found))
	for _, each := range found {
		digest := sha256.Sum256(each.Raw)
		value := certificate{
			Fingerprint: hex.EncodeToString(digest[:]),
			NotBefore:   each.NotBefore.Unix(),
			NotAfter:    each.NotAfter.Unix(),
			Serial:      each.SerialNumber.Text(16),
			Constrained: each.BasicConstraintsValid,
			CA:          each.IsCA,
			Signs:       each.KeyUsage&x509.KeyUsageCertSign != 0,
		}
		for _, usage := range each.ExtKeyUsage {
			value.Client = value.Client || usage == x509.ExtKeyUsageClientAuth || usage == x509.ExtKeyUsageAny
			value.Server = value.Server || usage == x509.ExtKeyUsageServerAuth || usage == x509.ExtKeyUsageAny
		}
		values = append(values, value)
	}
	return values
}
