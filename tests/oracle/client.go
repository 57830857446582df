package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"time"

	"k8s.io/client-go/util/cert"
)

// What the API server makes of a client: its --client-ca-file, the client's file, and what time it is.
//
// As verifyOptions and AuthenticateRequest of k8s.io/apiserver/pkg/authentication/request/x509, after the TLS handshake
// in which the client's certificates arrive; that package would bring all of component-base with it.
func client(roots, pair string, now int64) ([]*x509.Certificate, error) {
	bundle, err := os.ReadFile(roots)
	if err != nil {
		return nil, err
	}
	pool, err := cert.NewPoolFromBytes(bundle)
	if err != nil {
		return nil, err
	}
	shown, err := handshake(pair)
	if err != nil {
		return nil, err
	}
	options := x509.VerifyOptions{
		Roots:       pool,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		CurrentTime: time.Unix(now, 0),
	}
	if len(shown) > 1 {
		options.Intermediates = x509.NewCertPool()
		for _, intermediate := range shown[1:] {
			options.Intermediates.AddCert(intermediate)
		}
	}
	if _, err := shown[0].Verify(options); err != nil {
		return nil, err
	}
	return shown, nil
}

var server tls.Certificate

func init() {
	encoded, key, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err == nil {
		server, err = tls.X509KeyPair(encoded, key)
	}
	if err != nil {
		panic(err)
	}
}

// What a server with ClientAuth as the API server has it reads of the client's certificates.
func handshake(pair string) ([]*x509.Certificate, error) {
	own, err := tls.LoadX509KeyPair(pair, pair)
	if err != nil {
		return nil, err
	}
	here, there, err := connected()
	if err != nil {
		return nil, err
	}
	defer here.Close()
	defer there.Close()
	done := make(chan error, 1)
	go func() {
		// client-go's transport gives its certificate so, whatever the server asks for.
		give := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
		connection := tls.Client(here, &tls.Config{InsecureSkipVerify: true, GetClientCertificate: give})
		err := connection.Handshake()
		done <- err
		if err != nil {
			here.Close()
			return
		}
		// The server may refuse what the client has finished with.
		_, _ = connection.Read(make([]byte, 1))
	}()
	connection := tls.Server(there, &tls.Config{
		Certificates:           []tls.Certificate{server},
		ClientAuth:             tls.RequestClientCert,
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
	})
	err = connection.Handshake()
	shown := connection.ConnectionState().PeerCertificates
	there.Close()
	if told := <-done; told != nil && err == nil {
		err = told
	}
	return shown, err
}

// Both ends of a connection. One in memory would hold both where each has something to say.
func connected() (net.Conn, net.Conn, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	here, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	there, err := listener.Accept()
	if err != nil {
		here.Close()
	}
	return here, there, err
}
