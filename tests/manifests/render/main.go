// Render manifests as their own programs do, and decode each object strictly into the types of the program that reads it.
//
//	render helm CHART [VALUES.yaml]   what `helm template` applies
//	render kustomize DIRECTORY        what `kubectl apply -k` applies
//	render files FILE…                the files as they are
//
// The documents go to standard output; the first that does not fit its type ends it with status 1 and its name.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	rendered, err := render(os.Args[1:])
	if err == nil {
		os.Stdout.Write(rendered)
		err = validate(rendered)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(arguments []string) ([]byte, error) {
	if len(arguments) < 2 {
		return nil, errors.New("usage: render helm CHART [VALUES] | kustomize DIRECTORY | files FILE…")
	}
	switch arguments[0] {
	case "helm":
		return helm(arguments[1], arguments[2:])
	case "kustomize":
		found, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), arguments[1])
		if err != nil {
			return nil, err
		}
		return found.AsYaml()
	}
	var all bytes.Buffer
	for _, name := range arguments[1:] {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "---\n%s\n", content)
	}
	return all.Bytes(), nil
}

func helm(directory string, files []string) ([]byte, error) {
	chart, err := loader.Load(directory)
	if err != nil {
		return nil, err
	}
	given := chartutil.Values{}
	for _, file := range files {
		if given, err = chartutil.ReadValuesFile(file); err != nil {
			return nil, err
		}
	}
	options := chartutil.ReleaseOptions{Name: "probe", Namespace: "monitoring", IsInstall: true}
	// The schema of the values is checked here, as helm does.
	values, err := chartutil.ToRenderValues(chart, given, options, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	texts, err := engine.Engine{Strict: true}.Render(chart, values)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(texts))
	for name := range texts {
		if extension := filepath.Ext(name); extension == ".yaml" && !strings.HasPrefix(filepath.Base(name), "_") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var all bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&all, "---\n# Source: %s\n%s\n", name, texts[name])
	}
	return all.Bytes(), nil
}

func validate(rendered []byte) error {
	for _, add := range []func() error{
		func() error { return monitoringv1.AddToScheme(scheme.Scheme) },
		func() error { return monitoringv1alpha1.AddToScheme(scheme.Scheme) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(rendered)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if empty(document) {
			continue
		}
		if _, _, err := decoder.Decode(document, nil, nil); err != nil {
			return fmt.Errorf("%w in:\n%s", err, document)
		}
	}
}

func empty(document []byte) bool {
	for _, line := range strings.Split(string(document), "\n") {
		if text := strings.TrimSpace(line); text != "" && text != "---" && !strings.HasPrefix(text, "#") {
			return false
		}
	}
	return true
}
