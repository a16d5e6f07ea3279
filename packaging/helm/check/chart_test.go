// Package check looks at the Helm chart with Helm's own code and Kubernetes' own types: what it
// renders is decoded strictly, so that a misspelt field is an error, and what must hold for every
// set of values is asked of the decoded objects. It needs no cluster.
package check

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	sigsyaml "sigs.k8s.io/yaml"
)

const chartFolder = "../hallpass"

// What every installation must say.
const base = `
issuer: https://auth.example.com
masterKey: {existingSecret: hallpass-master-key}
`

const postgres = base + `
database: {url: postgres://hallpass@db/hallpass, existingSecret: hallpass-database}
`

const everything = postgres + `
image: {repository: registry.example.com/hallpass, tag: "1", pullPolicy: Always}
imagePullSecrets: [{name: pull}]
replicaCount: 5
settings: {trusted_proxies: [10.0.0.0/8, "::1/128"], connections_at_most: 1000000, log_level: debug, shutdown_grace_s: 30}
service: {type: LoadBalancer, port: 8080, annotations: {a: b}}
ingress: {enabled: true, className: nginx, annotations: {a: b}, tlsSecret: tls}
serviceMonitor: {enabled: true, interval: 30s, labels: {release: prometheus}}
podAnnotations: {a: b}
podLabels: {team: identity}
nodeSelector: {disk: ssd}
tolerations: [{key: a, operator: Exists}]
affinity: {nodeAffinity: {}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
`

const sqlite = base + "replicaCount: 1\n"

// The values that all rules below are asked of.
var installations = map[string]string{
	"postgres":      postgres,
	"everything":    everything,
	"root cert":     strings.Replace(postgres, "hallpass-database}", "hallpass-database, rootCert: {existingConfigMap: ca}}", 1),
	"sqlite":        sqlite,
	"claimed":       sqlite + "persistence: {existingClaim: mine}\n",
	"issuer's path": strings.Replace(postgres, "example.com", "example.com/hallpass", 1),
}

