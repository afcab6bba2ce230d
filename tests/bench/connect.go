// Milliseconds until TCP or TLS stands, with Go's dialer: connect HOST PORT TCP|TLS CA
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	host, port, transport, ca := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	pem, _ := os.ReadFile(ca)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	address := net.JoinHostPort(host, port)
	start := time.Now()
	var err error
	if transport == "TLS" {
		_, err = tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
	} else {
		_, err = net.Dial("tcp", address)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(float64(time.Since(start).Microseconds()) / 1000)
}
