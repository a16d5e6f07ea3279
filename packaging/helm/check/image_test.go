package check

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

const root = "../../.."

func newReader(text string) *bufio.Reader { return bufio.NewReader(strings.NewReader(text)) }

// image is the last stage of the Containerfile, and whatever it copies from the others.
func image(t *testing.T) (instructions.Stage, []instructions.Stage) {
	t.Helper()
	file, err := os.Open(root + "/packaging/container/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	parsed, err := parser.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range parsed.Warnings {
		t.Error(warning)
	}
	return stages[len(stages)-1], stages
}

// settings asks the real server what it makes of an environment.
func settings(t *testing.T, environment map[string]string) map[string]any {
	t.Helper()
	show := exec.Command(binary(t), "config", "show", "--json")
	show.Dir = t.TempDir()
	show.Env = []string{}
	for name, value := range environment {
		show.Env = append(show.Env, name+"="+value)
	}
	text, err := show.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	var known map[string]any
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	for name := range environment {
		setting := strings.ToLower(strings.TrimPrefix(name, "HALLPASS_"))
		if _, is := known[setting]; !is {
			t.Errorf("%s is no setting", name)
		}
	}
	return known
}

func TestTheImageRunsAsNobody(t *testing.T) {
	last, stages := image(t)
	var user, entry string
	ports := map[string]bool{}
	for _, command := range last.Commands {
		switch command := command.(type) {
		case *instructions.UserCommand:
			user = command.User
		case *instructions.EntrypointCommand:
			entry = strings.Join(command.CmdLine, " ")
			expect(t, "a shell around the server", command.PrependShell, false)
		case *instructions.ExposeCommand:
			for _, port := range command.Ports {
				ports[port] = true
			}
		case *instructions.CopyCommand:
			expect(t, "what is copied comes from a stage", command.From, stages[0].Name)
		case *instructions.RunCommand, *instructions.AddCommand:
			t.Errorf("the image has no shell, and nothing is fetched: %s", command)
		}
	}
	expect(t, "the entry point", entry, "/usr/bin/hallpass")
	pod := install(t, postgres).deployment.Spec.Template.Spec
	context := pod.SecurityContext
	if user != "65532:65532" || *context.RunAsUser != 65532 || *context.RunAsGroup != 65532 {
		t.Errorf("the image runs as %s, the chart as %d:%d", user, *context.RunAsUser, *context.RunAsGroup)
	}
	for _, port := range pod.Containers[0].Ports {
		expect(t, port.Name+" is exposed", ports[strconv.Itoa(int(port.ContainerPort))], true)
	}
}

func TestTheServerTakesTheSettingsOfTheImage(t *testing.T) {
	last, _ := image(t)
	environment := map[string]string{}
	for _, command := range last.Commands {
		if env, is := command.(*instructions.EnvCommand); is {
			for _, pair := range env.Env {
				environment[pair.Key] = pair.Value
			}
		}
	}
	known := settings(t, environment)
	expect(t, "where it listens", known["listen"], "0.0.0.0:8420")
	expect(t, "where its data are", known["data_dir"], "/var/lib/hallpass")
}

func TestTheServerTakesTheSettingsOfTheChart(t *testing.T) {
	for name, values := range installations {
		t.Run(name, func(t *testing.T) { settings(t, install(t, values).config.Data) })
	}
	known := settings(t, install(t, everything).config.Data)
	expect(t, "a list", known["trusted_proxies"], "[10.0.0.0/8 ::1/128]")
	expect(t, "a large number", known["connections_at_most"], 1e6)
}
