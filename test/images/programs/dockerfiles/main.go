// dockerfiles reads Dockerfiles as BuildKit does, without an engine and without a registry: dockerfiles FILE... prints one line of JSON for each file and
// platform. A base image is any whose name BuildKit takes; its configuration is an empty one.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type base struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
}

type report struct {
	File     string   `json:"file"`
	Platform string   `json:"platform"`
	Error    string   `json:"error,omitempty"`
	Warnings []string `json:"warnings"`
	Bases    []base   `json:"bases"`
	// of all steps that run something
	Environments []string `json:"environments"`
	User         string   `json:"user"`
	Entrypoint   []string `json:"entrypoint"`
}

// bases notes what is asked for.
type bases struct{ asked []base }

func (b *bases) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	platform := *opt.ImageOpt.Platform
	b.asked = append(b.asked, base{Name: ref, Platform: platform.OS + "/" + platform.Architecture})
	config, err := json.Marshal(ocispecs.Image{Platform: platform})
	return ref, digest.FromBytes(config), config, err
}

func convert(file, architecture string) report {
	platform := ocispecs.Platform{OS: "linux", Architecture: architecture}
	said := report{File: file, Platform: "linux/" + architecture, Warnings: []string{}}
	text, err := os.ReadFile(file)
	if err != nil {
		said.Error = err.Error()
		return said
	}
	names := &bases{}
	buildContext := llb.Local("context")
	result, err := dockerfile2llb.Dockerfile2LLB(context.Background(), text, dockerfile2llb.ConvertOpt{
		// built on a machine of the one kind for the other, too
		Config:         dockerui.Config{BuildPlatforms: []ocispecs.Platform{{OS: "linux", Architecture: "amd64"}}},
		MainContext:    &buildContext,
		SourceMap:      llb.NewSourceMap(nil, file, "Dockerfile", text),
		TargetPlatform: &platform,
		MetaResolver:   names,
		Warn: func(rule, description, _, message string, _ []parser.Range) {
			said.Warnings = append(said.Warnings, rule+": "+message+" ("+description+")")
		},
	})
	said.Bases = names.asked
	if err != nil {
		said.Error = err.Error()
		return said
	}
	said.User, said.Entrypoint = result.Image.Config.User, result.Image.Config.Entrypoint
	said.Environments, err = environments(result.State, platform)
	if err != nil {
		said.Error = err.Error()
	}
	return said
}

func environments(state llb.State, platform ocispecs.Platform) ([]string, error) {
	definition, err := state.Marshal(context.Background(), llb.Platform(platform))
	if err != nil {
		return nil, err
	}
	var found []string
	for _, bytes := range definition.Def {
		var op pb.Op
		if err := op.UnmarshalVT(bytes); err != nil {
			return nil, err
		}
		if run := op.GetExec(); run != nil {
			found = append(found, run.Meta.Env...)
		}
	}
	return found, nil
}

func main() {
	for _, file := range os.Args[1:] {
		for _, architecture := range []string{"amd64", "arm64"} {
			line, err := json.Marshal(convert(file, architecture))
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			fmt.Println(string(line))
		}
	}
}
