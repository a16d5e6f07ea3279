package main

import (
	"errors"
	"os"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"sigs.k8s.io/yaml"

	"hallpass/interop/go/peer"

	// What the file names as typed_config is found by its name.
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
)

// The file that the documentation shows, by the messages that Envoy reads it with.
func config(w *peer.World) error {
	text, err := os.ReadFile(w.EnvoyConfig)
	if err != nil {
		return err
	}
	json, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return err
	}
	read := &bootstrap.Bootstrap{}
	if err := protojson.Unmarshal(json, read); err != nil {
		return err
	}
	clusters := len(read.GetStaticResources().GetClusters())
	return errors.Join(read.ValidateAll(), peer.ExpectEqual("clusters", clusters, 3))
}
