// Command oracle says of each file whether the programs that consume it take it.
//
// It reads one JSON object a line: {"kind": …, "paths": […]}, and answers each with one line:
// {"ok": …, "error": …, "certificates": …}. The kinds are
//
//	pair        crypto/tls.LoadX509KeyPair: one file with both, or a certificate and a key
//	certs       client-go's util/cert.CertsFromFile, which all CA files of Kubernetes go through
//	kubeconfig  client-go's clientcmd and rest, as the kubelet and the static pods load one
//	store       client-go's FileStore.Current(): a directory and the prefix of its pair
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/certificate"
)

type question struct {
	Kind  string   `json:"kind"`
	Paths []string `json:"paths"`
}

type answer struct {
	OK           bool   `json:"ok"`
	Error        string `json:"error"`
	Certificates int    `json:"certificates"`
}

const longestLine = 1 << 20

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
		said := answer{OK: err == nil, Certificates: found}
		if err != nil {
			said.Error = err.Error()
		}
		if err := answers.Encode(said); err != nil {
			fmt.Fprintln(os.Stderr, "oracle:", err)
			os.Exit(1)
		}
	}
}

func judge(asked question) (found int, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	first, last := asked.Paths[0], asked.Paths[len(asked.Paths)-1]
	switch asked.Kind {
	case "pair":
		pair, err := tls.LoadX509KeyPair(first, last)
		return len(pair.Certificate), err
	case "certs":
		certificates, err := cert.CertsFromFile(first)
		return len(certificates), err
	case "kubeconfig":
		return 0, kubeconfig(first)
	case "store":
		store, err := certificate.NewFileStore(last, first, first, "", "")
		if err != nil {
			return 0, err
		}
		pair, err := store.Current()
		if err != nil {
			return 0, err
		}
		return len(pair.Certificate), nil
	}
	return 0, fmt.Errorf("no such kind: %q", asked.Kind)
}

func kubeconfig(path string) error {
	loaded, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return err
	}
	if err := clientcmd.ResolveLocalPaths(loaded); err != nil {
		return err
	}
	config, err := clientcmd.NewDefaultClientConfig(*loaded, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return err
	}
	settings, err := rest.TLSConfigFor(config)
	if err != nil || settings == nil || settings.GetClientCertificate == nil {
		return err
	}
	// What the handshake would ask for.
	_, err = settings.GetClientCertificate(&tls.CertificateRequestInfo{})
	return err
}
