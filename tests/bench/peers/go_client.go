// Connects NAME PORT (tcp|tls) CA COUNT times with Go's defaults and prints the milliseconds of each; "-" after 3 s.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

func once(d dialer, address string) string {
	deadline, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	start := time.Now()
	connection, err := d.DialContext(deadline, "tcp", address)
	if err != nil {
		return "-"
	}
	took := time.Since(start)
	connection.Close()
	return fmt.Sprintf("%.2f", float64(took.Microseconds())/1000)
}

func main() {
	name, port, kind, ca := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	count, _ := strconv.Atoi(os.Args[5])
	var d dialer = &net.Dialer{}
	if kind == "tls" {
		roots := x509.NewCertPool()
		pem, _ := os.ReadFile(ca)
		roots.AppendCertsFromPEM(pem)
		d = &tls.Dialer{Config: &tls.Config{RootCAs: roots}}
	}
	for n := 0; n < count; n++ {
		fmt.Println(once(d, net.JoinHostPort(name, port)))
	}
}