func load(t *testing.T) *chart.Chart {
	t.Helper()
	loaded, err := loader.Load(chartFolder)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// render returns what the chart makes of these values, or why it refuses them.
func render(t *testing.T, values string) (map[string]string, error) {
	t.Helper()
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	release := chartutil.ReleaseOptions{Name: "hallpass", Namespace: "identity", IsInstall: true}
	capabilities := chartutil.DefaultCapabilities.Copy()
	all, err := chartutil.ToRenderValues(load(t), given, release, capabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(load(t), all)
}

// objects are the decoded documents of one installation.
type objects struct {
	deployment *appsv1.Deployment
	config     *corev1.ConfigMap
	services   []*corev1.Service
	claim      *corev1.PersistentVolumeClaim
	ingress    *networkingv1.Ingress
	budget     *policyv1.PodDisruptionBudget
	monitor    map[string]any
}

func install(t *testing.T, values string) objects {
	t.Helper()
	files, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var found objects
	for name, text := range files {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		reader := yaml.NewYAMLReader(newReader(text))
		for {
			document, err := reader.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(bytes.TrimSpace(document)) == 0 {
				continue
			}
			found.take(t, name, document, strict)
		}
	}
	return found
}

func (o *objects) take(t *testing.T, name string, document []byte, strict runtime.Decoder) {
	t.Helper()
	var plain map[string]any
	if err := sigsyaml.UnmarshalStrict(document, &plain); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if plain == nil {
		return
	}
	if plain["kind"] == "ServiceMonitor" {
		o.monitor = plain
		return
	}
	object, _, err := strict.Decode(document, nil, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	switch object := object.(type) {
	case *appsv1.Deployment:
		o.deployment = object
	case *corev1.ConfigMap:
		o.config = object
	case *corev1.Service:
		o.services = append(o.services, object)
	case *corev1.PersistentVolumeClaim:
		o.claim = object
	case *networkingv1.Ingress:
		o.ingress = object
	case *policyv1.PodDisruptionBudget:
		o.budget = object
	default:
		// Above all: no Secret. Those are the operator's.
		t.Fatalf("%s: a %T", name, object)
	}
}

func everywhere(t *testing.T, rule func(t *testing.T, o objects)) {
	t.Helper()
	for name, values := range installations {
		t.Run(name, func(t *testing.T) { rule(t, install(t, values)) })
	}
}

func expect(t *testing.T, what string, got, wanted any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("%s: %v, not %v", what, got, wanted)
	}
}

func TestHelmHasNothingToSay(t *testing.T) {
	given, err := chartutil.ReadValues([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range lint.All(chartFolder, given, "identity", true).Messages {
		// An icon is a picture in a catalogue that this chart is in none of.
		if message.Severity > support.InfoSev {
			t.Error(message)
		}
	}
}

func TestMistakesAreRefusedByName(t *testing.T) {
	for values, says := range map[string]string{
		"":                                 "issuer",
		"issuer: https://a.example.com":    "masterKey",
		base:                               "several nodes need PostgreSQL",
		postgres + "replicas: 2":           "replicas",
		postgres + "replicaCount: 0":       "replicaCount",
		postgres + "settings: {Listen: x}": "Listen",
		postgres + "settings: {listen: 127.0.0.1:1}":                 "listen",
		strings.Replace(postgres, "https", "http", 1):                "issuer",
		strings.Replace(postgres, "hallpass@db", "hallpass:x@db", 1): "url",
	} {
		_, err := render(t, values)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", values, err)
		}
	}
}

func TestNoNodeMayDoMoreThanItMust(t *testing.T) {
	everywhere(t, func(t *testing.T, o objects) {
		pod := o.deployment.Spec.Template.Spec
		expect(t, "token of the service account", *pod.AutomountServiceAccountToken, false)
		expect(t, "non-root", *pod.SecurityContext.RunAsNonRoot, true)
		expect(t, "seccomp", pod.SecurityContext.SeccompProfile.Type, "RuntimeDefault")
		expect(t, "host's network", pod.HostNetwork, false)
		for _, container := range pod.Containers {
			context := container.SecurityContext
			expect(t, "escalation", *context.AllowPrivilegeEscalation, false)
			expect(t, "read-only root", *context.ReadOnlyRootFilesystem, true)
			expect(t, "capabilities", context.Capabilities.Drop, "[ALL]")
			expect(t, "added capabilities", len(context.Capabilities.Add), 0)
		}
	})
}

func TestEverythingFindsThePods(t *testing.T) {
	everywhere(t, func(t *testing.T, o objects) {
		template := o.deployment.Spec.Template
		matches := func(what string, selector map[string]string) {
			if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(labels.Set(template.Labels)) {
				t.Errorf("%s selects %v, pods have %v", what, selector, template.Labels)
			}
		}
		matches("the deployment", o.deployment.Spec.Selector.MatchLabels)
		ports := map[string]int32{}
		for _, port := range template.Spec.Containers[0].Ports {
			ports[port.Name] = port.ContainerPort
		}
		for _, service := range o.services {
			matches("service "+service.Name, service.Spec.Selector)
			for _, port := range service.Spec.Ports {
				if ports[port.TargetPort.StrVal] == 0 {
					t.Errorf("service %s sends to %s, pods have %v", service.Name, port.TargetPort.StrVal, ports)
				}
				// The metrics are for nobody outside.
				if port.TargetPort.StrVal == "metrics" {
					expect(t, "the metrics' service", service.Spec.Type, corev1.ServiceTypeClusterIP)
				}
			}
		}
		if o.budget != nil {
			matches("the budget", o.budget.Spec.Selector.MatchLabels)
		}
		if o.ingress != nil {
			rule := o.ingress.Spec.Rules[0]
			expect(t, "the ingress's host", rule.Host, "auth.example.com")
			backend := rule.HTTP.Paths[0].Backend.Service
			expect(t, "the ingress's service", backend.Name+":"+backend.Port.Name, "hallpass:http")
		}
		expect(t, "the listener", o.config.Data["HALLPASS_LISTEN"], fmt.Sprintf("0.0.0.0:%d", ports["http"]))
		expect(t, "the metrics' listener", o.config.Data["HALLPASS_METRICS_LISTEN"], fmt.Sprintf("0.0.0.0:%d", ports["metrics"]))
	})
}

func TestProbesAskWhatTheyAreFor(t *testing.T) {
	everywhere(t, func(t *testing.T, o objects) {
		container := o.deployment.Spec.Template.Spec.Containers[0]
		at := func(probe *corev1.Probe) string { return probe.HTTPGet.Port.StrVal + probe.HTTPGet.Path }
		expect(t, "readiness", at(container.ReadinessProbe), "http/readyz")
		expect(t, "liveness", at(container.LivenessProbe), "metrics/healthz")
		expect(t, "startup", at(container.StartupProbe), "metrics/healthz")
		grace := *o.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds
		if pause := container.Lifecycle.PreStop.Sleep.Seconds; grace < pause+30 {
			t.Errorf("%d s for the end, with a pause of %d s before it", grace, pause)
		}
	})
}

func TestSecretsAreNamedAndNeverHeld(t *testing.T) {
	o := install(t, everything)
	pod := o.deployment.Spec.Template.Spec
	for _, variable := range pod.Containers[0].Env {
		if variable.Name == "HALLPASS_MASTER_KEY" {
			expect(t, "the master key", variable.ValueFrom.SecretKeyRef.Name, "hallpass-master-key")
		}
	}
	var mounted, held bool
	for _, volume := range pod.Volumes {
		held = held || volume.Secret != nil && volume.Secret.SecretName == "hallpass-database"
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		path := o.config.Data["HALLPASS_DATABASE_PASSWORD_FILE"]
		mounted = mounted || path == mount.MountPath+"/password"
	}
	expect(t, "the database's password is mounted where it is looked for", mounted && held, true)
}

func TestStateIsKeptWhereTheDatabaseIs(t *testing.T) {
	volume := func(o objects) corev1.Volume { return o.deployment.Spec.Template.Spec.Volumes[0] }
	many, one := install(t, postgres), install(t, sqlite)
	expect(t, "nodes on PostgreSQL", *many.deployment.Spec.Replicas, 2)
	expect(t, "their strategy", many.deployment.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	expect(t, "they keep nothing", volume(many).EmptyDir != nil && many.claim == nil, true)
	expect(t, "they have a budget", many.budget != nil, true)
	expect(t, "the strategy on SQLite", one.deployment.Spec.Strategy.Type, appsv1.RecreateDeploymentStrategyType)
	expect(t, "its volume", volume(one).PersistentVolumeClaim.ClaimName, one.claim.Name)
	expect(t, "it outlives the chart", one.claim.Annotations["helm.sh/resource-policy"], "keep")
	expect(t, "a budget of one would stop every upgrade of the cluster", one.budget == nil, true)
	claimed := install(t, installations["claimed"])
	expect(t, "a claim of one's own", volume(claimed).PersistentVolumeClaim.ClaimName, "mine")
	expect(t, "and no other", claimed.claim == nil, true)
}

func TestTheMonitorFindsTheMetricsAlone(t *testing.T) {
	o := install(t, everything)
	text, err := sigsyaml.Marshal(o.monitor["spec"].(map[string]any)["selector"])
	if err != nil {
		t.Fatal(err)
	}
	var selector metav1.LabelSelector
	if err := sigsyaml.UnmarshalStrict(text, &selector); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, service := range o.services {
		if labels.SelectorFromSet(selector.MatchLabels).Matches(labels.Set(service.Labels)) {
			found = append(found, service.Name)
		}
	}
	expect(t, "the monitor's services", found, "[hallpass-metrics]")
}

// binary is the server that the test command has built.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HALLPASS_BINARY")
	if path == "" {
		t.Skip("HALLPASS_BINARY names no binary: cargo xtask chart")
	}
	return path
}
